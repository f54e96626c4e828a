import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../values.ts";
import { type LabelRequirement, type LabelSelector, selectsLabels } from "./label-selector.ts";

const web: JsonObject = { team: "shop", tier: "web", empty: "" };
const asks = (key: string, operator: LabelRequirement["operator"], ...values: readonly string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, ...(values.length > 0 && { values }) }],
});

describe("selectsLabels", () => {
  const table: readonly (readonly [why: string, selector: LabelSelector, expected: boolean])[] = [
    ["nothing is asked", {}, true],
    ["a label has its value", { matchLabels: { team: "shop" } }, true],
    ["a label has another value", { matchLabels: { team: "pay" } }, false],
    ["one of two labels is missing", { matchLabels: { team: "shop", app: "a" } }, false],
    ["an empty value is a value", { matchLabels: { empty: "" } }, true],
    ["a label that is not there has no empty value", { matchLabels: { app: "" } }, false],
    ["a name of every object is no label", { matchLabels: { constructor: "" } }, false],
    ["In", asks("team", "In", "pay", "shop"), true],
    ["In, another value", asks("team", "In", "pay"), false],
    ["In, without the label", asks("app", "In", ""), false],
    ["NotIn", asks("team", "NotIn", "pay"), true],
    ["NotIn, the very value", asks("team", "NotIn", "shop"), false],
    ["NotIn, without the label", asks("app", "NotIn", "a"), true],
    ["Exists", asks("empty", "Exists"), true],
    ["Exists, without the label", asks("toString", "Exists"), false],
    ["DoesNotExist", asks("app", "DoesNotExist"), true],
    ["DoesNotExist, with the label", asks("empty", "DoesNotExist"), false],
    ["labels and expressions, both met", { matchLabels: { team: "shop" }, ...asks("tier", "In", "web") }, true],
    ["labels and expressions, one met", { matchLabels: { team: "shop" }, ...asks("tier", "In", "db") }, false],
  ];
  for (const [why, selector, expected] of table)
    it(`${expected ? "meets" : "does not meet"}: ${why}`, () => assert.equal(selectsLabels(selector, web), expected));
});
