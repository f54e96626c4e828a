/** What is declared of metrics and log lines is what the sources use, no more and no less. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { logEvents, logFields } from "../operator/telemetry/log-events.ts";
import { metricDeclarations } from "../operator/telemetry/metric-declarations.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const sources = globSync("{operator,webhooks}/**/*.ts", { cwd: root })
  .filter((file) => !file.endsWith(".test.ts"))
  .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));

interface LogCall {
  readonly file: string;
  readonly level: string;
  readonly data: string;
  readonly message: string;
}

function logCalls(): readonly LogCall[] {
  return sources
    .filter(({ file }) => file !== "operator/telemetry/log.ts")
    .flatMap(({ file, text }) =>
      [...text.matchAll(/\blog\s*\.(debug|info|warn|error)\(/g)].flatMap((match) => {
        const args = argumentsFrom(text, match.index + match[0].length);
        assert.equal(args.length, 2, `${file}: ${match[0]}${args.join()}`);
        const [data = "", said = ""] = args;
        return messagesOf(said, text).map((message) => {
          const problem = `${file}: ${match[0]}…, ${said}): the message is one string, what varies goes into fields`;
          assert.match(message, /^"[^"]*"$/, problem);
          return { file, level: match[1] ?? "", data, message: message.slice(1, -1) };
        });
      }),
    );
}

/** A string itself, that of a constant of the file, or all those of a table of the file. */
function messagesOf(said: string, text: string): readonly string[] {
  if (said.startsWith('"')) return [said];
  const [, name = "", isTable] = /^(\w+)(\[.*\])?$/.exec(said) ?? [];
  if (isTable === undefined) return [new RegExp(`const ${name} =\\s*("[^"]*")`).exec(text)?.[1] ?? said];
  const table = new RegExp(`const ${name}[^=]*= \\{([^}]*)\\}`).exec(text)?.[1] ?? "";
  return [...table.matchAll(/"[^"]*"/g)].map(([message]) => message);
}

/** The arguments of a call, by brackets and double quotes. */
function argumentsFrom(text: string, start: number): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let from = start;
  for (let i = start; i < text.length; i++) {
    const char = text[i] ?? "";
    if (char === '"') i = text.indexOf('"', i + 1);
    else if ("([{".includes(char)) depth++;
    else if (depth === 0 && (char === "," || char === ")")) {
      found.push(text.slice(from, i).trim());
      from = i + 1;
      if (char === ")") break;
    } else if (")]}".includes(char)) depth--;
  }
  return found.filter((argument) => argument !== "");
}

describe("the log", () => {
  const calls = logCalls();
  it("holds only lines that are declared, at their level", () => {
    const declared = new Set(logEvents.map(({ level, message }) => `${level} ${message}`));
    for (const { file, level, message } of calls)
      assert.ok(
        declared.has(`${level} ${message}`),
        `${file}: declare ${level} "${message}" in telemetry/log-events.ts`,
      );
  });
  it("has no line declared that nothing writes, nor twice", () => {
    const written = new Set(calls.map(({ message }) => message));
    for (const { message } of logEvents) assert.ok(written.has(message), message);
    assert.equal(new Set(logEvents.map(({ message }) => message)).size, logEvents.length);
  });
  it("gives each line the fields that are declared", () => {
    for (const { file, data, message } of calls) {
      if (!/^\{[^.]*\}$/s.test(data.replaceAll(/: [^,{}]*/g, ""))) continue;
      const fields = argumentsFrom(`${data.slice(1, -1)})`, 0).map((field) => /^\w+/.exec(field)?.[0] ?? field);
      assert.deepEqual(fields, logEvents.find((event) => event.message === message)?.fields, `${file}: ${message}`);
    }
  });
  it("explains every field once", () => {
    const used = new Set(logEvents.flatMap(({ fields }) => fields.map((field) => field.replace("?", ""))));
    assert.deepEqual([...used].toSorted(), Object.keys(logFields).toSorted());
  });
});

describe("metrics", () => {
  it("are all set somewhere, and only declared ones", () => {
    const declared = new Set(metricDeclarations.map(({ name }) => name));
    const used = new Set<string>();
    for (const { file, text } of sources) {
      if (file === "operator/telemetry/metric-declarations.ts") continue;
      for (const [, name = ""] of text.matchAll(/"(clickscribe_[a-z_]+)"/g)) {
        assert.ok(declared.has(name), `${file}: ${name}`);
        used.add(name);
      }
    }
    assert.deepEqual([...used].toSorted(), [...declared].toSorted());
  });
});
