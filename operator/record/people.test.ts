import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Author } from "../values.ts";
import { authorSignature } from "./author-signature.ts";
import { readPeople } from "./people.ts";

const read = (data: Readonly<Record<string, string>>) => readPeople({ kind: "ConfigMap", data });

describe("readPeople", () => {
  it("reads a user per key, and lines of users that no key can name", () => {
    const { people, problems } = read({
      alice: "Alice Doe <alice@example.com>\n",
      authors:
        "# people\n\noidc:bob = Bob <bob@example.com>\r\na=b = Carol C. <c@example.com>\ndave=Dave <d@example.com>",
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(Object.fromEntries(people), {
      alice: { name: "Alice Doe", email: "alice@example.com" },
      "oidc:bob": { name: "Bob", email: "bob@example.com" },
      "a=b": { name: "Carol C", email: "c@example.com" },
      dave: { name: "Dave", email: "d@example.com" },
    });
  });

  it("names what it cannot read, and reads the rest", () => {
    const { people, problems } = read({
      bob: "bob@example.com",
      eve: "Eve <eve@x> <b@y>",
      mal: "Mal\u0000 <m\u0001@x>",
      authors: "x y\nzoe = Zoe <zoe@example.com>\n = No <no@example.com>",
    });
    assert.deepEqual([...people.keys()], ["zoe"]);
    assert.deepEqual(problems, [
      "data.bob is not NAME <ADDRESS>",
      "data.eve is not NAME <ADDRESS>",
      "data.mal is not NAME <ADDRESS>",
      "data.authors, line 1, is not NAME <ADDRESS>",
      "data.authors, line 3, is not NAME <ADDRESS>",
    ]);
  });

  it("never gives a commit more than a name and an address", () => {
    const options = { committer: { name: "clickscribe", email: "bot@example.com" }, emailTemplate: undefined };
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (name, email) => {
        const { people } = read({ alice: `${name} <${email}>` });
        const alice: Author = { rung: "Admission", person: "alice", groups: [], tool: undefined, evidence: "" };
        const signed = authorSignature(alice, { ...options, people }, 7);
        assert.doesNotMatch(signed.name, /[\p{Cc}\p{Cf}<>]/u);
        assert.match(signed.email, /^[!-;=?A-~]+@[!-;=?A-~]+$/);
        assert.ok(signed.name !== "" && signed.email !== options.committer.email);
      }),
    );
  });
});
