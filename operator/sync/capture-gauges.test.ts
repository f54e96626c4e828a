import assert from "node:assert/strict";
import { it } from "node:test";
import { captureGauges } from "./capture-gauges.ts";
import { createSlot } from "./capture-slot.ts";

it("a stored reason that is none of ours is no label of ours", () => {
  const ready = (reason: string) => {
    const condition = { type: "Ready", status: "True", reason, message: "" };
    const metadata = { namespace: "shop", name: "all" };
    const slot = createSlot("", { kind: "Capture", metadata, status: { conditions: [condition] } });
    return captureGauges([slot], 0).find(({ name }) => name === "clickscribe_capture_ready")?.series[0]?.labels[
      "reason"
    ];
  };
  assert.equal(ready("Succeeded"), "Succeeded");
  assert.equal(ready("constructor"), "Progressing");
  assert.equal(ready("Written\nBySomebody"), "Progressing");
});
