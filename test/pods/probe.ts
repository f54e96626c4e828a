/** One probe of a container, over HTTP as the kubelet makes it: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/ */
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { probePort } from "./plan.ts";
import type { Container, Probe } from "./pod.ts";

export interface Probing {
  readonly container: Container;
  readonly probe: Probe;
  readonly address: string;
  readonly signal: AbortSignal;
  /** Is told when enough answers in a row were the same, and of every further one. */
  readonly onResult: (passed: boolean, why: string) => void;
}

/** Goes on until the signal; the first probe comes after `initialDelaySeconds`. */
export async function keepProbing({ container, probe, address, signal, onResult }: Probing): Promise<void> {
  const { initialDelaySeconds = 0, periodSeconds = 10, successThreshold = 1, failureThreshold = 3 } = probe;
  let same = 0;
  let last: boolean | undefined;
  await sleep(initialDelaySeconds * 1000, undefined, { signal, ref: false }).catch(() => undefined);
  while (!signal.aborted) {
    const why = await probeOnce(container, probe, address, signal);
    if (signal.aborted) return;
    const passed = why === "";
    same = passed === last ? same + 1 : 1;
    last = passed;
    if (same >= (passed ? successThreshold : failureThreshold)) onResult(passed, why);
    await sleep(periodSeconds * 1000, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

/** Empty when it passed, else why not. */
async function probeOnce(container: Container, probe: Probe, address: string, signal: AbortSignal): Promise<string> {
  const { path = "/", scheme = "HTTP", httpHeaders = [] } = probe.httpGet ?? {};
  const timeout = (probe.timeoutSeconds ?? 1) * 1000;
  const agent = new Agent({ connect: { rejectUnauthorized: false, timeout }, maxOrigins: 1 });
  try {
    const { statusCode, body } = await request(
      `${scheme.toLowerCase()}://${address}:${probePort(container, probe)}/${path.replace(/^\//u, "")}`,
      {
        dispatcher: agent,
        headers: {
          "user-agent": "kube-probe/stand-in",
          ...Object.fromEntries(httpHeaders.map((each) => [each.name, each.value])),
        },
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
      },
    );
    await body.dump();
    return statusCode >= 200 && statusCode < 400 ? "" : `HTTP probe failed with statuscode: ${statusCode}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await agent.destroy();
  }
}
