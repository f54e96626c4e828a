/** Judges a message by the limits that Slack documents for Block Kit, in the words of its `invalid_blocks` answers. */
import { isArray, isObject, type Json, type JsonObject, textOf } from "./values.ts";

export interface JudgedMessage {
  readonly text?: Json | undefined;
  readonly blocks?: Json | undefined;
  readonly attachments?: Json | undefined;
}

/** One judged value: where it is (a JSON pointer) and where complaints go. */
interface Place {
  readonly at: string;
  readonly found: string[];
  /** Ids seen so far in the message. */
  readonly blockIds: Set<string>;
  readonly actionIds: Set<string>;
}

interface TextLimit {
  readonly max: number;
  readonly plain?: boolean;
}

type Judge = (value: JsonObject, place: Place) => void;

/** Messages may have more kinds; these are the ones that are judged, any other is told to be unsupported. */
const blockKinds: { readonly [type: string]: { readonly fields: readonly string[]; readonly judge: Judge } } = {
  divider: { fields: [], judge: () => {} },
  header: {
    fields: ["text", "level"],
    judge: (block, place) => text(block, "text", place, { max: 150, plain: true }),
  },
  section: { fields: ["text", "fields", "accessory", "expand"], judge: section },
  context: { fields: ["elements"], judge: (block, place) => list(block, "elements", place, 10, contextElement) },
  actions: { fields: ["elements"], judge: (block, place) => list(block, "elements", place, 25, interactiveElement) },
  image: { fields: ["image_url", "slack_file", "alt_text", "title"], judge: image },
  markdown: { fields: ["text"], judge: (block, place) => string(block, "text", place, { max: 12_000, min: 1 }) },
  rich_text: { fields: ["elements"], judge: (block, place) => list(block, "elements", place, undefined, richText) },
};

const menus = ["static_select", "external_select", "users_select", "conversations_select", "channels_select"];
const interactiveKinds: readonly string[] = [
  "button",
  "checkboxes",
  "datepicker",
  "datetimepicker",
  "overflow",
  "radio_buttons",
  "timepicker",
  "workflow_button",
  ...menus,
  ...menus.map((menu) => `multi_${menu}`),
];
const buttonFields = ["type", "text", "action_id", "url", "value", "style", "confirm", "accessibility_label"];
const richTextKinds = ["rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"];

/**
 * What Slack would reject: one line a complaint, `WHAT [json-pointer:WHERE]`; empty: it would take the message.
 * Lengths are UTF-16 units. Ids must be unique in the whole message, of which Slack documents less for `action_id`: in
 * its block.
 */
export function blockKitProblems(message: JudgedMessage): readonly string[] {
  const place: Place = { at: "", found: [], blockIds: new Set(), actionIds: new Set() };
  const { text: fallback, blocks, attachments } = message;
  if (fallback !== undefined) {
    if (typeof fallback !== "string") complain(inner(place, "text"), "must provide a string");
    else if (fallback.length > 40_000) complain(inner(place, "text"), "must be less than 40001 characters");
  }
  if (blocks !== undefined) judgeBlocks(blocks, inner(place, "blocks"));
  if (attachments !== undefined) judgeAttachments(attachments, inner(place, "attachments"));
  const nothing = (value: Json | undefined): boolean => value === undefined || (isArray(value) && value.length === 0);
  if ((fallback === undefined || fallback === "") && nothing(blocks) && nothing(attachments)) {
    complain(inner(place, "text"), "missing required field: text");
  }
  return place.found;
}

/** Characters of all texts in blocks. Slack answers `msg_blocks_too_long` beyond about 12,000, which it documents nowhere. */
export function blockTextLength(blocks: Json): number {
  if (isArray(blocks)) return blocks.reduce<number>((sum, one) => sum + blockTextLength(one), 0);
  if (!isObject(blocks)) return 0;
  return Object.entries(blocks).reduce(
    (sum, [key, value]) => sum + (key === "text" && typeof value === "string" ? value.length : blockTextLength(value)),
    0,
  );
}

