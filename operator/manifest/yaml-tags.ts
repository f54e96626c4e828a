/**
 * How kubectl, Argo CD and Flux resolve plain scalars: sigs.k8s.io/yaml, which is YAML 1.1 with exceptions (resolve.go of
 * its goyaml.v2). `on` is true and `0755` is 493, but `12:30` and `2024-01-01` are strings.
 */
import type { ScalarTag } from "yaml";
import type { Json } from "../values.ts";
import { verbatim } from "./verbatim.ts";

export const kubernetesTags: readonly ScalarTag[] = [
  tag("null", /^(?:~|null|Null|NULL)?$/, () => null),
  tag("bool", /^(?:[yY]|yes|Yes|YES|true|True|TRUE|on|On|ON)$/, () => true),
  tag("bool", /^(?:[nN]|no|No|NO|false|False|FALSE|off|Off|OFF)$/, () => false),
  tag(
    "int",
    /^[-+]?(?:[1-9][0-9_]*|0[0-7_]*|0[oO]_*[0-7][0-7_]*|0[xX]_*[0-9a-fA-F][0-9a-fA-F_]*|0[bB]_*[01][01_]*)$/,
    integer,
  ),
  tag("float", /^[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?$/, float),
];

function tag(name: string, test: RegExp, resolve: (source: string) => Json): ScalarTag {
  return { tag: `tag:yaml.org,2002:${name}`, default: true, test, resolve };
}

/** Decimal, 0755, 0o755, 0x1F or 0b11; underscores count for nothing. What a double cannot carry stays as it is. */
function integer(source: string): Json {
  const digits = source.replaceAll("_", "").replace(/^[-+]/, "");
  const octal = /^0[0-7]+$/.test(digits);
  const amount = BigInt(octal ? `0o${digits}` : digits.toLowerCase());
  const text = String(source.startsWith("-") ? -amount : amount);
  return String(Number(text)) === text ? Number(text) : verbatim(text);
}

function float(source: string): Json {
  const number = Number(source.replaceAll("_", ""));
  return Number.isFinite(number) ? number : source;
}
