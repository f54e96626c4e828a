/** What a real operator tells Prometheus and its log of an edit and of a git server that is gone. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { logEvents } from "../../operator/telemetry/log-events.ts";
import { metricDeclarations } from "../../operator/telemetry/metric-declarations.ts";
import { waitFor } from "../harness/wait-for.ts";
import { configMap, pathOf, startWorld, type World } from "./world.ts";

describe("telemetry of a real operator", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  const scrape = async (): Promise<string> => (await fetch(world.operator.url("/metrics"))).text();
  const value = (text: string, series: string): number =>
    Number(
      text
        .split("\n")
        .find((line) => line.startsWith(`${series} `))
        ?.slice(series.length) ?? Number.NaN,
    );

  it("counts an edit on its way to Git, and an outage of the git server; every log line is a declared one", async () => {
    const place = await world.place("watched", { objects: [configMap("app", { x: "1" })] });
    await place.send("alice", "PATCH", pathOf("watched", "ConfigMap", "app"), { data: { x: "2" } });
    const of = 'capture_namespace="watched",capture="all"';
    const text = await waitFor("the edit to be counted", async () => {
      const now = await scrape();
      return value(now, 'clickscribe_attribution_total{rung="Admission"}') >= 1 &&
        value(now, 'clickscribe_commits_total{ref="source"}') >= 2
        ? now
        : undefined;
    });
    assert.equal(value(text, "clickscribe_leading"), 1);
    assert.ok(value(text, 'clickscribe_watch_events_total{kind="ConfigMap",type="MODIFIED"}') >= 1);
    assert.ok(value(text, 'clickscribe_list_seconds_count{kind="ConfigMap"}') >= 1);
    assert.equal(value(text, "clickscribe_attributing"), 1);
    assert.equal(value(text, `clickscribe_capture_ready{${of},reason="Succeeded"}`), 1);
    assert.equal(value(text, `clickscribe_capture_objects{${of},state="inSync"}`), 1);
    assert.ok(value(text, "process_resident_memory_bytes") > 10e6);
    const expiry = value(text, "clickscribe_webhook_certificate_expiry_timestamp_seconds");
    assert.ok(expiry > Date.now() / 1000 + 86_400, String(expiry));
    const declared = new Set(metricDeclarations.map(({ name }) => name));
    for (const [, name = ""] of text.matchAll(/^# TYPE (clickscribe_\w+)/gm)) assert.ok(declared.has(name), name);

    await world.git.stop();
    await place.send("bob", "PATCH", pathOf("watched", "ConfigMap", "app"), { data: { x: "3" } });
    await waitFor("the outage to be counted", async () => {
      const now = await scrape();
      return value(now, 'clickscribe_capture_failures_total{reason="RemoteUnreachable"}') > 0 &&
        value(now, `clickscribe_oldest_undelivered_seconds{${of}}`) > 2
        ? true
        : undefined;
    });
    assert.equal(value(await scrape(), `clickscribe_capture_ready{${of},reason="RemoteUnreachable"}`), 0);

    for (const { time: _, level, msg, ...data } of world.operator.logs) {
      const event = logEvents.find(({ message }) => message === msg);
      assert.equal(event?.level, level, msg);
      const fields = new Set(event?.fields.map((field) => field.replace("?", "")));
      for (const field of Object.keys(data)) assert.ok(fields.has(field), `${msg}: ${field}`);
      for (const field of event?.fields ?? [])
        if (!field.endsWith("?")) assert.ok(Object.hasOwn(data, field), `${msg}: no ${field}`);
    }
    const said = world.operator.logs.map(({ msg }) => msg);
    assert.ok(said.includes("delivered to the source branch"), said.join("\n"));
  });
});