function judgeAttachments(attachments: Json, place: Place): void {
  if (!isArray(attachments)) return complain(place, "must provide an array");
  if (attachments.length > 100) complain(place, "no more than 100 items allowed");
  for (const [index, attachment] of attachments.entries()) {
    const here = inner(place, index);
    if (!isObject(attachment)) complain(here, "must provide an object");
    else if (attachment["blocks"] !== undefined) judgeBlocks(attachment["blocks"], inner(here, "blocks"));
  }
}

function judgeBlocks(blocks: Json, place: Place): void {
  if (!isArray(blocks)) return complain(place, "must provide an array");
  if (blocks.length > 50) complain(place, "no more than 50 items allowed");
  for (const [index, block] of blocks.entries()) judgeBlock(block, inner(place, index));
}

function judgeBlock(block: Json, place: Place): void {
  if (!isObject(block)) return complain(place, "must provide an object");
  const type = textOf(block["type"]);
  if (type === undefined) return complain(place, "missing required field: type");
  const kind = Object.hasOwn(blockKinds, type) ? blockKinds[type] : undefined;
  if (kind === undefined) return complain(inner(place, "type"), `unsupported type: ${type}`);
  onlyFields(block, ["type", "block_id", ...kind.fields], place);
  identifier(block, "block_id", place, place.blockIds);
  kind.judge(block, place);
}

function section(block: JsonObject, place: Place): void {
  if (block["text"] === undefined && block["fields"] === undefined) complain(place, "missing required field: text");
  if (block["text"] !== undefined) text(block, "text", place, { max: 3000 });
  if (block["fields"] !== undefined) {
    list(block, "fields", place, 10, (field, at) => textObject(field, at, { max: 2000 }));
  }
  const accessory = block["accessory"];
  if (accessory === undefined) return;
  const at = inner(place, "accessory");
  if (isObject(accessory) && accessory["type"] === "image") imageElement(accessory, at);
  else interactiveElement(accessory, at);
}

function image(block: JsonObject, place: Place): void {
  imageSource(block, place);
  if (block["title"] !== undefined) text(block, "title", place, { max: 2000, plain: true });
}

function imageElement(element: JsonObject, place: Place): void {
  onlyFields(element, ["type", "image_url", "slack_file", "alt_text"], place);
  imageSource(element, place);
}

function imageSource(holder: JsonObject, place: Place): void {
  if (holder["slack_file"] === undefined) string(holder, "image_url", place, { max: 3000, min: 1 });
  string(holder, "alt_text", place, { max: 2000 });
}

function contextElement(element: Json, place: Place): void {
  if (!isObject(element)) return complain(place, "must provide an object");
  if (element["type"] === "image") imageElement(element, place);
  else textObject(element, place, { max: 3000 });
}

function interactiveElement(element: Json, place: Place): void {
  if (!isObject(element)) return complain(place, "must provide an object");
  const type = textOf(element["type"]);
  if (type === undefined) return complain(place, "missing required field: type");
  if (!interactiveKinds.includes(type)) return complain(inner(place, "type"), `unsupported type: ${type}`);
  identifier(element, "action_id", place, place.actionIds);
  if (type === "button") button(element, place);
  if (type === "overflow") list(element, "options", place, 5, (one, at) => option(one, at));
  if (type.endsWith("static_select") && element["option_groups"] === undefined) {
    list(element, "options", place, 100, (one, at) => option(one, at));
  }
  if (type === "checkboxes" || type === "radio_buttons")
    list(element, "options", place, 10, (one, at) => option(one, at));
  if (element["placeholder"] !== undefined) text(element, "placeholder", place, { max: 150, plain: true });
  if (element["confirm"] !== undefined) confirmation(element["confirm"], inner(place, "confirm"));
}

function button(element: JsonObject, place: Place): void {
  onlyFields(element, buttonFields, place);
  text(element, "text", place, { max: 75, plain: true });
  if (element["value"] !== undefined) string(element, "value", place, { max: 2000 });
  if (element["url"] !== undefined) {
    string(element, "url", place, { max: 3000 });
    const url = textOf(element["url"]);
    if (url !== undefined && !URL.canParse(url)) complain(inner(place, "url"), "must be a valid URL");
  }
  if (element["accessibility_label"] !== undefined) string(element, "accessibility_label", place, { max: 75 });
  style(element, place);
}

