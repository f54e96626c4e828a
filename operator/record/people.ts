/** PURE: who the users of a cluster are in Git, as a ConfigMap tells it. */
import type { JsonObject } from "../values.ts";
import { cleanName } from "./author-signature.ts";

export interface Person {
  readonly name: string;
  readonly email: string;
}

/** By the user's name in the cluster. */
export type People = ReadonlyMap<string, Person>;

export interface ReadPeople {
  readonly people: People;
  /** What could not be read, one line each, naming the key (and line). */
  readonly problems: readonly string[];
}

/** The key whose value holds a line for each user, as git-svn(1) reads with --authors-file. */
const listKey = "authors";

/** `data` of a ConfigMap: `USER: NAME <ADDRESS>`, and lines `USER = NAME <ADDRESS>` in the key `authors`. */
export function readPeople(configMap: JsonObject): ReadPeople {
  const people = new Map<string, Person>();
  const problems: string[] = [];
  const add = (user: string, text: string, where: string): void => {
    const person = parsePerson(text);
    if (user !== "" && person !== undefined) people.set(user, person);
    else problems.push(`${where} is not NAME <ADDRESS>`);
  };
  const data = configMap["data"];
  if (data === null || typeof data !== "object" || Array.isArray(data)) return { people, problems };
  for (const [key, value] of Object.entries(data)) {
    if (typeof value !== "string") continue;
    if (key !== listKey) {
      add(key, value, `data.${key}`);
      continue;
    }
    for (const [index, line] of value.split(/\r?\n/).entries()) {
      if (/^\s*(#|$)/.test(line)) continue;
      // The last one: a user may hold the character, a name hardly.
      const at = line.indexOf(" = ") < 0 ? line.lastIndexOf("=") : line.indexOf(" = ") + 1;
      const user = at < 0 ? "" : line.slice(0, at).trim();
      add(user, line.slice(at + 1), `data.${key}, line ${index + 1},`);
    }
  }
  return { people, problems };
}

function parsePerson(text: string): Person | undefined {
  const match = /^\s*([^<>]*[^<>\s])\s*<([^<>\s@]+@[^<>\s@]+)>\s*$/.exec(text);
  const [, name, email] = match ?? [];
  if (name === undefined || email === undefined) return undefined;
  if (!/^[!-;=?A-~]+@[!-;=?A-~]+$/.test(email) || email.length > 254) return undefined;
  return { name: cleanName(name), email };
}
