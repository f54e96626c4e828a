/** What goes wrong on the way to an SSH server, and what a command there ends with, as Failures. */
import { Failure, retry, stalled } from "../../failures.ts";
import { type Destination, failureOfError } from "../../net/classify.ts";
import { plainText } from "../../net/plain-text.ts";
import { failureOfErr } from "../server-error.ts";

export interface Exit {
  /** Undefined: the server did not tell, or a signal ended it. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** The beginning of its standard error. */
  readonly stderr: string;
}

export interface Login {
  readonly username: string;
  /** Of the public key; undefined: a password. */
  readonly fingerprint: string | undefined;
}

/** The failure that an error of ssh2 is, before there is a session. */
export function failureOfHandshake(error: unknown, at: Destination, login: Login): Failure {
  if (error instanceof Failure) return error;
  const level = error instanceof Error && "level" in error ? error.level : undefined;
  const text = error instanceof Error ? error.message : String(error);
  const data = { host: at.host };
  if (level === "client-authentication") return refusedLogin(text, at, login);
  if (level === "client-timeout" || /^Timed out/.test(text)) {
    return retry("RemoteUnreachable", `${at.host} cannot be reached: no SSH session in time`, data);
  }
  if (/no matching host key/.test(text)) {
    const why = "it has none of the type that known_hosts in the Secret names";
    return stalled("HostKeyUntrusted", `the host key of ${at.host} changed: ${why}. Nothing was sent to it`, data);
  }
  if (/no matching/.test(text)) {
    const what = text.replace(/^Handshake failed: /, "");
    return stalled("RemoteInvalid", `${at.host} offers no algorithm that is still safe (${what})`, data);
  }
  if (/identification string|greeting lines|[Hh]eader|malformed|Bad packet length/i.test(text)) {
    return stalled("RemoteInvalid", `${at.host} does not speak SSH at this port`, data);
  }
  return failureOfError(/^Connection lost|No response from server/.test(text) ? connectionClosed() : error, at);
}

/** A connection that ended by itself, as the errors of sockets are. */
export function connectionClosed(): Error {
  return Object.assign(new Error("closed"), { code: "ECONNRESET" });
}

function refusedLogin(text: string, at: Destination, { username, fingerprint }: Login): Failure {
  const data = { host: at.host };
  if (/SHA-1/.test(text)) {
    const remedy = "which are not safe: give identity in the Secret a key of type ed25519";
    return stalled("AuthenticationFailed", `${at.host} takes signatures of RSA keys by SHA-1 alone, ${remedy}`, data);
  }
  const refused =
    fingerprint === undefined
      ? `the password of ${username}: correct password in the Secret`
      : `the key ${fingerprint} of ${username}: let it in there, or correct identity in the Secret`;
  return stalled("AuthenticationFailed", `${at.host} refused ${refused}`, data);
}

/** The failure that the end of a command is which did not do what was asked for. */
export function failureOfExit(service: string, at: Destination, exit: Exit): Failure {
  const words = plainText(exit.stderr.replace(/^(?:remote|fatal|error):[ \t]*/gim, ""), 300);
  const said = words === "" ? "" : `: ${words}`;
  // Who may not do this is known all the same: no login is counted by it.
  const data = { host: at.host, status: 403 };
  if (
    /not found|could not be found|cannot find repository|does not exist|does not appear to be a git repo/i.test(words)
  ) {
    // Of a shell that knows no such program.
    if (/command not found|git-(upload|receive)-pack'?:? not found/i.test(words)) {
      return stalled("RemoteInvalid", `${at.host} has no ${service}${said}`, { host: at.host });
    }
    const message = `${at.host} knows no repository ${at.path}, or hides it from this key${said}`;
    return stalled("RepositoryNotFound", message, { host: at.host });
  }
  const refused =
    /permission|denied|access|not allowed|read[- ]only|unauthori[sz]ed|not authori[sz]ed|forbidden|disabled|archived/i;
  if (refused.test(words) && !/try it later|try again/i.test(words)) {
    return stalled("AuthenticationFailed", `${at.host} lets this key not do ${service}${said}`, data);
  }
  if (exit.code === 127 || exit.code === 126) {
    return stalled("RemoteInvalid", `${at.host} has no ${service}${said}`, { host: at.host });
  }
  if (exit.signal === undefined && exit.code === undefined && words === "")
    return failureOfError(connectionClosed(), at);
  const how = exit.signal === undefined ? `exit code ${exit.code ?? "unknown"}` : plainText(exit.signal, 20);
  return retry("RemoteUnreachable", `${service} at ${at.host} ended early (${how})${said}`, { host: at.host });
}

/** The failure that an advertisement is which ended early. `first`: how it begins. */
export function failureOfAdvertisement(first: Buffer, service: string, at: Destination, exit: Exit): Failure {
  const error = /^[0-9a-f]{4}ERR ([^\n]*)/i.exec(first.toString("utf8"));
  return error === null ? failureOfExit(service, at, exit) : failureOfErr(error[1] ?? "");
}
