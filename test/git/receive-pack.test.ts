import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type RefUpdate, readPushHead, readReport } from "./receive-pack.ts";

const a = "a".repeat(40);
const b = "b".repeat(40);

function packet(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text as string);
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, "0")), bytes]);
}

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

describe("readPushHead", () => {
  const body = Buffer.concat([
    packet(`${a} ${b} refs/heads/main\0 report-status side-band-64k atomic`),
    packet(`${b} ${a} refs/clickscribe/x/c/ns/über\n`),
    Buffer.from("0000PACK"),
    Buffer.alloc(100),
  ]);

  for (const size of [1, 3, 50, 1000]) {
    it(`reads commands that come in chunks of ${size} bytes`, async () => {
      const iterator = chunked(body, size);
      const head = await readPushHead(iterator);
      assert.deepEqual(head.refs, [
        { old: a, new: b, ref: "refs/heads/main" },
        { old: b, new: a, ref: "refs/clickscribe/x/c/ns/über" },
      ]);
      assert.deepEqual(head.capabilities, ["report-status", "side-band-64k", "atomic"]);
      const rest: Buffer[] = [];
      for await (const chunk of iterator) rest.push(chunk);
      assert.ok(Buffer.concat([head.consumed, ...rest]).equals(body), "no byte is lost");
    });
  }

  it("finds no refs in a probe, in a body that is cut, and in one that is no pkt-line", async () => {
    for (const text of ["0000", "", "00", "not a pkt-line at all"]) {
      const head = await readPushHead(chunked(Buffer.from(text), 100));
      assert.deepEqual(head.refs, []);
      assert.equal(head.consumed.toString(), text);
    }
  });
});

describe("readReport", () => {
  const report = Buffer.concat([
    packet("unpack ok\n"),
    packet("ok refs/heads/main\n"),
    packet("ng refs/heads/other hook declined\n"),
    Buffer.from("0000"),
  ]);
  const expected = [
    { old: a, new: b, ref: "refs/heads/main", status: "ok" },
    { old: a, new: b, ref: "refs/heads/other", status: "ng", reason: "hook declined" },
  ];
  const updates = (): RefUpdate[] => [
    { old: a, new: b, ref: "refs/heads/main" },
    { old: a, new: b, ref: "refs/heads/other" },
  ];

  it("reads a bare report", () => {
    const refs = updates();
    readReport(report, ["report-status"], refs);
    assert.deepEqual(refs, expected);
  });

  it("reads a report that is cut over packets of a side band, between progress", () => {
    const band = (number: number, bytes: Buffer): Buffer => packet(Buffer.concat([Buffer.from([number]), bytes]));
    const answer = Buffer.concat([
      band(1, report.subarray(0, 9)),
      band(2, Buffer.from("remote: ok refs/heads/other\n")),
      band(1, report.subarray(9)),
      Buffer.from("0000"),
    ]);
    const refs = updates();
    readReport(answer, ["report-status", "side-band-64k"], refs);
    assert.deepEqual(refs, expected);
  });
});
