/**
 * PURE: the annotation clickscribe.dev/keep of a Capture: `TIME KEY=LIVE ...`. TIME tells one request from the next. KEY
 * is KIND[.GROUP]/NAME, LIVE the blob of the manifest that the cluster had when the person looked, or `gone`.
 */
import { identityKey } from "../manifest/identity.ts";
import type { BlobId, DriftBook, Identity, Kept } from "../values.ts";

export interface KeepRequest {
  /** The annotation. */
  readonly value: string;
  /** Who set it; `unknown` where nobody can be named. */
  readonly by: string;
}

/** `live` undefined: the cluster has it no more. */
export function formatKeep({ group, kind, name }: Identity, live: BlobId | undefined, at: string): string {
  return `${at} ${kind}${group === "" ? "" : `.${group}`}/${name}=${live ?? "gone"}`;
}

/** The book with what a request asks for, unless it was taken up already. What is no request asks for nothing. */
export function takeKeepRequest(book: DriftBook, { value, by }: KeepRequest, namespace: string, at: number): DriftBook {
  if (value === book.keepRequest) return book;
  const kept = new Map(book.kept);
  for (const { identity, live } of parseKeep(value, namespace))
    kept.set(identityKey(identity), { identity, live, by, at });
  return { ...book, kept, keepRequest: value };
}

function parseKeep(value: string, namespace: string): readonly Pick<Kept, "identity" | "live">[] {
  const [, ...wanted] = value.split(" ");
  return wanted.flatMap((text) => {
    const found = /^(\w+)(?:\.([\w.-]+))?\/([^\s=/]+)=([0-9a-f]{40}|gone)$/.exec(text);
    if (found === null) return [];
    const [, kind = "", group = "", name = "", live = ""] = found;
    return [{ identity: { group, kind, namespace, name }, live: live === "gone" ? "" : live }];
  });
}
