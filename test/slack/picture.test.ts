/** docs/slack.svg shows what people see of an alert in Slack; UPDATE=1 draws it anew. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { driftSorts } from "../../operator/api/reasons.ts";
import { slackMessage } from "../../operator/chat/slack-message.ts";
import type { Alert } from "../../operator/values.ts";
import { root } from "../harness/install.ts";
import { blockKitProblems } from "./block-kit.ts";
import { renderBlockKit } from "./render.ts";
import type { JsonObject } from "./values.ts";

const alert: Alert = {
  cluster: "prod",
  capture: "shop/everything",
  branch: "main",
  remote: "https://git.example.com/acme/platform.git",
  severity: "Warning",
  subject: "Drift",
  isResolved: false,
  open: 1,
  total: 1,
  items: [
    {
      id: "0123456789ab",
      object: "Deployment.apps shop/web",
      sort: "ChangedInCluster",
      ...driftSorts.ChangedInCluster,
      severity: "Warning",
      since: "2026-03-02T09:41:00Z",
      by: "alice@example.com",
      tool: "Headlamp",
      fields: ["scale 3 -> 5", "image app 1.4.2 -> 1.5.0-rc.1"],
      links: [
        { text: "Open the object", url: "https://headlamp.example.com/c/prod/deployments/shop/web" },
        { text: "Open the file", url: "https://git.example.com/acme/platform/src/branch/main/apps/shop/web.yaml" },
      ],
      live: "0123456789abcdef0123456789abcdef01234567",
      actions: ["Keep", "Undo"],
    },
  ],
};

it("docs/slack.svg is drawn from the message that Slack gets", () => {
  const message = slackMessage(alert);
  assert.deepEqual(blockKitProblems({ text: message.text, blocks: message.blocks as JsonObject[] }), []);
  const picture = renderBlockKit({ ...message, blocks: message.blocks as JsonObject[], time: "9:51 AM" });
  const file = join(root, "docs/slack.svg");
  if (process.env["UPDATE"] === "1") writeFileSync(file, picture);
  assert.equal(readFileSync(file, "utf8"), picture);
});
