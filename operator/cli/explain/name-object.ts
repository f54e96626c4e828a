/** PURE: what people type for one object, as kubectl takes it: `deployment web`, `deploy/web`, `ingresses.networking.k8s.io/web`. */

import { didYouMean } from "../../config/did-you-mean.ts";
import type { Discovery } from "../../ports.ts";
import type { Kind } from "../../values.ts";

export type NamedObject =
  | { readonly ok: true; readonly kind: Kind; readonly name: string }
  | { readonly ok: false; readonly problem: string };

/** `words`: one with a slash, or two. */
export function nameObject(words: readonly string[], discovery: Discovery): NamedObject {
  const [first = "", second, ...more] = words;
  const slash = first.indexOf("/");
  const [resource, name] =
    slash < 0 ? [first, second] : [first.slice(0, slash), second === undefined ? first.slice(slash + 1) : undefined];
  if (!resource || !name || name.includes("/") || more.length > 0) {
    return { ok: false, problem: "name one object, such as deployment/web or deployment web" };
  }
  const kind = findKind(resource, discovery);
  return kind.ok ? { ok: true, kind: kind.kind, name } : kind;
}

type FoundKind = { readonly ok: true; readonly kind: Kind } | { readonly ok: false; readonly problem: string };

/** `RESOURCE[.VERSION][.GROUP]`, where a group may be cut short; RESOURCE is plural, singular, short name or kind. */
function findKind(typed: string, discovery: Discovery): FoundKind {
  const lower = typed.toLowerCase();
  const dot = lower.indexOf(".");
  const resource = dot < 0 ? lower : lower.slice(0, dot);
  const rest = dot < 0 ? "" : lower.slice(dot + 1);
  const match = /^(v\d+(?:(?:alpha|beta)\d+)?)(?:\.(.*))?$/.exec(rest);
  const group = match === null ? rest : (match[2] ?? "");
  const named = discovery.kinds.filter((kind) => namesOf(kind, discovery).includes(resource));
  const found =
    named.find((kind) => kind.group === group && rest !== "") ??
    named.find((kind) => rest === "" || (group === "" ? kind.group === "" : kind.group.startsWith(group))) ??
    undefined;
  if (found !== undefined) return { ok: true, kind: found };
  if (named.length > 0) {
    const groups = named.map((kind) => `${kind.resource}${kind.group === "" ? "" : `.${kind.group}`}`);
    return { ok: false, problem: `the API server does not serve ${typed}, but it does serve ${groups.join(" and ")}` };
  }
  const guess = didYouMean(
    resource,
    discovery.kinds.flatMap((kind) => namesOf(kind, discovery)),
  );
  const down = discovery.unavailable.length > 0 ? `; ${discovery.unavailable.join(", ")} is unavailable now` : "";
  const hint = guess === undefined ? ": kubectl api-resources lists what it does" : `: did you mean ${guess}?`;
  return { ok: false, problem: `the API server serves no kind ${typed}${hint}${down}` };
}

/** In lower case. */
function namesOf(kind: Kind, { aliases }: Discovery): readonly string[] {
  return [kind.resource, kind.kind.toLowerCase(), ...(aliases?.get(`${kind.group}/${kind.kind}`) ?? [])];
}
