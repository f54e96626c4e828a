import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RefHistory } from "../../git/index.ts";
import { encode, recordFolder } from "../../record/record-path.ts";
import type { BlobId, Identity, RepoPath } from "../../values.ts";
import { findLeak } from "./find-leak.ts";

const db: Identity = { group: "", kind: "ConfigMap", namespace: "shop", name: "db" };
const web: Identity = { ...db, name: "web" };
const manifest = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;
const source = (of: Identity, file: string): RepoPath => `${recordFolder("source", of)}/${encode(file)}`;

function historyOf(files: readonly (readonly [RepoPath, BlobId])[]): RefHistory {
  const rewrite = (): never => assert.fail("nothing is to be written");
  return { tip: "1", commits: [], files: () => files, rewrite };
}

describe("where an object stands in a record", () => {
  const texts = new Map([
    ["both1", `${manifest("web")}---\n${manifest("db")}`],
    ["both2", `${manifest("web")}---\n${manifest("db")}# later\n`],
    ["web3", manifest("web")],
    ["broken", "{ db"],
    ["other", manifest("db")],
  ]);
  const asked: BlobId[] = [];
  const blobs = async (ids: Iterable<BlobId>): Promise<ReadonlyMap<BlobId, string>> => {
    const wanted = [...ids];
    asked.push(...wanted);
    return new Map(wanted.map((id) => [id, texts.get(id) ?? ""]));
  };
  const live = (of: Identity): RepoPath => `${recordFolder("live", of)}.yaml`;

  it("is its own entries, and files that it was in, whichever object has them", async () => {
    const history = historyOf([
      ["meta/record.json", "meta"],
      [live(db), "db1"],
      [live(web), "web1"],
      [source(db, "apps/both.yaml"), "both1"],
      [source(web, "apps/both.yaml"), "both1"],
      [source(web, "apps/both.yaml"), "both2"],
      [source(web, "apps/both.yaml"), "web3"],
      [source(web, "apps/both.yaml"), "broken"],
      [source(web, "apps/web.yaml"), "other"],
    ]);
    const leak = await findLeak(history, { blobs }, db);
    const removed = [...history.files()].filter(([path, blob]) => leak?.removes(path, blob));
    assert.deepEqual(
      removed.map(([, blob]) => blob),
      ["db1", "both1", "both1", "both2", "broken"],
    );
    assert.deepEqual(asked.toSorted(), ["both2", "broken", "web3"]);
    assert.deepEqual(leak?.elsewhere, []);
  });

  it("is told where another object has the very same content", async () => {
    const leak = await findLeak(
      historyOf([
        [live(db), "same"],
        [live(web), "same"],
      ]),
      { blobs },
      db,
    );
    assert.deepEqual(leak?.elsewhere, [live(web)]);
    assert.equal(leak?.removes(live(web), "same"), false);
  });

  it("is nowhere where the record never had it", async () => {
    assert.equal(await findLeak(historyOf([[live(web), "web1"]]), { blobs }, db), undefined);
  });
});
