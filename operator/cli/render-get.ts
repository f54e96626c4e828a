import type { Capture } from "../api/generated/capture.ts";
import type { GitRemote } from "../api/generated/git-remote.ts";
import type { GetOutput } from "../config/objects.ts";
import type { JsonObject } from "../values.ts";
import { age } from "./age.ts";
import { asCapture, asRemote } from "./find-objects.ts";
import { type Paint, paint } from "./paint.ts";
import { printableLine } from "./printable.ts";
import { readyOf } from "./ready-of.ts";
import { type Cell, renderTable } from "./render-table.ts";

export interface GetView {
  readonly output: GetOutput;
  readonly color: boolean;
  readonly withNamespace: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A table per kind, or `captures.clickscribe.dev/NAME` a line. */
export function renderGet(objects: readonly JsonObject[], view: GetView): string {
  const remotes = objects.filter((object) => object["kind"] === "GitRemote").map(asRemote);
  const captures = objects.filter((object) => object["kind"] === "Capture").map(asCapture);
  if (view.output === "name") {
    const names = [
      ...remotes.map(({ metadata }) => `gitremote.clickscribe.dev/${metadata.name}`),
      ...captures.map(({ metadata }) => `capture.clickscribe.dev/${metadata.name}`),
    ];
    return names.map((name) => `${printableLine(name)}\n`).join("");
  }
  const tables = [
    ...(remotes.length === 0 ? [] : [remoteTable(remotes, view)]),
    ...(captures.length === 0 ? [] : [captureTable(captures, view)]),
  ];
  return tables.join("\n");
}

export function paintStatus(paints: Paint, status: string): (text: string) => string {
  return status === "True" ? paints.good : status === "False" ? paints.bad : paints.warn;
}

function captureTable(captures: readonly Capture[], view: GetView): string {
  const isWide = view.output === "wide";
  const header = ["NAME", "READY", "REASON", "BRANCH", "PATH", "OBJECTS", "LAST COMMIT", "SUSPENDED", "AGE"];
  const wide = ["REMOTE", "MESSAGE"];
  const rows = captures.map((capture) => {
    const { metadata, spec, status } = capture;
    const { inScope, inSync } = status?.objects ?? {};
    const commit = status?.lastCommit;
    return [
      ...lead(capture, view),
      spec.branch || status?.source?.branch?.replace(/^refs\/heads\//, "") || "",
      spec.path || "/",
      inScope === undefined ? "" : `${inSync ?? 0}/${inScope}`,
      commit === undefined ? "" : `${commit.commit.slice(0, 7)} ${age(commit.at, view.now)}`,
      spec.suspend === true ? "true" : "false",
      age(metadata.creationTimestamp, view.now),
      ...(isWide ? [spec.remote.name, readyOf(capture).message] : []),
    ];
  });
  return renderTable(titled([...header, ...(isWide ? wide : [])], view), rows);
}

function remoteTable(remotes: readonly GitRemote[], view: GetView): string {
  const isWide = view.output === "wide";
  const header = ["NAME", "READY", "REASON", "URL", "AGE", ...(isWide ? ["SECRET", "HEAD", "MESSAGE"] : [])];
  const rows = remotes.map((remote) => [
    ...lead(remote, view),
    remote.spec.url,
    age(remote.metadata.creationTimestamp, view.now),
    ...(isWide ? [remote.spec.secretRef?.name ?? "", remote.status?.head ?? "", readyOf(remote).message] : []),
  ]);
  return renderTable(titled(header, view), rows);
}

function titled(header: readonly string[], { withNamespace }: GetView): readonly string[] {
  return withNamespace ? ["NAMESPACE", ...header] : header;
}

function lead(object: Capture | GitRemote, { withNamespace, color }: GetView): readonly (Cell | string)[] {
  const { status, reason } = readyOf(object);
  const painted = paintStatus(paint(color), status);
  const { namespace, name } = object.metadata;
  return [
    ...(withNamespace ? [namespace] : []),
    name,
    { text: status, paint: painted },
    { text: reason, paint: painted },
  ];
}