function confirmation(confirm: Json, place: Place): void {
  if (!isObject(confirm)) return complain(place, "must provide an object");
  onlyFields(confirm, ["title", "text", "confirm", "deny", "style"], place);
  text(confirm, "title", place, { max: 100, plain: true });
  text(confirm, "text", place, { max: 300 });
  text(confirm, "confirm", place, { max: 30, plain: true });
  text(confirm, "deny", place, { max: 30, plain: true });
  style(confirm, place);
}

function option(value: Json, place: Place): void {
  if (!isObject(value)) return complain(place, "must provide an object");
  text(value, "text", place, { max: 75 });
  if (value["value"] !== undefined || value["url"] === undefined) string(value, "value", place, { max: 150 });
}

function richText(element: Json, place: Place): void {
  if (!isObject(element)) return complain(place, "must provide an object");
  const type = textOf(element["type"]) ?? "";
  if (!richTextKinds.includes(type)) return complain(inner(place, "type"), `unsupported type: ${type}`);
  if (!isArray(element["elements"])) complain(place, "missing required field: elements");
}

function style(holder: JsonObject, place: Place): void {
  const { style: given } = holder;
  if (given === undefined || given === "primary" || given === "danger") return;
  complain(inner(place, "style"), "must be one of: primary, danger");
}

function text(holder: JsonObject, key: string, place: Place, limit: TextLimit): void {
  const value = holder[key];
  if (value === undefined) return complain(place, `missing required field: ${key}`);
  textObject(value, inner(place, key), limit);
}

function textObject(value: Json, place: Place, limit: TextLimit): void {
  if (!isObject(value)) return complain(place, "must provide an object");
  const type = textOf(value["type"]);
  if (type === undefined) return complain(place, "missing required field: type");
  if (type !== "plain_text" && (type !== "mrkdwn" || limit.plain === true)) {
    return complain(inner(place, "type"), `unsupported type: ${type}`);
  }
  onlyFields(value, ["type", "text", type === "plain_text" ? "emoji" : "verbatim"], place);
  string(value, "text", place, { max: limit.max, min: 1 });
}

function string(holder: JsonObject, key: string, place: Place, limit: { max: number; min?: number }): void {
  const value = holder[key];
  if (value === undefined) return complain(place, `missing required field: ${key}`);
  const at = inner(place, key);
  if (typeof value !== "string") return complain(at, "must provide a string");
  if (value.length > limit.max) complain(at, `must be less than ${limit.max + 1} characters`);
  if (value.length < (limit.min ?? 0)) complain(at, "must be more than 0 characters");
}

function identifier(holder: JsonObject, key: "block_id" | "action_id", place: Place, seen: Set<string>): void {
  const value = holder[key];
  if (value === undefined) return;
  string(holder, key, place, { max: 255, min: 1 });
  if (typeof value !== "string") return;
  if (seen.has(value)) complain(inner(place, key), `\`${key}\` "${value}" already exists`);
  seen.add(value);
}

function list(
  holder: JsonObject,
  key: string,
  place: Place,
  max: number | undefined,
  judge: (value: Json, place: Place) => void,
): void {
  const value = holder[key];
  if (value === undefined) return complain(place, `missing required field: ${key}`);
  const at = inner(place, key);
  if (!isArray(value)) return complain(at, "must provide an array");
  if (value.length === 0) complain(at, "no less than 1 items allowed");
  if (max !== undefined && value.length > max) complain(at, `no more than ${max} items allowed`);
  for (const [index, one] of value.entries()) judge(one, inner(at, index));
}

function onlyFields(value: JsonObject, known: readonly string[], place: Place): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) complain(place, `invalid additional property: ${key}`);
  }
}

function inner(place: Place, key: string | number): Place {
  return { ...place, at: `${place.at}/${key}` };
}

function complain(place: Place, what: string): void {
  place.found.push(`${what} [json-pointer:${place.at}]`);
}
