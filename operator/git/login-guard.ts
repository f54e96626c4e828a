/**
 * Servers lock accounts after a few refused logins, and many Captures may share one account: after a refusal nobody asks
 * again with these credentials until a while has passed. Other credentials are tried at once.
 */
import { createHash } from "node:crypto";
import { asFailure, type Failure } from "../failures.ts";
import type { RemoteAccess } from "../ports.ts";
import type { Transport } from "./transport.ts";

export interface LoginGuard {
  /** The transport of this access, which throws the failure of the last login while it must not be repeated. */
  guard(access: RemoteAccess, transport: Transport): Transport;
}

interface Refused {
  readonly failure: Failure;
  readonly attempts: number;
  /** Milliseconds of the guard's clock. */
  readonly until: number;
}

const firstWaitMs = 10_000;
const maxWaitMs = 600_000;
const maxAccounts = 10_000;

/** `now`: milliseconds of a clock that only goes forward. */
export function createLoginGuard(now: () => number): LoginGuard {
  const refused = new Map<string, Refused>();
  return {
    guard(access, transport) {
      // Nobody's account is locked by those who give none.
      if (access.credentials.type === "None") return transport;
      const account = accountOf(access);
      return {
        admit: (url) => transport.admit(url),
        async send(request) {
          const before = refused.get(account);
          if (before !== undefined && now() < before.until) throw before.failure;
          try {
            const answer = await transport.send(request);
            refused.delete(account);
            return answer;
          } catch (error) {
            const failure = asFailure(error);
            if (!isRefusedLogin(failure)) throw error;
            const attempts = (before?.attempts ?? 0) + 1;
            const wait = Math.min(maxWaitMs, firstWaitMs * 2 ** Math.min(attempts - 1, 10));
            for (const [oldest] of refused) {
              if (refused.size < maxAccounts) break;
              refused.delete(oldest);
            }
            refused.set(account, { failure, attempts, until: now() + wait });
            throw error;
          }
        },
      };
    },
  };
}

/** 403 refuses what somebody who is known may not do: no login is counted by it. */
function isRefusedLogin({ code, data }: Failure): boolean {
  return code === "AuthenticationFailed" && data["status"] !== 403;
}

function accountOf({ url, credentials, clientCertificate, proxy }: RemoteAccess): string {
  const host = URL.parse(url)?.host ?? url;
  return createHash("sha256")
    .update(JSON.stringify([host, credentials, clientCertificate ?? null, proxy ?? null]))
    .digest("hex");
}
