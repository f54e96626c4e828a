/** Keys that sign commits: SSHSIG (PROTOCOL.sshsig of OpenSSH) and OpenPGP (RFC 9580). */
import type { Signer, SigningKey } from "../../ports.ts";

/** Throws Failure SecretInvalid where the key or its passphrase is none. Loads only what the type of key needs. */
export async function createSigner({ type, privateKey, passphrase }: SigningKey): Promise<Signer> {
  if (type === "SSH") return (await import("./ssh-signer.ts")).createSshSigner(privateKey, passphrase);
  return await (await import("./openpgp-signer.ts")).createOpenPgpSigner(privateKey, passphrase);
}
