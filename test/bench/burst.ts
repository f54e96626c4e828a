/** 2,000 creates over 20 connections; the floor is the same burst with a webhook that only answers. */
import { startControlPlane } from "../control-plane/control-plane.ts";
import { waitFor } from "../harness/wait-for.ts";
import { startAnsweringWebhook } from "./answering-webhook.ts";
import type { Bench } from "./report.ts";
import { benchCase } from "./report.ts";
import { configMap, epoch, must, sendAll, startWorld } from "./world.ts";

const connections = 20;

export const burst: Bench = async ({ progress, quick }) => {
  const count = quick ? 200 : 2_000;
  progress(`${count} creates with a webhook that only answers`);
  const floor = await burstWithAnsweringWebhook(count, progress);

  await using world = await startWorld(progress);
  const captured = await world.capture("burst", 10);
  progress(`${count} creates with the operator`);
  const began = epoch();
  const answered = await sendAll(world.plane, connections, creates("burst", count));
  const last = Math.max(...answered);
  progress("waiting for all on the branch");
  await waitFor(`${count} files on the branch`, async () => {
    const { length } = await captured.repository.files("main", "captured");
    return length >= count ? true : undefined;
  });
  const landed = captured.received.at(-1)?.at ?? Number.NaN;
  const commits = (await captured.repository.log("main")).length - 1;
  const note = `${commits} commits; ${((landed - last) / 1000).toFixed(2)} s after the last create`;
  return [
    benchCase("burst", "until the last create", (last - began) / 1000, floor, "s", "webhook that only answers"),
    benchCase("burst", "until all are on the branch", (landed - began) / 1000, floor, "s", note),
  ];
};

function creates(namespace: string, count: number): readonly { method: "POST"; path: string; body: object }[] {
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  return Array.from({ length: count }, (_, i) => ({ method: "POST" as const, path, body: configMap(`burst-${i}`) }));
}

async function burstWithAnsweringWebhook(count: number, progress: (line: string) => void): Promise<number> {
  await using plane = await startControlPlane({ progress });
  await using _webhook = await startAnsweringWebhook(plane);
  await must(plane, "POST", "/api/v1/namespaces", { metadata: { name: "burst" } });
  await sendAll(plane, connections, [
    { method: "POST", path: "/api/v1/namespaces/burst/configmaps", body: configMap("first") },
  ]);
  const began = epoch();
  const answered = await sendAll(plane, connections, creates("burst", count));
  return (Math.max(...answered) - began) / 1000;
}
