/** `node test/control-plane/main.ts`: a control plane to play with, until Ctrl-C. */
import { startControlPlane } from "./control-plane.ts";

const started = Date.now();
const controlPlane = await startControlPlane();
process.stdout.write(`export KUBECONFIG=${await controlPlane.kubeconfig("admin")}\n`);
for (const { name, groups } of controlPlane.users()) {
  process.stdout.write(`# as ${name} (${groups.join(", ")}): --kubeconfig ${await controlPlane.kubeconfig(name)}\n`);
}
process.stdout.write(`# ${controlPlane.server}, up in ${((Date.now() - started) / 1000).toFixed(1)} s; `);
process.stdout.write(`kubectl: ${controlPlane.binaries.kubectl}; logs: ${controlPlane.folder}; Ctrl-C ends it\n`);

await new Promise<void>((resolve) => {
  const alive = setInterval(() => undefined, 60_000);
  const end = (): void => {
    clearInterval(alive);
    resolve();
  };
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
});
await controlPlane.stop();
