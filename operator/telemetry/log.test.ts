import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { stalled } from "../failures.ts";
import { createLog, type LogLevel } from "./log.ts";

function logged(write: (log: ReturnType<typeof createLog>) => void, level?: LogLevel): string[] {
  const lines: string[] = [];
  write(createLog({ ...(level && { level }), write: (line) => void lines.push(line) }));
  return lines;
}

function line(data: object, message = "hello"): { readonly raw: string; readonly json: Record<string, unknown> } {
  const lines = logged((log) => log.info(data, message));
  assert.equal(lines.length, 1);
  const raw = lines[0] ?? "";
  return { raw, json: JSON.parse(raw) };
}

describe("log", () => {
  it("writes one JSON object a line, with level and ISO time", () => {
    const { raw, json } = line({ capture: "shop/shop", objects: 3 });
    assert.ok(raw.endsWith("}\n"));
    assert.match(String(json["time"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(
      { ...json, time: "" },
      { level: "info", time: "", capture: "shop/shop", objects: 3, msg: "hello" },
    );
  });
  it("leaves out what is below its level", () => {
    const lines = logged((log) => {
      log.debug({}, "a");
      log.info({}, "b");
      log.warn({}, "c");
      log.error({}, "d");
    }, "warn");
    assert.deepEqual(
      lines.map((text) => JSON.parse(text).msg),
      ["c", "d"],
    );
  });
  it("lets no value begin a line, steer a terminal or turn text around", () => {
    const hostile = 'a\n{"level":"error"}\r\u001b[2J\u009b31m\u2028\u202eevil\u007f';
    const { raw, json } = line({ name: hostile, [hostile]: 1, list: [hostile] }, hostile);
    assert.equal(raw.indexOf("\n"), raw.length - 1);
    // oxlint-disable-next-line no-control-regex -- controls are what must not be there
    assert.doesNotMatch(raw.slice(0, -1), /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
    assert.equal(json["name"], hostile);
  });
  it("keeps its own fields from data of the same name", () => {
    const { json } = line({ level: "fatal", time: 1, msg: "x" });
    assert.equal(json["level"], "info");
    assert.equal(json["msg"], "hello");
  });
  it("leaves secrets out: by key, by shape, in errors and their causes", () => {
    const secret = "hunter2-hunter2";
    const { raw } = line(
      {
        password: secret,
        access: { token: secret, clientSecret: secret, authorization: `Bearer ${secret}` },
        url: `https://bot:${secret}@git.example.com/a.git`,
        header: `Authorization: Bearer ${secret}`,
        pem: `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`,
        object: { data: { a: secret } },
        stringData: { a: secret },
        error: new Error(`push to https://bot:${secret}@git.example.com failed`, {
          cause: new Error(`Basic ${secret}`),
        }),
      },
      `fetching https://bot:${secret}@git.example.com`,
    );
    assert.doesNotMatch(raw, /hunter2/);
  });
  it("says of an error its name, message and code", () => {
    const { json } = line({ error: stalled("SecretNotFound", "no Secret git", { name: "git" }) });
    assert.deepEqual(json["error"], { name: "Stalled", message: "no Secret git", code: "SecretNotFound" });
  });
  it("caps strings, lists and depth, and survives cycles and odd values", () => {
    const cycle: Record<string, unknown> = { big: 1n, f: () => 1, s: Symbol("x"), nothing: undefined };
    cycle["self"] = cycle;
    const { raw } = line({ long: "x".repeat(1_000_000), list: Array.from({ length: 100_000 }, () => "y"), cycle });
    assert.ok(raw.length < 10_000, String(raw.length));
  });
  it("never throws and always writes one line of JSON", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: "binary" }), fc.anything()),
        fc.string({ unit: "binary" }),
        (data, message) => {
          const { raw } = line(data, message);
          assert.equal(raw.indexOf("\n"), raw.length - 1);
        },
      ),
      { numRuns: 300 },
    );
  });
});
