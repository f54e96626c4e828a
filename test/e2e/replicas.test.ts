/** A second operator beside the first, as in a rolling update, with the Lease between them. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type OperatorProcess, startOperator } from "../harness/operator-process.ts";
import { waitFor } from "../harness/wait-for.ts";
import { assertNothingTwice, clusterName, configMap, type Place, pathOf, startWorld, type World } from "./world.ts";

const flags = ["--lease=clickscribe"];
const leasePath = "/apis/coordination.k8s.io/v1/namespaces/clickscribe-system/leases/clickscribe";

describe("operators with a Lease", () => {
  let world: World;
  let place: Place;
  const started: OperatorProcess[] = [];
  const start = async (): Promise<OperatorProcess> => {
    const operator = await startOperator({ kubeconfig: world.kubeconfig, clusterName, flags, waitUntilReady: false });
    started.push(operator);
    return operator;
  };
  const says = (operator: OperatorProcess, message: string): Promise<unknown> =>
    waitFor(`"${message}"`, async () => operator.logs.find(({ msg }) => msg === message), {
      timeoutMs: 40_000,
      seen: async () => [operator.logs.slice(-5), operator.output.slice(-5)],
    });
  const leading = async (operator: OperatorProcess): Promise<string | undefined> => {
    const port = operator.logs.find(({ httpPort }) => httpPort !== undefined)?.["httpPort"];
    const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
    return /^clickscribe_leading (\d)$/m.exec(text)?.[1];
  };

  before(async () => {
    world = await startWorld({ operator: false });
  });
  after(async () => {
    for (const operator of started) await operator.kill();
    await world.stop();
  });

  it("hand over while somebody works: every state arrives, once", async () => {
    const first = await start();
    await says(first, "ready");
    place = await world.place("hand-over");
    const second = await start();
    await says(second, "standing by: another replica holds the Lease");
    assert.deepEqual([await leading(first), await leading(second)], ["1", "0"]);

    let last = 0;
    const done = new AbortController();
    await place.create("alice", configMap("app", { value: "0" }));
    const working = (async () => {
      while (!done.signal.aborted) {
        const data = { value: String(++last) };
        await place.send("alice", "PATCH", pathOf(place.namespace, "ConfigMap", "app"), { data });
        await sleep(50);
      }
    })();
    await sleep(1_000);
    await first.stop();
    assert.equal(await first.exited, 0);
    await says(second, "ready");
    await sleep(1_000);
    done.abort();
    await working;
    const file = `apps/configmap-app.yaml`;
    await waitFor("the last state in Git", async () => {
      const text = await place.repository.git("show", `main:${file}`);
      return text.includes(`value: "${last}"`) ? text : undefined;
    });
    await assertNothingTwice(place.repository);
    assert.deepEqual(await place.repository.fsck(), []);
    const values = (await place.repository.git("log", "-p", "--reverse", "--format=", "main", "--", file))
      .split("\n")
      .flatMap((line) => /^\+\s+value: "(\d+)"/.exec(line)?.[1] ?? [])
      .map(Number);
    assert.deepEqual(
      values,
      values.toSorted((a, b) => a - b),
    );
    const authors = (await place.commits()).map(({ author }) => author.name);
    assert.ok(
      authors.every((name) => name === "alice" || name === "unknown"),
      String(authors),
    );
    // The gap between two writers is one commit at most.
    assert.ok(authors.filter((name) => name === "unknown").length <= 1, String(authors));
    assert.equal(await leading(second), "1");
  });

  it("take over from one that was killed, once its Lease is over, and what happened meanwhile arrives", async () => {
    const third = await start();
    await says(third, "standing by: another replica holds the Lease");
    const before = (await place.commits()).length;
    await started[1]?.kill();
    const killedAt = Date.now();
    await place.create("bob", configMap("meanwhile", { a: "1" }));
    await says(third, "ready");
    assert.ok(Date.now() - killedAt > 5_000, "the Lease was respected");
    const [newest] = (await place.waitForCommits(before + 1)).slice(-1);
    assert.match(newest?.subject ?? "", /create ConfigMap meanwhile/);
    assert.equal(newest?.author.name, "unknown");
  });

  it("end, with a message, when another holds the Lease that was theirs", async () => {
    const holder = started[2];
    assert.ok(holder);
    const { spec } = await place.send("admin", "GET", leasePath);
    assert.ok(spec.leaseTransitions >= 2);
    await place.send("admin", "PATCH", leasePath, { spec: { holderIdentity: "somebody", leaseDurationSeconds: 3600 } });
    assert.equal(await holder.exited, 1);
    assert.match(holder.output.join("\n"), /somebody holds the Lease clickscribe-system\/clickscribe now/);
  });
});
