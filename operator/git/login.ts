import type { RemoteAccess } from "../ports.ts";
import type { GitHubApps } from "./github-app.ts";

/** What makes a server know us. */
export interface Login {
  /** Value of the header Authorization; undefined: none is sent. Throws Failure. */
  authorization(): Promise<string | undefined>;
  /** Told that a server refused this value; answers whether asking for another one makes sense. */
  renew(refused: string | undefined): boolean;
}

export function createLogin(access: RemoteAccess, apps: GitHubApps): Login {
  const { credentials } = access;
  if (credentials.type === "GitHubApp") {
    const tokens = apps.tokens(credentials, access);
    return {
      // The user name that GitHub documents for installation tokens.
      authorization: async () => basic("x-access-token", await tokens.token()),
      renew(refused) {
        tokens.forget((token) => basic("x-access-token", token) === refused);
        return true;
      },
    };
  }
  const value =
    credentials.type === "Bearer"
      ? `Bearer ${credentials.token}`
      : credentials.type === "Basic"
        ? basic(credentials.username, credentials.password)
        : undefined;
  return { authorization: async () => value, renew: () => false };
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
