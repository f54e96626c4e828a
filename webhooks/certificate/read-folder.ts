/** A certificate in files, as cert-manager's Secret is mounted: `tls.crt`, `tls.key` and `ca.crt`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { asFailure, type Failure, stalled } from "../../operator/failures.ts";
import type { Cancel, Clock, Log } from "../../operator/ports.ts";
import type { ServingCertificate } from "./create-certificate.ts";
import { inspectCertificate, namesMissing } from "./inspect-certificate.ts";

/** Throws a Failure that names the flag and the file. */
export async function readFolder(path: string): Promise<ServingCertificate> {
  const [cert, key, ca] = await Promise.all([text(path, "tls.crt"), text(path, "tls.key"), text(path, "ca.crt")]);
  const inspected = inspectCertificate(cert, key, ca, false);
  if (inspected.ok) return inspected.certificate;
  throw invalid(`${join(path, inspected.file)} ${inspected.problem}`);
}

export interface FolderOptions {
  readonly path: string;
  readonly first: ServingCertificate;
  readonly names: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly pollMs: number;
  readonly onChange: (certificate: ServingCertificate) => Promise<void>;
}

/**
 * Reads it again and again: a kubelet swaps a symbolic link above the files, which file notifications miss. What cannot
 * be used changes nothing, and is told once it stands for two looks: the files are not swapped at one moment.
 */
export function watchFolder({ path, first, names, clock, log, pollMs, onChange }: FolderOptions): Cancel {
  let known = fingerprint(first);
  let problem = "";
  let told = "";
  let stopped = false;
  let cancel: Cancel = () => undefined;

  async function look(): Promise<void> {
    try {
      const found = await readFolder(path);
      problem = "";
      told = "";
      if (fingerprint(found) === known || stopped) return;
      known = fingerprint(found);
      warnOfNames(found, names, log);
      await onChange(found);
    } catch (error) {
      const { code, message } = asFailure(error);
      if (message === problem && message !== told) {
        log.warn(
          { code, err: message },
          "the files of the webhook's certificate cannot be used: the one before is served on",
        );
        told = message;
      }
      problem = message;
    }
  }

  const later = (): void => {
    if (!stopped) cancel = clock.after(pollMs, () => void look().then(later));
  };
  warnOfNames(first, names, log);
  later();
  return () => {
    stopped = true;
    cancel();
  };
}

function warnOfNames({ cert }: ServingCertificate, names: readonly string[], log: Log): void {
  const missing = namesMissing(cert, names);
  if (missing.length === 0) return;
  log.warn(
    { missing: missing.join(", ") },
    "--webhook-certificate: the certificate does not cover every name that the webhook is called by: add them to its dnsNames or ipAddresses",
  );
}

function fingerprint({ cert, key, ca }: ServingCertificate): string {
  return [cert, key, ca].join("\n");
}

async function text(path: string, file: string): Promise<string> {
  try {
    return await readFile(join(path, file), "utf8");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    throw invalid(`${join(path, file)} ${code === "ENOENT" ? "does not exist" : `cannot be read (${code})`}`);
  }
}

function invalid(problem: string): Failure {
  const what = "give it a folder with tls.crt, tls.key and ca.crt that fit, as in a Secret of cert-manager";
  return stalled("WebhookCertificateInvalid", `--webhook-certificate: ${problem}: ${what}`);
}
