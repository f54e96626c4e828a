import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSerial } from "./serial.ts";

describe("serial", () => {
  it("runs jobs of one key one after the other, in order", async () => {
    const serial = createSerial();
    const log: string[] = [];
    let running = 0;
    const job = (name: string, turns: number) => async (): Promise<void> => {
      assert.equal(running++, 0);
      for (let i = 0; i < turns; i++) await Promise.resolve();
      log.push(name);
      running--;
    };
    await Promise.all([serial.run("k", job("a", 5)), serial.run("k", job("b", 1)), serial.run("k", job("c", 3))]);
    assert.deepEqual(log, ["a", "b", "c"]);
  });

  it("runs jobs of different keys side by side", async () => {
    const serial = createSerial();
    const open = Promise.withResolvers<void>();
    const blocked = serial.run("a", () => open.promise);
    assert.equal(await serial.run("b", () => Promise.resolve(2)), 2);
    open.resolve();
    await blocked;
  });

  it("goes on after a job that throws, and hands the error to who asked", async () => {
    const serial = createSerial();
    const failed = serial.run("k", () => Promise.reject(new Error("no")));
    const next = serial.run("k", () => Promise.resolve("yes"));
    await assert.rejects(failed, /no/);
    assert.equal(await next, "yes");
    await serial.idle();
  });
});
