/** What the story is played on: an API server with people, whether embedded or somebody's own. */
export interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- raw Kubernetes JSON, read by a demo that knows what it asked for
  readonly body: any;
}

export interface Stage extends AsyncDisposable {
  /** For people. */
  readonly server: string;
  readonly namespace: string;
  /** A file with one context per user, and the context of the person who watches. */
  readonly kubeconfig: string;
  readonly context: string;
  /** Context by user. */
  readonly users: Readonly<Record<string, string>>;
  /** A kubeconfig that holds the operator's ServiceAccount token and nothing else. */
  readonly operatorKubeconfig: string;
  readonly operatorFlags: readonly string[];
  /** The webhook can be reached, so authors are known. */
  readonly attributes: boolean;
  /** What is captured, as kubectl names it. */
  readonly resources: readonly string[];
  /** A custom kind is served. */
  readonly hasWidgets: boolean;
  /** As a user of the story, or as whoever set the stage. */
  request(user: string, method: string, path: string, body?: object, contentType?: string): Promise<Answer>;
  kubectl(args: readonly string[], options?: { readonly input?: string; readonly check?: boolean }): Promise<string>;
}

export const setter = "admin";

/** Throws with what the API server said. */
export async function must(stage: Pick<Stage, "request">, ...args: Parameters<Stage["request"]>): Promise<Answer> {
  const answer = await stage.request(...args);
  if (answer.status < 300) return answer;
  const [user, method, path] = args;
  throw new Error(`${user}: ${method} ${path}: ${answer.status} ${answer.body?.message ?? ""}`);
}
