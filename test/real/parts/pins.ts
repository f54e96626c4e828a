/** The versions of the heavy tests' programs, as the go.mod files below `go/` require them. */

export const HELM_VERSION = "v4.3.1";

/** The newest patch of the minor version before the control plane's, for upgrades. */
export const PREVIOUS_KUBERNETES_VERSION = "v1.36.3";
