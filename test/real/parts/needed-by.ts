/** What each heavy test file needs. A file of `test/real/` that is missing here fails `npm test`. */
import type { Need } from "./plan.ts";

export const NEEDED_BY: Readonly<Record<string, Need>> = {
  "test/real/alerts.test.ts": { parts: ["promtool"], seconds: 5 },
  "test/real/chart.test.ts": { parts: ["helm"], seconds: 30 },
  "test/real/chart-template.test.ts": { parts: ["helm"], seconds: 10 },
  "test/real/circle.test.ts": { parts: ["argocd", "kustomize-controller", "redis-server"], seconds: 600 },
  "test/real/flux.test.ts": { parts: ["kustomize-controller"], seconds: 60 },
  "test/real/gitea-contract.test.ts": { parts: ["gitea"], seconds: 60 },
  "test/real/gitea-operator.test.ts": { parts: ["gitea"], seconds: 60 },
  "test/real/gitea.test.ts": { parts: ["gitea"], seconds: 40 },
  "test/real/go-git.test.ts": { parts: ["go-git-read"], seconds: 15 },
  "test/real/go-yaml.test.ts": { parts: ["yaml-to-json"], seconds: 15 },
  "test/real/model.test.ts": { parts: [], seconds: 180 },
  "test/real/newcomer.test.ts": { parts: ["helm"], seconds: 90 },
  "test/real/previous-control-plane.test.ts": { parts: ["previous-kube-apiserver"], seconds: 30 },
  "test/real/previous-round-trip.test.ts": { parts: ["previous-kube-apiserver"], seconds: 60 },
  "test/real/silence.test.ts": { parts: [], seconds: 360 },
  "test/real/ssh.test.ts": { parts: ["sshd"], seconds: 60 },
  "test/real/uninstall.test.ts": { parts: ["helm"], seconds: 30 },
  "test/real/upgrade.test.ts": { parts: ["previous-kube-apiserver"], seconds: 60 },
};
