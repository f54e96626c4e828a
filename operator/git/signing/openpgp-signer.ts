/** Commits signed with an OpenPGP key (RFC 9580, RFC 4880): a detached signature, as `gpg --detach-sign --armor` makes. */
import {
  createMessage,
  decryptKey,
  type PrivateKey,
  readPrivateKey,
  SecretKeyPacket,
  SecretSubkeyPacket,
  sign,
} from "openpgp";
import { asFailure, type Failure, stalled } from "../../failures.ts";
import { plainText } from "../../net/plain-text.ts";
import type { Signer } from "../../ports.ts";

/** Throws Failure SecretInvalid. */
export async function createOpenPgpSigner(armored: string, passphrase: string | undefined): Promise<Signer> {
  const key = await unlock(await readKey(armored), passphrase);
  return {
    publicKey: key.toPublic().armor().replaceAll("\r\n", "\n"),
    fingerprint: key.getFingerprint().toUpperCase(),
    async sign(commit) {
      // The key may have expired since it was read.
      await findSigningKey(key);
      const message = await createMessage({ binary: Uint8Array.from(commit) });
      const signature = await sign({ message, signingKeys: key, detached: true, format: "armored" });
      return signature.replaceAll("\r\n", "\n");
    },
  };
}

async function readKey(armoredKey: string): Promise<PrivateKey> {
  const holds = (half: string): boolean => armoredKey.includes(`-----BEGIN PGP ${half} KEY BLOCK-----`);
  if (holds("PUBLIC") && !holds("PRIVATE")) {
    throw invalid("holds a public key: give the private one (gpg --export-secret-keys --armor)");
  }
  try {
    return await readPrivateKey({ armoredKey });
  } catch {
    throw invalid("holds no armored OpenPGP private key (gpg --export-secret-keys --armor)");
  }
}

async function unlock(key: PrivateKey, passphrase: string | undefined): Promise<PrivateKey> {
  const packet = await findSigningKey(key);
  const isSecret = packet instanceof SecretKeyPacket || packet instanceof SecretSubkeyPacket;
  if (!isSecret || packet.isMissingSecretKeyMaterial()) {
    throw invalid("lacks the private half of the key that signs: export it with gpg --export-secret-keys --armor");
  }
  if (packet.isDecrypted()) return key;
  if (passphrase === undefined) {
    throw stalled("SecretInvalid", "the signing key in git.asc has a passphrase: add the key passphrase to its Secret");
  }
  try {
    return await decryptKey({ privateKey: key, passphrase });
  } catch {
    throw stalled("SecretInvalid", "passphrase in the Secret is not that of the signing key in git.asc");
  }
}

/** The newest subkey that may sign, else the primary key. Throws Failure where each is expired, revoked or for other uses. */
async function findSigningKey(key: PrivateKey): Promise<Awaited<ReturnType<typeof key.getSigningKey>>["keyPacket"]> {
  try {
    return (await key.getSigningKey()).keyPacket;
  } catch (error) {
    throw invalid(`holds no key that may sign now (${plainText(asFailure(error).message, 200)})`);
  }
}

function invalid(what: string): Failure {
  return stalled("SecretInvalid", `git.asc in the Secret of the signing key ${what}`);
}
