/** The versions of the heavy tests' programs, as the go.mod files below `go/` require them. */

export const ARGO_CD_VERSION = "v3.1.16";

export const GITEA_VERSION = "v1.26.0";

/** The library by which Flux reads repositories. */
export const GO_GIT_VERSION = "v5.19.3";

/** Flux's, which applies what a Kustomization names. */
export const KUSTOMIZE_CONTROLLER_VERSION = "v1.9.5";

export const HELM_VERSION = "v4.3.1";

/** The newest patch of the minor version before the control plane's, for upgrades. */
export const PREVIOUS_KUBERNETES_VERSION = "v1.36.3";

/** Prometheus 3.15, as its Go module counts. */
export const PROMETHEUS_VERSION = "v0.315.0";

/** The YAML reader of the control plane's kubectl; Argo CD and Flux have the same. */
export const SIGS_YAML_VERSION = "v1.6.0";
