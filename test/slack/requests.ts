/** Reads calls as Slack does: JSON with a bearer token, forms with or without one, and the query. */
import type { IncomingMessage } from "node:http";
import { isObject, type Json, type JsonObject } from "./values.ts";

export interface Call {
  readonly httpMethod: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly query: URLSearchParams;
  readonly raw: string;
}

export interface Arguments {
  readonly token: string | undefined;
  /** Without the token. Of a form, every value is a string. */
  readonly values: JsonObject;
  readonly type: "json" | "form" | "none";
  /** An error word: the body could not be read. */
  readonly error: string | undefined;
  readonly warnings: readonly string[];
}

export async function readCall(incoming: IncomingMessage): Promise<Call> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://localhost");
  return {
    httpMethod: incoming.method ?? "",
    path: pathname,
    headers: incoming.headers,
    query: searchParams,
    raw: Buffer.concat(parts).toString("utf8"),
  };
}

export function readArguments(call: Call): Arguments {
  const bearer = /^Bearer (\S+)$/u.exec(call.headers.authorization ?? "")?.[1];
  const { token: _queried, ...query } = Object.fromEntries(call.query);
  const none: Arguments = { token: bearer, values: query, type: "none", error: undefined, warnings: [] };
  if (call.raw === "") return none;
  const [type = "", ...parameters] = (call.headers["content-type"] ?? "").split(";").map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice("charset=".length);
  if (charset !== undefined && !["utf-8", "utf8", "iso-8859-1"].includes(charset.toLowerCase())) {
    return { ...none, error: "invalid_charset" };
  }
  if (type === "application/json") {
    const warnings = charset === undefined ? ["missing_charset"] : [];
    const body = parsed(call.raw);
    if (body === undefined) return { ...none, type: "json", error: "invalid_json" };
    if (!isObject(body)) return { ...none, type: "json", error: "json_not_object" };
    const { token: _token, ...values } = body;
    return { ...none, values: { ...query, ...values }, type: "json", warnings };
  }
  if (type === "application/x-www-form-urlencoded") {
    const { token, ...values } = Object.fromEntries(new URLSearchParams(call.raw));
    const warnings = charset === undefined ? [] : ["superfluous_charset"];
    return { ...none, token: bearer ?? token, values: { ...query, ...values }, type: "form", warnings };
  }
  return { ...none, error: type === "" ? "missing_post_type" : "invalid_post_type" };
}

/** An argument that is an array or an object: JSON itself, of a form its JSON text. `undefined` also when absent. */
export function structured(
  values: JsonObject,
  key: string,
): { readonly value: Json | undefined; readonly bad: boolean } {
  const given = values[key];
  if (typeof given !== "string") return { value: given ?? undefined, bad: false };
  if (given === "") return { value: undefined, bad: false };
  const value = parsed(given);
  return { value, bad: value === undefined };
}

export function flag(value: Json | undefined): boolean {
  return value === true || value === "true" || value === "1" || value === 1;
}

export function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
