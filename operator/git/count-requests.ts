import { asFailure } from "../failures.ts";
import type { Meter } from "../ports.ts";
import type { Transport } from "./transport.ts";

/** Counts each request by the service it is for and what became of it, until its answer begins. */
export function countRequests(transport: Transport, meter: Meter): Transport {
  return {
    admit: (url) => transport.admit(url),
    async send(request) {
      const service = request.url.includes("git-receive-pack") ? "receive-pack" : "upload-pack";
      try {
        const answer = await transport.send(request);
        meter.count("clickscribe_git_requests_total", { git_service: service, outcome: "Answered" });
        return answer;
      } catch (error) {
        meter.count("clickscribe_git_requests_total", { git_service: service, outcome: asFailure(error).code });
        throw error;
      }
    },
  };
}
