/** Keys that sign commits: SSHSIG (PROTOCOL.sshsig of OpenSSH) and OpenPGP (RFC 9580). */
import { stalled } from "../../failures.ts";
import type { Signer, SigningKey } from "../../ports.ts";

/** Throws Failure SecretInvalid where the key or its passphrase is none. */
export async function createSigner({ type }: SigningKey): Promise<Signer> {
  throw stalled("SecretInvalid", `keys of type ${type} are not supported`);
}
