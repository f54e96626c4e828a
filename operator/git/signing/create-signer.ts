/** Keys that sign commits: SSHSIG (PROTOCOL.sshsig of OpenSSH) and OpenPGP (RFC 9580). */
import { createHash } from "node:crypto";
import type { Signer, SigningKey } from "../../ports.ts";

const kept = 100;

/**
 * Makes signers, and the same one again for the same key: a passphrase costs a fraction of a second in which nothing
 * else runs, and many Captures share a key.
 */
export function createSigners(): (key: SigningKey) => Promise<Signer> {
  const made = new Map<string, Signer>();
  return async (key) => {
    const { type, privateKey, passphrase } = key;
    const id = createHash("sha256")
      .update(JSON.stringify([type, privateKey, passphrase]))
      .digest("base64");
    const signer = made.get(id) ?? (await createSigner(key));
    made.delete(id);
    made.set(id, signer);
    for (const oldest of made.keys()) if (made.size > kept) made.delete(oldest);
    return signer;
  };
}

/** Throws Failure SecretInvalid where the key or its passphrase is none. Loads only what the type of key needs. */
export async function createSigner({ type, privateKey, passphrase }: SigningKey): Promise<Signer> {
  if (type === "SSH") return (await import("./ssh-signer.ts")).createSshSigner(privateKey, passphrase);
  return await (await import("./openpgp-signer.ts")).createOpenPgpSigner(privateKey, passphrase);
}
