/** How one Capture reads objects: which are kept, and what of them is written. */
import type { SkipReason } from "../api/reasons.ts";
import type { JsonObject, Kind, Manifest } from "../values.ts";
import { clean } from "./clean.ts";
import { withoutControllersFields } from "./controllers.ts";
import { covers, patternsFor, withoutFields } from "./field-pattern.ts";
import { filter } from "./filter.ts";
import { type FoundCredential, findCredential, mayHoldCredential } from "./find-credential.ts";
import { identityOf } from "./identity.ts";
import { withoutMarks } from "./marks.ts";
import type { Policy } from "./policy.ts";
import { manifestOf } from "./to-manifest.ts";

export type Reading =
  | {
      readonly verdict: "Kept";
      readonly manifest: Manifest;
      /** By the rules alone, as what people announced is compared with it. */
      readonly cleaned: JsonObject;
    }
  | { readonly verdict: "Skipped"; readonly reason: SkipReason; readonly detail: string };

export interface ObjectReader {
  /** A raw object, as the API server sent it. */
  readonly read: (object: JsonObject, kind: Kind) => Reading;
  /** What is written of a raw object, or of one that stands in Git: by the rules of this or an older version. Idempotent. */
  readonly content: (object: JsonObject, rules?: number) => JsonObject;
}

export function createObjectReader(policy: Policy): ObjectReader {
  const formed = (cleaned: JsonObject, raw: JsonObject): JsonObject =>
    withoutFields(
      withoutMarks(withoutControllersFields(cleaned, raw), policy.managedBy),
      patternsFor(policy.ignore, identityOf(cleaned)),
    );
  return {
    read(object, kind) {
      const filtered = filter(object, kind, policy);
      if (filtered.verdict === "Skipped") return filtered;
      const cleaned = clean(object);
      const manifest = manifestOf(object, formed(cleaned, object));
      const found = credentialIn(manifest, policy);
      if (found === undefined) return { verdict: "Kept", manifest, cleaned };
      return { verdict: "Skipped", reason: "CredentialInClear", detail: `${found.what} at ${found.path}` };
    },
    content: (object, rules) => formed(clean(object, rules), object),
  };
}

function credentialIn(manifest: Manifest, { allow }: Policy): FoundCredential | undefined {
  if (!mayHoldCredential(manifest)) return undefined;
  const { identity, content } = manifest;
  const allowed = patternsFor(allow, identity);
  return findCredential(content, (path) => allowed.some((pattern) => covers(pattern, path, content)));
}
