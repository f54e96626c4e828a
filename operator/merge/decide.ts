/** PURE: the state tables of docs/architecture.md, for whole objects. */
import { clean } from "../manifest/clean.ts";
import { isBuiltIn } from "../manifest/server-names.ts";
import type { BlobId, Decision, JsonObject, Manifest, Recorded, RepoPath, State } from "../values.ts";
import { contains, equalJson, isStoredAs } from "./contains.ts";

export interface FileNow {
  readonly path: RepoPath;
  readonly blob: BlobId;
  /** undefined: not read, since its blob is the one that the record knows. */
  readonly content: JsonObject | undefined;
}

export interface DecideInput {
  /** As the cluster has it; undefined: gone. */
  readonly live: Manifest | undefined;
  readonly recorded: Recorded | undefined;
  /** The object's file on the source branch now; undefined: there is none. */
  readonly file: FileNow | undefined;
  /** Argo CD or Flux made the last change of the live object. */
  readonly appliedByConsumer: boolean;
}

export function decide(input: DecideInput): Decision {
  return input.recorded?.base === undefined ? atFirstContact(input) : sinceBase(input);
}

function sinceBase(input: DecideInput): Decision {
  const { live, recorded, file, appliedByConsumer } = input;
  const source = recorded?.source[0];
  const liveSame = live?.blob === recorded?.base;
  const sourceSame =
    file !== undefined && source !== undefined && file.path === source.path && file.blob === source.blob;
  if (liveSame && sourceSame) return none("InSync", "");
  if (live !== undefined && file !== undefined && agree(live, file)) return adopt(file);
  if (liveSame) return none("GitAhead", file === undefined ? "the file was removed in Git" : "the file changed in Git");
  if (live === undefined && file === undefined) return { action: "Forget" };
  if (appliedByConsumer && live !== undefined) return none("Applying", "a consumer of this path made the change");
  if (sourceSame) return { action: "Deliver" };
  return none("Diverged", file === undefined ? "FileRemoved" : "BothChanged");
}

function atFirstContact({ live, recorded, file }: DecideInput): Decision {
  if (live === undefined) {
    if (recorded !== undefined) return { action: "Forget" };
    return file === undefined ? none("InSync", "") : none("GitAhead", "the file was there before the object");
  }
  if (file === undefined) return { action: "Deliver" };
  return file.blob === live.blob || saysLess(live, file) ? adopt(file) : none("Diverged", "FirstContact");
}

/** The bytes are equal, or only the style is another. */
function agree(live: Manifest, file: FileNow): boolean {
  if (file.blob === live.blob) return true;
  if (file.content === undefined) return false;
  const wanted = clean(file.content);
  return equalJson(wanted, live.content) || (live.full !== undefined && equalJson(wanted, live.full));
}

/** Everything that the file wants is so; the rest are defaults. */
function saysLess(live: Manifest, file: FileNow): boolean {
  if (file.content === undefined) return false;
  const wanted = clean(file.content);
  const stored = live.full ?? live.content;
  return isBuiltIn(live.identity.group) ? isStoredAs(wanted, stored) : contains(wanted, stored);
}

function none(state: State, detail: string): Decision {
  return { action: "None", state, detail };
}

function adopt({ path, blob }: FileNow): Decision {
  return { action: "Adopt", source: { path, blob } };
}
