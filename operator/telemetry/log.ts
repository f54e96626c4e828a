/**
 * The log: one JSON object a line on stdout, by pino.
 *
 * Names, users and servers' words in it may be hostile, so nothing in a value can begin a line, move a terminal's cursor
 * or turn text around; strings, lists and depth are capped; what a key or its shape says is secret is left out.
 */
import pino from "pino";
import { redact } from "../failures.ts";
import type { Log } from "../ports.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface LogOptions {
  /** Default: `info`. */
  readonly level?: LogLevel;
  /** Takes one line with its newline. Default: stdout. */
  readonly write?: (line: string) => void;
}

const redacted = "[redacted]";
const secretKey = /pass(?:word|phrase)?$|token$|secret$|authorization|cookie|credential|private_?key|kubeconfig/i;
/** Raw objects and their contents never belong in a log. */
const contentKey = /^(?:data|binaryData|stringData|object|oldObject|body|manifest|content)$/;
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;
const limits = { text: 2_048, items: 50, depth: 5 } as const;

export function createLog(options: LogOptions = {}): Log {
  const write = options.write ?? ((line: string): void => void process.stdout.write(line));
  const logger = pino(
    {
      level: options.level ?? "info",
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => write(escapeControls(line)) },
  );
  return {
    debug: (data, message) => emit("debug", data, message),
    info: (data, message) => emit("info", data, message),
    warn: (data, message) => emit("warn", data, message),
    error: (data, message) => emit("error", data, message),
  };

  function emit(level: LogLevel, data: object, message: string): void {
    if (!logger.isLevelEnabled(level)) return;
    logger[level](bound(data, 0), text(message));
  }
}

/** A copy that is safe to print: bounded, redacted, errors as their name, message and code. */
function bound(value: unknown, depth: number): object {
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value ?? {}).slice(0, limits.items)) {
    // These two are the line's own.
    const name = depth === 0 && (key === "level" || key === "time" || key === "msg") ? `${key}_` : text(key);
    Object.defineProperty(out, name, {
      value: isSecret(key, item) ? redacted : boundValue(item, depth + 1),
      enumerable: true,
    });
  }
  return out;
}

function isSecret(key: string, value: unknown): boolean {
  return secretKey.test(key) || (contentKey.test(key) && typeof value === "object");
}

function boundValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return text(value);
  if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "function") return text(String(value));
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) {
    const code = "code" in value && typeof value.code === "string" ? { code: text(value.code) } : {};
    const cause =
      value.cause === undefined || depth >= limits.depth ? {} : { cause: boundValue(value.cause, depth + 1) };
    return { name: text(value.name), message: text(value.message), ...code, ...cause };
  }
  if (depth >= limits.depth) return "[deeper]";
  if (Array.isArray(value)) return value.slice(0, limits.items).map((item) => boundValue(item, depth + 1));
  return bound(value, depth);
}

function text(value: string): string {
  const safe = redact(value.slice(0, 2 * limits.text)).replace(privateKey, redacted);
  return safe.length > limits.text ? `${safe.slice(0, limits.text)}[cut]` : safe;
}

/** DEL, C1, line and paragraph separators and bidirectional controls, which JSON leaves as they are; only strings hold any. */
function escapeControls(line: string): string {
  return line.replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
