/** PURE: the file that a new object gets. */
import { textAt } from "../manifest/identity.ts";
import type { Identity, JsonObject, RepoPath, Tree } from "../values.ts";
import { type LayoutMode as FixedMode, fit, kindSegment, locate, namespaceSegment } from "./locate.ts";
import { encodeSegment, isManifestBelow, joinPath, parseCapturePath } from "./path.ts";
import type { SourceIndex } from "./source-index.ts";

/** Neighbours: as the files of other objects are named and placed; Template: as a template says. */
export type LayoutMode = FixedMode | "Neighbours" | "Template";

export interface Layout {
  readonly mode: LayoutMode;
  /** Of mode Template: checked by `parseTemplate`. */
  readonly template?: string;
}

export interface Placed {
  readonly path: RepoPath;
  /** The file is there, holds other objects and gets one more. */
  readonly add: boolean;
  /** A file whose style a new one follows. */
  readonly like?: RepoPath;
}

export interface PlacedObject {
  readonly identity: Identity;
  readonly content: JsonObject;
}

/** What lies around: how the files below a Capture's path are named and placed. */
export interface Neighbourhood {
  /** The one file that holds all objects, where they stand together in one that may be edited. */
  readonly only: RepoPath | undefined;
  /** Where most objects of a kind stand, or most of all. */
  folderOf(kind: string): RepoPath | undefined;
  readonly extension: ".yaml" | ".yml" | ".json";
  /** A file of a folder that new ones there are written like. */
  like(folder: RepoPath): RepoPath | undefined;
  has(path: RepoPath): boolean;
}

export function place(layout: Layout, base: RepoPath, object: PlacedObject, around: Neighbourhood): Placed {
  const { identity } = object;
  if (layout.mode === "Template") return byTemplate(layout.template ?? "", base, object, around);
  if (layout.mode !== "Neighbours") return { path: locate(layout.mode, base, identity).path, add: false };
  if (around.only !== undefined) return { path: around.only, add: true };
  const own = locate("Flat", base, identity).path;
  const folder = around.folderOf(identity.kind);
  if (folder === undefined) return { path: own, add: false };
  const file = own.slice(own.lastIndexOf("/") + 1).replace(/\.yaml$/, around.extension);
  const path = joinPath(folder, file);
  const like = around.like(folder);
  return { path: around.has(path) ? own : path, add: false, ...(like !== undefined && { like }) };
}

function byTemplate(template: string, base: RepoPath, object: PlacedObject, around: Neighbourhood): Placed {
  const path = joinPath(base, filled(template, object));
  const like = around.like(path.slice(0, Math.max(0, path.lastIndexOf("/"))));
  const add = around.has(path);
  return { path, add, ...(like !== undefined && !add && { like }) };
}

function filled(template: string, { identity, content }: PlacedObject): RepoPath {
  const { group, kind, namespace, name } = identity;
  const apiVersion = textAt(content, "apiVersion");
  const values: Readonly<Record<string, string>> = {
    group: encodeSegment(group === "" ? "core" : group),
    version: encodeSegment(apiVersion.slice(apiVersion.indexOf("/") + 1)),
    kind: kindSegment(kind),
    namespace: namespaceSegment(namespace),
    name: encodeSegment(name),
  };
  const segments = template
    .split("/")
    .map((segment) => segment.replace(placeholder, (_, word: string) => values[word] ?? ""));
  return segments.map(withFittingName).join("/");
}

/** Without its extension, which stays. */
function withFittingName(segment: string): string {
  const [extension = ""] = /\.(?:ya?ml|json)$/.exec(segment) ?? [];
  return `${fit(segment.slice(0, segment.length - extension.length))}${extension}`;
}

const placeholder = /\{([^{}]*)\}/g;
const words: ReadonlySet<string> = new Set(["group", "version", "kind", "namespace", "name"]);
const sample: PlacedObject = {
  identity: { group: "", kind: "ConfigMap", namespace: "shop", name: "app" },
  content: { apiVersion: "v1" },
};

export type ParsedTemplate =
  | { readonly ok: true; readonly template: string }
  | { readonly ok: false; readonly why: string };

/** A path below the Capture's for every object: two of one namespace never get the same. */
export function parseTemplate(template: string): ParsedTemplate {
  const no = (why: string): ParsedTemplate => ({ ok: false, why });
  const used = [...template.matchAll(placeholder)].map(([, word = ""]) => word);
  const unknown = used.find((word) => !words.has(word));
  if (unknown !== undefined) return no(`{${unknown.slice(0, 40)}} is unknown: there are {${[...words].join("}, {")}}`);
  if (/[{}]/.test(template.replace(placeholder, ""))) return no("it has a brace without its counterpart");
  const missing = ["kind", "name"].find((word) => !used.includes(word));
  if (missing !== undefined) return no(`it lacks {${missing}}: two objects would get one file`);
  if (/\}\{/.test(template)) return no("it has two names with nothing between them: two objects could get one file");
  if (!/\.(?:ya?ml|json)$/.test(template)) return no("it must end in .yaml, .yml or .json");
  const path = parseCapturePath(template.replace(placeholder, "x"));
  if (!path.ok) return no(path.why);
  if (!isManifestBelow("", filled(template, sample))) return no("its paths would be read by nobody");
  return { ok: true, template };
}

/** `tree`, below `base`; `index`: of the files in it that other people wrote. */
export function neighbourhood(index: SourceIndex, tree: Tree, base: RepoPath): Neighbourhood {
  const files = [...tree.files(base)].map(([path]) => path).filter((path) => isManifestBelow(base, path));
  const there = new Set(files);
  const all = new Map<RepoPath, number>();
  const byKind = new Map<string, Map<RepoPath, number>>();
  const count = (into: Map<RepoPath, number>, path: RepoPath): void => {
    const folder = folderOf(path);
    into.set(folder, (into.get(folder) ?? 0) + 1);
  };
  for (const path of files) count(all, path);
  const homes = new Map<RepoPath, number>();
  const locked = new Set<RepoPath>();
  for (const [key, { file, readOnly }] of index.homes) {
    const kind = key.split("\n")[1] ?? "";
    const folders = byKind.get(kind) ?? new Map<RepoPath, number>();
    byKind.set(kind, folders);
    count(folders, file.path);
    homes.set(file.path, (homes.get(file.path) ?? 0) + 1);
    if (readOnly !== undefined) locked.add(file.path);
  }
  const [only] = files;
  const extensions = [".yaml", ".yml", ".json"] as const;
  const [extension] = extensions.toSorted((a, b) => withEnd(files, b) - withEnd(files, a));
  const firstIn = new Map<RepoPath, RepoPath>();
  for (const path of files.toSorted()) if (!firstIn.has(folderOf(path))) firstIn.set(folderOf(path), path);
  const isShared = (path: RepoPath): boolean => (homes.get(path) ?? 0) > 1 && !locked.has(path);
  return {
    only: files.length === 1 && only !== undefined && isShared(only) ? only : undefined,
    folderOf: (kind) => most(byKind.get(kind)) ?? most(all),
    extension: extension ?? ".yaml",
    like: (folder) => firstIn.get(folder),
    has: (path) => there.has(path),
  };
}

function withEnd(files: readonly RepoPath[], extension: string): number {
  return files.filter((path) => path.endsWith(extension)).length;
}

function folderOf(path: RepoPath): RepoPath {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function most(folders: ReadonlyMap<RepoPath, number> | undefined): RepoPath | undefined {
  return [...(folders ?? [])].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0]?.[0];
}
