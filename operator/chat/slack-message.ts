/**
 * PURE: an alert as Slack shows it: Block Kit (https://docs.slack.dev/reference/block-kit/blocks), within its limits, and
 * a text for notifications.
 */
import type { AlertPress } from "../ports.ts";
import type { Alert, AlertAction, AlertItem } from "../values.ts";
import { escapeCode, escapeText, link } from "./escape.ts";

export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly object[];
}

const maxFields = 6;
/** Of a section's text. */
const maxText = 3_000;

export function slackMessage(alert: Alert): SlackMessage {
  const [only] = alert.items;
  const text = headline(alert);
  const body = only !== undefined && alert.total === 1 ? oneObject(only) : manyObjects(alert);
  return { text, blocks: [section(`${icon(alert)} *${text}*`), ...body, context([where(alert)])] };
}

/** What is said in the thread of a message that is over. */
export function resolvedText(alert: Alert): string {
  if (alert.subject === "Capture")
    return `:white_check_mark: ${escapeText(alert.items[0]?.object ?? "", 200)} works again.`;
  const what = alert.total === 1 ? escapeText(alert.items[0]?.object ?? "", 200) : `All ${alert.total} objects`;
  return `:white_check_mark: ${what}: cluster and Git agree again.`;
}

export function repeatedText(alert: Alert): string {
  const [oldest] = alert.items;
  const since = oldest === undefined ? "" : ` since ${when(oldest.since)}`;
  const what = alert.total === 1 ? escapeText(oldest?.object ?? "", 200) : `${alert.open} objects`;
  return `:hourglass: ${what} still ${alert.open === 1 ? "differs" : "differ"} from Git${since}.`;
}

function headline({ isResolved, items, open, total, capture, subject }: Alert): string {
  const name =
    total === 1 ? escapeText(items[0]?.object ?? "", 200) : `${total} objects of ${escapeText(capture, 130)}`;
  if (subject === "Capture")
    return isResolved ? `${name} works again` : `${name}: ${escapeText(items[0]?.sort ?? "", 60)}`;
  if (isResolved) return `${name}: cluster and Git agree again`;
  const left = open < total ? `, ${open} of them still` : "";
  return total === 1 ? `${name} differs from Git` : `${name} differ from Git${left}`;
}

function oneObject(item: AlertItem): readonly object[] {
  const [means, remedy] = [escapeText(item.means, 1_500), escapeText(item.remedy, 500)];
  const facts = [`*Since*\n${when(item.since)}`];
  if (item.live !== "" || item.by !== undefined) facts.push(`*Who*\n${who(item)}`);
  if (item.resolvedAt !== undefined) facts.push(`*Until*\n${when(item.resolvedAt)}`);
  const shown = item.fields.slice(0, maxFields).map((field) => escapeCode(field, 400));
  if (item.fields.length > maxFields) shown.push(`and ${item.fields.length - maxFields} more`);
  const links = item.links.map(({ url, text }) => link(url, text)).filter((text) => text !== "");
  const words = (item.resolvedAt === undefined ? `${means} ${remedy}` : means).trim();
  return [
    ...(words === "" ? [] : [section(words)]),
    { type: "section", fields: facts.map(mrkdwn) },
    ...(shown.length === 0 ? [] : [section(`\`\`\`\n${shown.join("\n")}\n\`\`\``)]),
    ...(links.length === 0 ? [] : [context(links.slice(0, 4))]),
    ...(item.actions.length === 0 || item.resolvedAt !== undefined ? [] : [buttons(item)]),
  ];
}

/** By which a press says what it is about. */
export const actionIds: Readonly<Record<AlertAction, string>> = { Keep: "clickscribe-keep", Undo: "clickscribe-undo" };

function buttons({ id, live, actions }: AlertItem): object {
  const value = `${id} ${live}`;
  const plain = (text: string): object => ({ type: "plain_text", text });
  const confirm = {
    title: plain("Undo this change?"),
    text: plain("The object in the cluster is brought back to what Git has."),
    confirm: plain("Undo"),
    deny: plain("Cancel"),
  };
  const elements = actions.map((action) => ({
    type: "button",
    action_id: actionIds[action],
    text: plain(action),
    value,
    ...(action === "Keep" ? { style: "primary" } : { style: "danger", confirm }),
  }));
  return { type: "actions", elements };
}

/** What a pressed button is about; undefined: it is none of these. */
export function pressOf(actionId: string, value: string): Pick<AlertPress, "action" | "id" | "live"> | undefined {
  const action = (["Keep", "Undo"] as const).find((each) => actionIds[each] === actionId);
  const found = /^([0-9a-f]{1,40}) ([0-9a-f]{0,40})$/.exec(value);
  return action && found ? { action, id: found[1] ?? "", live: found[2] ?? "" } : undefined;
}

function manyObjects({ items, total }: Alert): readonly object[] {
  const lines = items.map((item) => {
    const text = `${escapeText(item.object, 200)}: ${escapeText(item.sort, 60)}, since ${when(item.since)}, ${who(item)}`;
    const [first] = item.links;
    const more = first === undefined ? "" : ` ${link(first.url, first.text)}`;
    return item.resolvedAt === undefined ? `• ${text}${more}` : `• ~${text}~`;
  });
  if (total > items.length)
    lines.push(`and ${total - items.length} more: \`clickscribe status\` and \`diff\` list them`);
  return sections(lines);
}

/** As few sections as hold the lines. */
function sections(lines: readonly string[]): readonly object[] {
  const texts: string[] = [];
  for (const line of lines) {
    const last = texts.at(-1);
    if (last !== undefined && last.length + line.length < maxText) texts[texts.length - 1] = `${last}\n${line}`;
    else texts.push(line.slice(0, maxText));
  }
  return texts.map(section);
}

function who({ by, tool }: AlertItem): string {
  const name = by === undefined ? "unknown" : escapeText(by, 100);
  return tool === undefined ? name : `${name} with ${escapeText(tool, 60)}`;
}

function where({ cluster, capture, branch, remote }: Alert): string {
  const parts = [`cluster ${cluster}`, `Capture ${capture}`, ...(branch === "" ? [] : [`${branch} of ${remote}`])];
  return parts.map((part) => escapeText(part, 300)).join("  ·  ");
}

/** In the reader's time zone. */
function when(time: string): string {
  const seconds = Math.floor(Date.parse(time) / 1_000);
  return `<!date^${seconds}^{date_short_pretty} {time}|${time}>`;
}

function icon({ isResolved, severity }: Alert): string {
  if (isResolved) return ":white_check_mark:";
  return severity === "Error" ? ":red_circle:" : ":large_yellow_circle:";
}

function section(text: string): object {
  return { type: "section", text: mrkdwn(text) };
}

function context(texts: readonly string[]): object {
  return { type: "context", elements: texts.slice(0, 10).map(mrkdwn) };
}

function mrkdwn(text: string): object {
  return { type: "mrkdwn", text: text.slice(0, maxText), verbatim: true };
}
