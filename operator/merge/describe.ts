/** PURE: a change in words, as a colleague would say it. One line, bounded; the input is hostile. */
import { redact } from "../failures.ts";
import { isObject } from "../manifest/identity.ts";
import { stringifyJson } from "../manifest/stringify-json.ts";
import type { FieldChange, Json, ObjectChange } from "../values.ts";
import { diffFields } from "./diff-fields.ts";

const maxValue = 40;

/** Names whose values are never shown. */
const secretName =
  /pass(?:word|wd|phrase)?|pwd|token|secret|credential|private|auth(?!ors?\b)|cookie|dsn|connection[-_.]?string|api[-_.]?key|(?:^|[-_.["])key(?:$|[-_.\]"])/i;
/** Values that are never shown, whatever they are called. */
const secretValue =
  /:\/\/[^/\s]*@|-----BEGIN|\beyJ[\w-]{8,}|\bAKIA[0-9A-Z]{12,}|(?:pass|pwd|token|secret|key|auth)\w*["']?\s*[=:]/i;

/** `scale 3 -> 5`, `image app 1.0 -> 1.1`, `create`: without the object's name. */
export function describe(change: ObjectChange): string {
  if (change.before === undefined) return "create";
  if (change.after === undefined) return "delete";
  const fields = diffFields(change.before, change.after);
  if (fields.length === 0) return "no field changed";
  const words = fields.slice(0, 2).map(describeField);
  return fields.length <= 2 ? words.join(", ") : `${words.join(", ")} and ${fields.length - 2} more`;
}

export function describeField({ path, before, after }: FieldChange): string {
  if (path === "spec.replicas") return `scale ${shown(before)} -> ${shown(after)}`;
  const image = /\[([^\]]+)\]\.image$/.exec(path);
  if (image && typeof before === "string" && typeof after === "string")
    return describeImage(image[1] ?? "", before, after);
  if (isRestart(path, after)) return "restart";
  const meta = /^metadata\.(label|annotation)s(?:\.([\w-]+)|\["(.+)"\])?$/.exec(path);
  if (meta) return describeMark(meta[1] ?? "", meta[2] ?? meta[3], before, after);
  const data = /^(?:data|binaryData)(?:\.([\w-]+)|\["(.+)"\])$/.exec(path);
  if (data) return describeKey(data[1] ?? data[2] ?? "", before, after);
  return describeValue(path, before, after);
}

function describeImage(container: string, before: string, after: string): string {
  const split = (image: string): readonly [string, string] => {
    const at = image.lastIndexOf("@");
    const colon = image.lastIndexOf(":");
    const cut = at > 0 ? at : colon > image.lastIndexOf("/") ? colon : image.length;
    return [image.slice(0, cut), image.slice(cut + 1)];
  };
  const [oldName, oldTag] = split(before);
  const [newName, newTag] = split(after);
  const same = oldName === newName && oldTag !== "" && newTag !== "";
  const show = (text: string): string => clip(line(redact(text)), 60);
  return `image ${clip(line(container), 60)} ${show(same ? oldTag : before)} -> ${show(same ? newTag : after)}`;
}

/** `kubectl rollout restart`, and what dashboards call so. */
function isRestart(path: string, after: Json | undefined): boolean {
  const mark = "kubectl.kubernetes.io/restartedAt";
  if (path === `spec.template.metadata.annotations["${mark}"]`) return after !== undefined;
  const alone = path === "spec.template.metadata.annotations" && isObject(after);
  return alone && Object.keys(after).length === 1 && Object.hasOwn(after, mark);
}

function describeMark(
  what: string,
  name: string | undefined,
  before: Json | undefined,
  after: Json | undefined,
): string {
  if (name === undefined) {
    const only = [before, after].find(isObject);
    const [entry] = Object.entries(only ?? {});
    if (entry === undefined || Object.keys(only ?? {}).length > 1) return `${what}s changed`;
    const [key, value] = entry;
    return describeMark(what, key, before === undefined ? undefined : value, after === undefined ? undefined : value);
  }
  const key = clip(line(name), 60);
  if (after === undefined) return `remove ${what} ${key}`;
  if (isSecret(name, before, after)) return `${what} ${key} changed`;
  if (before === undefined) return `${what} ${key}=${shown(after)}`;
  return `${what} ${key}: ${shown(before)} -> ${shown(after)}`;
}

function describeKey(name: string, before: Json | undefined, after: Json | undefined): string {
  const key = clip(line(name), 60);
  if (before === undefined) return `add key ${key}`;
  if (after === undefined) return `remove key ${key}`;
  const hidden = isSecret(name, before, after) || !short(before) || !short(after);
  return hidden ? `key ${key} changed` : `key ${key}: ${shown(before)} -> ${shown(after)}`;
}

function describeValue(path: string, before: Json | undefined, after: Json | undefined): string {
  const name = clip(line(readable(path)), 80);
  if (after === undefined) return `remove ${name}`;
  if (isSecret(path, before, after)) return `${name} changed`;
  if (before === undefined) return short(after) ? `${name}: ${shown(after)}` : `add ${name}`;
  return short(before) && short(after) ? `${name}: ${shown(before)} -> ${shown(after)}` : `${name} changed`;
}

/** `spec.template.spec.containers[app].env[LEVEL].value` is `app env LEVEL` to people. */
function readable(path: string): string {
  return path
    .replace(/^spec\.(?:jobTemplate\.spec\.)?template\.spec\./, "")
    .replace(/^(?:initContainers|containers)\[([^\]]+)\]\.?/, "$1 ")
    .replace(/(^| )env\[([^\]]+)\](?:\.value$)?/, "$1env $2")
    .trimEnd();
}

/** The name of a container says nothing of what stands in it. */
function isSecret(path: string, ...values: readonly (Json | undefined)[]): boolean {
  if (secretName.test(path.replace(/ontainers\[[^\]]+\]/, ""))) return true;
  return values.some((value) => typeof value === "string" && (secretValue.test(value) || redact(value) !== value));
}

function short(value: Json): boolean {
  if (typeof value === "string") return value.length <= maxValue && !value.includes("\n");
  return value === null || typeof value !== "object" || !(Array.isArray(value) || isObject(value));
}

function shown(value: Json | undefined): string {
  if (value === undefined) return "unset";
  const text = typeof value === "string" ? value : stringifyJson(value);
  return secretValue.test(text) ? "..." : clip(line(text), maxValue);
}

export function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3).replace(/[\ud800-\udbff]$/, "")}...`;
}

/** One line of printable text: controls, bidirectional marks and line separators become `?`. */
export function line(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "?");
}
