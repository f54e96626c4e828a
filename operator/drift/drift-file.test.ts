import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { identityKey } from "../manifest/identity.ts";
import type { DriftBook, Episode } from "../values.ts";
import { emptyBook } from "./book.ts";
import { parseDrift, serializeDrift } from "./drift-file.ts";

const identity = { group: "apps", kind: "Deployment", namespace: "shop", name: "web" };
const episode: Episode = {
  ...{ id: "a1", identity, sort: "ChangedInCluster", since: 1, openedAt: 2 },
  ...{ by: "alice", tool: undefined, live: "b".repeat(40), file: "" },
};
const key = identityKey(identity);

describe("meta/drift.json", () => {
  it("reads back what it wrote, and is not there where there is nothing to say", () => {
    const book: DriftBook = {
      episodes: new Map([[key, episode]]),
      closed: [{ ...episode, closedAt: 9 }],
      sent: [
        {
          ...{ id: "a1", notifier: "shop/team", episodes: ["a1"], isGroup: false, handle: "C1/1.2", digest: "d" },
          ...{ at: 1, updatedAt: 2, repeatedAt: 3 },
        },
      ],
      presses: [{ at: 1, who: "U1", user: "sue", action: "Keep", object: "Deployment.apps shop/web", outcome: "kept" }],
      kept: new Map([[key, { identity, live: "", by: "sue", at: 4 }]]),
      keepRequest: "now",
    };
    assert.deepEqual(parseDrift(serializeDrift(book)), book);
    assert.equal(serializeDrift(emptyBook), "");
    assert.deepEqual(parseDrift(""), emptyBook);
  });

  it("takes anything that somebody else wrote there for a book, and pollutes nothing", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const { episodes, kept } = parseDrift(text);
        assert.ok(episodes instanceof Map && kept instanceof Map);
      }),
    );
    const hostile =
      '{"episodes":[null,1,{"id":1},{"__proto__":{"x":1}}],"kept":{"a":1},"sent":"x","presses":[[]],"closed":7}';
    assert.deepEqual(parseDrift(hostile), emptyBook);
    assert.equal(({} as { readonly x?: number }).x, undefined);
  });

  it("sees nothing whose time no Date can hold", () => {
    const book: DriftBook = { ...emptyBook, episodes: new Map([[key, episode]]) };
    for (const since of ["1e20", "-1", '"1"', "8640000000000001"]) {
      const text = serializeDrift(book).replace(/"since": ?1\b/, `"since":${since}`);
      assert.ok(text.includes(since), text);
      assert.equal(parseDrift(text).episodes.size, 0, since);
    }
    const opened = serializeDrift(book).replace(/"openedAt": ?2\b/, '"openedAt":1e20');
    assert.equal(parseDrift(opened).episodes.get(key)?.openedAt, 1);
  });
});
