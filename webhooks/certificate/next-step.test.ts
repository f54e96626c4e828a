import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ServingCertificate } from "./create-certificate.ts";
import { bundleOf, type Kept } from "./kept.ts";
import { type CertificateTimes, nextStep, type Situation } from "./next-step.ts";

const times: CertificateTimes = { lifetimeMs: 900, renewBeforeMs: 300, pauseMs: 10, overlapMs: 50, pollMs: 5 };
const pem = (name: string): string => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`;
const certificate = (name: string, notAfter: number): ServingCertificate => ({
  ca: pem(name),
  cert: name,
  key: name,
  notAfter,
});
const kept: Kept = { serving: certificate("A", 900), next: undefined, retired: "", pathKey: "k" };
const announced: Kept = { ...kept, next: certificate("B", 1500) };
const switched: Kept = { ...kept, serving: certificate("B", 1500), retired: pem("A") };

function situation(of: Kept, now: number, over: Partial<Situation> = {}): Situation {
  return {
    kept: of,
    now,
    leads: true,
    registered: { bundle: bundleOf(of), pathKey: "k", at: 600 },
    servingSince: 610,
    jitterMs: 0,
    ...over,
  };
}

describe("nextStep", () => {
  const cases: readonly (readonly [string, Situation, object])[] = [
    ["rests until two thirds are gone", situation(kept, 1), { type: "Wait", until: 600 }],
    ["waits for its own moment", situation(kept, 600, { jitterMs: 7 }), { type: "Wait", until: 607 }],
    ["announces then", situation(kept, 600), { type: "Announce" }],
    [
      "registers what was announced",
      situation(announced, 600, { registered: { bundle: pem("A"), pathKey: "k", at: 1 } }),
      { type: "Register" },
    ],
    ["registers when it begins to lead", situation(kept, 1, { registered: undefined }), { type: "Register" }],
    [
      "registers another path",
      situation(kept, 1, { registered: { bundle: bundleOf(kept), pathKey: "other", at: 1 } }),
      { type: "Register" },
    ],
    ["gives API servers time to know", situation(announced, 609), { type: "Wait", until: 610 }],
    ["then serves the new one", situation(announced, 610), { type: "Switch" }],
    [
      "counts that time from the registration",
      situation(announced, 700, { registered: { bundle: bundleOf(announced), pathKey: "k", at: 695 } }),
      { type: "Wait", until: 705 },
    ],
    ["keeps the old authority for a while", situation(switched, 659), { type: "Wait", until: 660 }],
    ["then forgets it", situation(switched, 660), { type: "Forget" }],
    ["replaces what is over at once", situation(kept, 900), { type: "Replace" }],
    ["replaces it even if a next one waits", situation(announced, 900), { type: "Replace" }],
  ];
  for (const [name, given, expected] of cases) it(name, () => assert.deepEqual(nextStep(given, times), expected));

  it("does nothing while another leads", () => {
    for (const stage of [kept, announced, switched]) {
      const given = situation(stage, 2000, { leads: false, registered: undefined });
      assert.deepEqual(nextStep(given, times), { type: "Wait", until: Infinity });
    }
  });
  it("never renews what others renew, but changes to theirs with the same care", () => {
    const theirs = { ...times, renewBeforeMs: Infinity };
    assert.deepEqual(nextStep(situation(kept, 5000), theirs), { type: "Wait", until: Infinity });
    assert.deepEqual(nextStep(situation(announced, 609), theirs), { type: "Wait", until: 610 });
    assert.deepEqual(nextStep(situation(announced, 610), theirs), { type: "Switch" });
    assert.deepEqual(nextStep(situation(switched, 660), theirs), { type: "Forget" });
  });
});
