import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Identity, ObjectChange } from "../values.ts";
import { commitMessage } from "./commit-message.ts";
import { authorOf, parseTrailers } from "./parse-message.ts";
import { isOwnPath, purgeMessage, withoutObject } from "./purge.ts";
import { recordFolder } from "./record-path.ts";

const db: Identity = { group: "example.com", kind: "Widget", namespace: "shop", name: "db" };
const web: Identity = { group: "apps", kind: "Deployment", namespace: "shop", name: "web" };
const secret = "hunter2-is-the-secret";
const leak: ObjectChange = { identity: db, before: { spec: { greeting: "a" } }, after: { spec: { greeting: secret } } };
const other: ObjectChange = { identity: web, before: { spec: { replicas: 3 } }, after: { spec: { replicas: 5 } } };

const messageOf = (objects: readonly ObjectChange[], subjectTemplate?: string): string =>
  commitMessage({
    cluster: "dev",
    capture: { namespace: "shop", name: "shop" },
    author: { rung: "Admission", person: "alice", groups: [], tool: "kubectl", evidence: "" },
    objects,
    at: 1_760_000_000_000,
    kind: "Change",
    subjectTemplate,
  });

describe("a message without an object", () => {
  it("tells who and when, and nothing of it", () => {
    const message = messageOf([leak]);
    assert.match(message, new RegExp(secret));
    assert.equal(
      withoutObject(message, db, true),
      [
        "change an object that was purged",
        "",
        "- (purged): changed",
        "",
        "Clickscribe-Cluster: dev",
        "Clickscribe-Capture: shop/shop",
        "Changed-Object: (purged)",
        "Changed-By: alice",
        "Changed-With: kubectl",
        "Changed-At: 2025-10-09T08:53:20.000Z",
        "Attribution: Admission",
        "",
      ].join("\n"),
    );
  });

  it("tells of the others as it did", () => {
    const message = withoutObject(messageOf([other, leak], "[{user}] {summary}"), db, true);
    assert.match(
      message,
      /^change 2 objects, one of them purged\n\n- Deployment\.apps shop\/web: scale 3 -> 5\n- \(purged\): changed\n/,
    );
    assert.deepEqual(parseTrailers(message).get("Changed-Object"), ["Deployment.apps shop/web", "(purged)"]);
  });

  it("is as it was where it tells nothing of it", () => {
    for (const [message, changes] of [
      [messageOf([other]), false],
      [messageOf([{ ...other, identity: { ...web, name: "db" } }]), false],
      [messageOf([{ ...other, identity: { ...db, name: "db2" } }]), false],
      ["capture 3 objects of shop\n\nClickscribe-Cluster: dev\n", true],
    ] as const) {
      assert.equal(withoutObject(message, db, changes), message);
    }
  });

  it("has a neutral first line where only the tree tells that it changed", () => {
    assert.match(withoutObject(messageOf([other]), db, true), /^change an object that was purged\n/);
    assert.match(withoutObject("db: by hand\n", db, true), /^change an object that was purged\n/);
  });

  it("never holds the value, whatever the object is called", () => {
    const name = fc.string({ minLength: 1, maxLength: 253, unit: "grapheme-ascii" });
    const kind = fc.constantFrom("Widget", "Role");
    fc.assert(
      fc.property(name, kind, fc.array(name, { maxLength: 3 }), (called, of, names) => {
        const identity = { ...db, kind: of, name: called };
        const objects = [
          ...names.filter((n) => n !== called).map((n) => ({ ...other, identity: { ...web, name: n } })),
          { ...leak, identity },
        ];
        assert.ok(!withoutObject(messageOf(objects), identity, true).includes("hunter2"));
      }),
    );
  });
});

describe("paths of an object in the record", () => {
  it("are its entries, and those of no other", () => {
    const isOwn = isOwnPath(db);
    assert.ok(isOwn(`${recordFolder("live", db)}.yaml`));
    assert.ok(isOwn(`${recordFolder("base", db)}.yaml`));
    assert.ok(isOwn(`${recordFolder("source", db)}/shop.yaml`));
    for (const path of ["meta/record.json", `${recordFolder("source", { ...db, name: "db2" })}/shop.yaml`]) {
      assert.ok(!isOwn(path));
    }
  });
});

describe("the message on top", () => {
  it("says what was purged, and by whom", () => {
    const author = { rung: "Admission", person: "alice", groups: [], tool: undefined, evidence: "" } as const;
    const message = purgeMessage({ identity: db, capture: "shop/shop", cluster: "dev", author, at: 0 });
    const trailers = parseTrailers(message);
    assert.deepEqual(trailers.get("Record-Purged"), ["Widget.example.com shop/db"]);
    const signature = { name: "", email: "", at: 0 };
    const read = authorOf({ id: "1", parents: [], author: signature, committer: signature, message });
    assert.equal("person" in read && read.person, "alice");
  });
});
