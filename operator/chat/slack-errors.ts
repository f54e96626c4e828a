/** PURE: what Slack's error words mean, and what to do (the methods chat.postMessage and chat.update; incoming webhooks). */
const newToken = "put a valid bot token (xoxb-...) into the Secret as token";
const invite = "invite the app to the channel with /invite, or correct spec.channel";
const newWebhook = "make a new incoming webhook, and put its URL into the Secret as address";

const remedies: Readonly<Partial<Record<string, string>>> = {
  channel_not_found: invite,
  not_in_channel: invite,
  is_archived: "unarchive the channel, or name another in spec.channel",
  channel_is_archived: "unarchive the channel, or make a webhook for another",
  restricted_action: "let the app post to this channel, or name another in spec.channel",
  invalid_auth: newToken,
  not_authed: newToken,
  token_revoked: newToken,
  token_expired: newToken,
  account_inactive: newToken,
  not_allowed_token_type: newToken,
  missing_scope: "give the app the scope chat:write, install it again, and renew the token in the Secret",
  no_permission: "give the app the scope chat:write, install it again, and renew the token in the Secret",
  no_service: newWebhook,
  no_team: newWebhook,
  no_active_hooks: newWebhook,
  invalid_token: newWebhook,
  action_prohibited: "let the app post to this channel: an administrator of the workspace forbids it",
  posting_to_general_channel_denied: "let the app post to this channel, or name another",
  ekm_access_denied: "an administrator of the workspace suspended posting: ask there",
  org_login_required: "the workspace is being moved: try again once that is done",
};

/** Those that go away by themselves. */
const passing: ReadonlySet<string> = new Set([
  "ratelimited",
  "rate_limited",
  "internal_error",
  "fatal_error",
  "service_unavailable",
  "request_timeout",
  "team_added_to_org",
  "rollup_error",
]);

const newAppToken = "put an app-level token (xapp-...) with the scope connections:write into the Secret as appToken";

/** `isAppToken`: it was said of the token of Socket Mode. */
export function slackRemedy(word: string, isAppToken = false): string {
  const known = remedies[word];
  if (isAppToken && (known === newToken || word === "missing_scope")) return newAppToken;
  return known ?? "report it: it is not known to Clickscribe";
}

export function isPassing(word: string): boolean {
  return passing.has(word);
}

/** The message is not there any more, or not to be changed: a new one takes its place. */
export function isGone(word: string): boolean {
  return ["message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"].includes(word);
}
