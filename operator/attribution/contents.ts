/** PURE: contents compared as manifests are. */
import { clean } from "../manifest/clean.ts";
import { equalJson } from "../merge/contains.ts";
import type { Contents } from "./join.ts";

export const manifestContents: Contents = { clean, equal: equalJson };
