/** What RUN takes from this machine besides its files. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Build } from "./perform.ts";

const network = /^(?:(?:https?|no|all)_proxy|node_extra_ca_certs|ssl_cert_file|npm_config_registry)$/i;

/** npm's cache, and how the network is reached. */
export function machine(env: NodeJS.ProcessEnv, home: string): Pick<Build, "caches" | "machineEnv"> {
  const cache = env["npm_config_cache"] ?? join(home, ".npm");
  mkdirSync(cache, { recursive: true });
  const passed = Object.entries(env).flatMap(([name, value]) =>
    network.test(name) && value !== undefined ? [[name, value] as const] : [],
  );
  return { caches: new Map([["/root/.npm", cache]]), machineEnv: Object.fromEntries(passed) };
}
