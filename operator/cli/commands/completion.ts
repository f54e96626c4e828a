import { completionLine, readCompletionConfig } from "../../config/completion.ts";
import type { Command } from "../command.ts";
import { scripts } from "../completion/scripts.ts";
import { perform } from "../perform.ts";

export const completion: Command = {
  line: completionLine,
  group: "Other",
  summary: "prints what a shell sources to complete the words of this program",
  details: "kubectl clickscribe is completed by kubectl, which finds kubectl_complete-clickscribe beside it.",
  examples: [
    "source <(clickscribe completion bash)",
    "source <(clickscribe completion zsh)",
    "clickscribe completion fish > ~/.config/fish/completions/clickscribe.fish",
    "clickscribe completion powershell | Out-String | Invoke-Expression",
  ],
  act: (context) =>
    perform("completion", readCompletionConfig(context), context, async ({ shell }) => {
      context.terminal.out(scripts[shell]);
    }),
};
