/** PURE: who a commit says its author is. */
import { createHash } from "node:crypto";
import type { Author, Signature } from "../values.ts";
import type { People } from "./people.ts";

export interface SignatureOptions {
  readonly committer: { readonly name: string; readonly email: string };
  /** `{user}@example.com`; undefined: a stable address that reaches nobody. */
  readonly emailTemplate: string | undefined;
  /** Goes before all else. */
  readonly people?: People | undefined;
}

export const unknownName = "unknown";
const noReply = "clickscribe.invalid";
const maxName = 128;

/** `at`: seconds since the epoch. Names are free of what would end a header or fool a reader. */
export function authorSignature(author: Author, options: SignatureOptions, at: number): Signature {
  if (author.rung === "Operator" || author.rung === "Several") return { ...options.committer, at };
  if (author.rung === "None") return { name: unknownName, email: `unknown@${noReply}`, at };
  const known = options.people?.get(author.person);
  const name = known?.name ?? cleanName(author.person);
  // A person who is called `unknown`, or as the operator is, is a person still.
  const { committer } = options;
  const email = known?.email ?? emailOf(author.person, options.emailTemplate);
  const isTaken = [unknownName, committer.name].some((taken) => taken.toLowerCase() === name.toLowerCase());
  return {
    name: isTaken ? `${name} (user)` : name,
    email: email === committer.email ? ofNobody(author.person) : email,
    at,
  };
}

/** For people: `alice`, `several people (alice, bob)`, `unknown`. */
export function authorName(author: Author): string {
  if ("person" in author) return cleanName(author.person);
  if (author.rung === "Several") {
    const named = author.people.slice(0, 3).map(cleanName);
    const more = author.people.length - named.length;
    return `several people (${named.join(", ")}${more > 0 ? `, and ${more} more` : ""})`;
  }
  return author.rung === "Operator" ? "clickscribe" : unknownName;
}

/** No controls, bidirectional marks or angle brackets; not empty, not all dots; at most 128 characters. */
export function cleanName(text: string): string {
  const clean = text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}<>]/gu, "")
    .trim()
    .slice(0, maxName)
    .replace(/[\ud800-\udbff]$/, "")
    .replace(/^[.,:;"'\\\s]+|[.,:;"'\\\s]+$/g, "");
  return clean === "" ? `user-${digest(text)}` : clean;
}

/** Nobody gets an address under `.invalid` by being called so, nor the one that means `unknown`. */
function emailOf(user: string, template: string | undefined): string {
  const valid = /^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}$/;
  const claimsOurs = /[@.]clickscribe\.invalid$/i.test(user);
  if (valid.test(user) && !claimsOurs) return user;
  if (template !== undefined && !claimsOurs) {
    const email = template.replaceAll("{user}", () => user);
    if (valid.test(email)) return email;
  }
  const local = user.replaceAll(":", ".");
  const readable = /^[A-Za-z0-9._-]{1,64}$/.test(local) && local !== unknownName;
  return readable ? `${local}@${noReply}` : ofNobody(user);
}

function ofNobody(user: string): string {
  return `user-${digest(user)}@${noReply}`;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
