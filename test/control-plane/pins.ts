/** What the test control plane is made of: versions, and the checksums of what is downloaded. */

export type BinaryName = "etcd" | "kube-apiserver" | "kube-controller-manager" | "kubectl";

export const BINARY_NAMES: readonly BinaryName[] = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"];

/** What a build from the Go modules gives: the versions of `go/kubernetes/go.mod` and `go/etcd/go.mod`. */
export const KUBERNETES_VERSION = "v1.37.2";
export const ETCD_VERSION = "v3.6.14";

/** The newest envtest release of the same minor version (etcd, kube-apiserver and kubectl in one archive). */
export const ENVTEST_VERSION = "v1.37.0";

/**
 * SHA-512 of `envtest-VERSION-PLATFORM.tar.gz`, from `envtest-releases.yaml` of kubernetes-sigs/controller-tools.
 * Held here, not fetched beside the archive: who can change the one could change the other.
 */
export const ENVTEST_SHA512: Readonly<Record<string, string>> = {
  "linux-amd64":
    "1d1c453633b72c161a5d5a886cde7ac850be1a2ac796a9e1d4ffacacc64868295bdd2d57aa66cd0c158f5ce510f5dfe3fbc61ac21bd3dcfb875bd70658aa663a",
  "linux-arm64":
    "ae6a670502988200b0131c943758cfd3d3a58cf4e6247ef7f0e6a6467f1cd9a333c802e86101f0446b1b92a0e327387224e1e44fe1a4693da0929c6e529cfe9a",
  "darwin-amd64":
    "19a2a5376a8aa57a7b25ec5198834db29bf2ba0d6ff572d7f45ba683b13fb14c3ebec8069e92db66c39f1c7a9cff1bc2be879e2aacdc9fa8b8a7e861959bdf7b",
  "darwin-arm64":
    "fb38cfacdd71b5e97a4d4cceac861af5f55069cf783f0e49cf181bfc32eb3e557c2091a534dc5d38f1b92c5ba142bc1979f215a5385b3630ea6a661be6fa161b",
};

/** The platform in Go's words, as releases name it: `linux-amd64`. */
export function platformName(): string {
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  return `${process.platform}-${arch}`;
}
