import "reflect-metadata";
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { before, describe, it } from "node:test";
import * as x509 from "@peculiar/x509";
import { createServingCertificate, type ServingCertificate } from "./create-certificate.ts";
import { inspectCertificate, joinPem, namesMissing } from "./inspect-certificate.ts";
import {
  announced,
  bundleOf,
  fromSecretData,
  type Kept,
  type SecretData,
  switched,
  toSecretData,
  withoutRetired,
} from "./kept.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const keys = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);

async function sign(
  subject: string,
  { publicKey }: webcrypto.CryptoKeyPair,
  issuer: string,
  { privateKey }: webcrypto.CryptoKeyPair,
  isAuthority: boolean,
): Promise<string> {
  const { digitalSignature, keyCertSign } = x509.KeyUsageFlags;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${subject}`,
    issuer: `CN=${issuer}`,
    publicKey,
    signingKey: privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(isAuthority),
      new x509.KeyUsagesExtension(isAuthority ? keyCertSign : digitalSignature, true),
    ],
  });
  return `${certificate.toString("pem")}\n`;
}

let a: ServingCertificate;
let b: ServingCertificate;
let kept: Kept;
before(async () => {
  a = await createServingCertificate(["a.svc", "10.0.0.1"], Date.now());
  b = await createServingCertificate(["a.svc"], Date.now());
  kept = { serving: a, next: undefined, retired: "", pathKey: "0123456789abcdef" };
});

describe("what is kept", () => {
  it("comes back from a Secret as it was, at every stage of a renewal", () => {
    const stages = [
      kept,
      announced(kept, b),
      switched(announced(kept, b)),
      withoutRetired(switched(announced(kept, b))),
    ];
    for (const stage of stages) assert.deepEqual(fromSecretData(toSecretData(stage)), { ok: true, kept: stage });
    assert.deepEqual(stages.map(bundleOf), [a.ca, b.ca + a.ca, b.ca + a.ca, b.ca]);
    assert.deepEqual(
      stages.map(({ serving }) => serving.cert),
      [a.cert, a.cert, b.cert, b.cert],
    );
    assert.deepEqual(
      stages.map((stage) => Object.keys(toSecretData(stage)).length),
      [4, 6, 4, 4],
    );
  });
  it("does without a next certificate that cannot be used, and is not confused by the one that is served already", () => {
    const data = toSecretData(announced(kept, b));
    for (const broken of [{ "next.key": a.key }, { "next.crt": "" }, { "next.crt": a.cert, "next.key": a.key }]) {
      assert.deepEqual(fromSecretData({ ...data, ...broken }), { ok: true, kept: { ...kept, retired: b.ca } });
    }
  });
  const broken: readonly (readonly [string, () => SecretData, string])[] = [
    ["nothing", () => ({}), "path is not 16 or more letters and digits"],
    ["a path that is none", () => ({ path: "../../../../../etc" }), "path is not 16 or more letters and digits"],
    ["no certificate", () => ({ "tls.crt": "nonsense" }), "tls.crt holds no certificate"],
    ["half a certificate", () => ({ "tls.crt": a.cert.replace(/\n.{64}\n/, "\n") }), "tls.crt holds no certificate"],
    ["another's key", () => ({ "tls.key": b.key }), "tls.key does not match tls.crt"],
    ["no key", () => ({ "tls.key": "nonsense" }), "tls.key holds no private key"],
    ["no authority", () => ({ "ca.crt": "" }), "ca.crt holds no certificate"],
    ["another authority", () => ({ "ca.crt": b.ca }), "ca.crt did not sign tls.crt"],
  ];
  for (const [name, change, problem] of broken) {
    it(`is not read from ${name}`, () => {
      const data = name === "nothing" ? {} : { ...toSecretData(kept), ...change() };
      assert.deepEqual(fromSecretData(data), { ok: false, problem });
    });
  }
});

describe("a certificate", () => {
  it("covers its names and addresses, and no others", () => {
    assert.deepEqual(namesMissing(a.cert, ["a.svc", "10.0.0.1"]), []);
    assert.deepEqual(namesMissing(a.cert, ["b.svc", "a.svc", "10.0.0.2"]), ["b.svc", "10.0.0.2"]);
  });
  it("keeps all authorities of its file unless told otherwise", () => {
    const both = joinPem(b.ca, a.ca);
    const ca = (trimmed: boolean): string => {
      const found = inspectCertificate(a.cert, a.key, both, trimmed);
      return found.ok ? found.certificate.ca : "";
    };
    assert.deepEqual([ca(false), ca(true)], [both, a.ca]);
  });
  it("may be its own authority, as cert-manager's selfSigned issuer makes it, or rest on one by an intermediate", async () => {
    const [root, between, leaf, self] = await Promise.all([keys(), keys(), keys(), keys()]);
    const pem = {
      root: await sign("root", root, "root", root, true),
      between: await sign("between", between, "root", root, true),
      leaf: await sign("leaf", leaf, "between", between, false),
      self: await sign("self", self, "self", self, false),
    };
    const ca = async (cert: string, key: webcrypto.CryptoKeyPair, authorities: string): Promise<string> => {
      const exported = await webcrypto.subtle.exportKey("pkcs8", key.privateKey);
      const found = inspectCertificate(cert, x509.PemConverter.encode(exported, "PRIVATE KEY"), authorities, true);
      return found.ok ? found.certificate.ca : found.problem;
    };
    assert.equal(await ca(pem.self, self, pem.self), joinPem(pem.self));
    assert.equal(await ca(pem.leaf + pem.between, leaf, joinPem(pem.self, pem.root)), joinPem(pem.root));
    assert.equal(await ca(pem.leaf, leaf, pem.root), "did not sign tls.crt");
    assert.equal(await ca(pem.leaf, leaf, pem.self), "did not sign tls.crt");
  });
  it("is the same however its text is wrapped", () => {
    const oneLine = a.ca.replace(/\n(?!-----END|$)(?!.*BEGIN)/g, (_, at: number) => (at < 30 ? "\n" : ""));
    assert.notEqual(oneLine, a.ca);
    assert.equal(joinPem(oneLine, `\r\ntext before\n${a.ca.replaceAll("\n", "\r\n")}`), a.ca);
  });
});
