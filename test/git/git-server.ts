/**
 * A real git server on loopback, for the demo and the tests: bare repositories over smart HTTP by `git http-backend`
 * (protocol v0 to v2) behind a CGI bridge, with faults that can be set while it runs.
 *
 * Invariants: no git process outlives `stop()`; no git process sees the machine's or the user's configuration; a push
 * that was read in full is performed even if its client has gone, any other is not.
 */
import { access, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createServerCertificate } from "./certificate.ts";
import { combinePlans, createFaults, type FaultPlan, type Faults, type Push } from "./faults.ts";
import { isolatedEnvironment, runGit, withConfiguration } from "./git-cli.ts";
import { type HttpBackend, startHttpBackend } from "./http-backend.ts";
import type { RefUpdate } from "./receive-pack.ts";
import {
  authenticate,
  authorization,
  challenge,
  type GitServerAuth,
  parseTarget,
  type RequestCounts,
  reply,
} from "./request.ts";
import { now, servePush } from "./serve-push.ts";
import { serveRead } from "./serve-read.ts";
import { createTestRepository, type RepositoryOptions, type TestRepository } from "./test-repository.ts";

export interface GitServerOptions {
  /** What every request must bring; none: anybody may read and push. */
  readonly auth?: GitServerAuth;
  readonly tls?: boolean;
  /** DNS names that the certificate is for, besides loopback's. */
  readonly names?: readonly string[];
  /** Folder of the repositories, made where missing and kept by `stop()`. Default: a temporary one, removed. */
  readonly root?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Speaks no version of the protocol that a client asks for, as servers before git 2.18. */
  readonly oldProtocol?: boolean;
}

/** A push that the server has just performed. */
export interface PostReceive {
  /** When http-backend had ended, in milliseconds since the epoch, with fractions. */
  readonly at: number;
  readonly repository: string;
  /** The refs that moved. */
  readonly refs: readonly RefUpdate[];
  readonly push: Push;
}

export interface GitServer extends Faults {
  /** Base URL, without a slash at its end and without user information. */
  readonly url: string;
  readonly port: number;
  /** PEM of the CA, with TLS. */
  readonly ca?: string;
  readonly root: string;
  /** Oldest first. Requests that were answered without being looked at (wrong credentials, `status`) are none. */
  readonly pushes: readonly Push[];
  readonly requests: Readonly<RequestCounts>;
  /** Requests without the right credentials. */
  readonly refused: number;
  /** What http-backend printed to its standard error where it failed; for reading when a test fails. */
  readonly errors: readonly string[];
  /** Name may have slashes; the URL is `<url>/<name>.git`. */
  createRepository(name: string, options?: RepositoryOptions): Promise<TestRepository>;
  /** Calls back when a push with at least one accepted ref has been performed. Answers the function that ends it. */
  onPostReceive(listener: (event: PostReceive) => void): () => void;
  /** Resolves with the next push that fits, performed. */
  nextPostReceive(predicate?: (event: PostReceive) => boolean): Promise<PostReceive>;
  /** Isolated environment for a git CLI that is a client: with the right credentials (or others, or none) and the CA. */
  clientEnvironment(auth?: GitServerAuth | null): NodeJS.ProcessEnv;
  /** Changes what requests must bring. */
  setAuth(auth: GitServerAuth | undefined): void;
  /** Closes the listening socket and destroys all connections. Pushes received in full go on to their end. */
  down(): Promise<void>;
  /** Listens again on the same port. */
  up(): Promise<void>;
  /** Ends everything; a second call does nothing more. */
  stop(): Promise<void>;
}

/** Starts the server. Throws where the port is taken, or git has no http-backend. */
export async function startGitServer(options: GitServerOptions = {}): Promise<GitServer> {
  await requireHttpBackend();
  const scratch = await mkdtemp(join(tmpdir(), "git-server-"));
  const root = options.root ?? join(scratch, "repositories");
  const home = join(scratch, "home");
  await Promise.all([mkdir(root, { recursive: true }), mkdir(home)]);
  const tls = options.tls ? await createServerCertificate(options.names) : undefined;
  const caFile = join(scratch, "ca.pem");
  if (tls) await writeFile(caFile, tls.ca);
  const env = isolatedEnvironment(home);

  let auth = options.auth;
  let refused = 0;
  let stopping: Promise<void> | undefined;
  let listener: Server | undefined;
  const sockets = new Set<Socket>();
  const backends = new Set<HttpBackend>();
  const plans = new Map<string, FaultPlan>();
  const pushes: Push[] = [];
  const errors: string[] = [];
  const listeners = new Set<(event: PostReceive) => void>();
  const requests: RequestCounts = {
    advertiseUploadPack: 0,
    advertiseReceivePack: 0,
    uploadPack: 0,
    receivePack: 0,
    other: 0,
  };
  const { faults, plan: serverPlan } = createFaults();

  const settle = async (backend: HttpBackend, what: string): Promise<void> => {
    const code = await backend.exited;
    backends.delete(backend);
    if (code !== 0) errors.push(`${what}: exit code ${code}: ${backend.stderr().trim()}`);
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = parseTarget(request);
    requests[target.kind] += 1;
    const repositoryPlan = plans.get(target.repository);
    const plan = repositoryPlan ? combinePlans(repositoryPlan, serverPlan) : serverPlan;
    if (plan.delay() > 0) await sleep(plan.delay(), undefined, { ref: false });
    if (request.socket.destroyed) return;
    const answer = plan.answer();
    if (answer && (answer.service ?? target.service) === target.service) {
      if (answer.retryAfter !== undefined) response.setHeader("Retry-After", String(answer.retryAfter));
      if (answer.code === 401) response.setHeader("WWW-Authenticate", challenge(auth));
      return reply(response, answer.code, answer.body ?? `status ${answer.code}\n`);
    }
    const base = plan.redirect();
    if (base !== undefined) {
      const rest = repositoryPlan?.redirect() === undefined ? target.path : target.pathInRepository;
      response.setHeader(
        "Location",
        `${base.replace(/\/$/, "")}${rest}${target.query === "" ? "" : `?${target.query}`}`,
      );
      return reply(response, 302, "");
    }
    if (options.oldProtocol) delete request.headers["git-protocol"];
    const user = authenticate(request, auth);
    if (user === undefined) {
      refused++;
      response.setHeader("WWW-Authenticate", challenge(auth));
      return reply(response, 401, "authentication required\n");
    }
    if (!repositoryPlan) return reply(response, 404, "repository not found\n");
    const isPush = target.kind === "receivePack";
    const start = (): HttpBackend => {
      if (stopping) throw new Error("the git server is stopping");
      const { path, query } = target;
      const backend = startHttpBackend({ env, projectRoot: root, request, path, query, user, decoded: isPush });
      backends.add(backend);
      void settle(backend, `${request.method} ${path}`);
      return backend;
    };
    if (!isPush) return await serveRead(request, response, start());
    const onPerformed = (push: Push): void => {
      const refs = push.refs.filter((update) => update.status === "ok");
      if (refs.length === 0) return;
      const event: PostReceive = { at: now(), repository: push.repository, refs, push };
      for (const listen of listeners) listen(event);
    };
    const onReceived = (push: Push): void => void pushes.push(push);
    await servePush(request, response, { repository: target.repository, plan, start, onReceived, onPerformed });
  };

  const listen = async (port: number): Promise<Server> => {
    const handle: RequestListener = (request, response) => {
      serve(request, response).catch((error: unknown) => {
        if (!request.socket.destroyed) errors.push(`${request.method} ${request.url}: ${String(error)}`);
        request.socket.destroy();
      });
    };
    const settings = { keepAliveTimeout: 60_000, requestTimeout: 0 };
    const server = tls
      ? createTlsServer({ ...settings, key: tls.key, cert: tls.certificate }, handle)
      : createServer(settings, handle);
    server.on("connection", (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", reject);
        resolve();
      });
    });
    return server;
  };

  const down = async (): Promise<void> => {
    const closing = listener;
    listener = undefined;
    if (!closing) return;
    const closed = new Promise<void>((resolve) => closing.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };

  const up = async (): Promise<void> => {
    if (listener || stopping) return;
    // Between down and up an outgoing connection of any process may hold the port for a moment.
    for (let attempt = 1; ; attempt++) {
      try {
        listener = await listen(port);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || attempt === 50) throw error;
        await sleep(100);
      }
    }
  };

  const stop = async (): Promise<void> => {
    await down();
    for (const plan of [serverPlan, ...plans.values()]) plan.abandon();
    for (const backend of backends) backend.terminate();
    const impatience = setTimeout(() => {
      for (const backend of backends) backend.terminate("SIGKILL");
    }, 2000);
    await Promise.all([...backends].map(async (backend) => await backend.exited));
    clearTimeout(impatience);
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  };

  const clientEnvironment = (as: GitServerAuth | null | undefined = auth): NodeJS.ProcessEnv => {
    const values: [string, string][] = tls ? [["http.sslCAInfo", caFile]] : [];
    if (as) values.push(["http.extraHeader", `Authorization: ${authorization(as)}`]);
    return withConfiguration(env, values);
  };

  try {
    listener = await listen(options.port ?? 0);
  } catch (error) {
    await rm(scratch, { recursive: true, force: true });
    throw error;
  }
  const port = (listener.address() as AddressInfo).port;
  const url = `${tls ? "https" : "http"}://127.0.0.1:${port}`;

  return {
    ...faults,
    url,
    port,
    ...(tls ? { ca: tls.ca } : {}),
    root,
    pushes,
    get refused() {
      return refused;
    },
    requests,
    errors,
    async createRepository(name, repositoryOptions = {}) {
      if (!/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/.test(name)) throw new Error(`not a repository name: ${name}`);
      if (plans.has(name)) throw new Error(`repository exists: ${name}`);
      const { faults: ownFaults, plan } = createFaults();
      const repository = await createTestRepository(
        {
          name,
          url: `${url}/${name}.git`,
          path: join(root, `${name}.git`),
          scratch,
          env,
          clientEnv: () => clientEnvironment(),
          pushes,
          faults: ownFaults,
        },
        repositoryOptions,
      );
      plans.set(name, plan);
      return repository;
    },
    onPostReceive(listen) {
      listeners.add(listen);
      return () => void listeners.delete(listen);
    },
    async nextPostReceive(predicate = () => true) {
      return await new Promise((resolve) => {
        const listen = (event: PostReceive): void => {
          if (!predicate(event)) return;
          listeners.delete(listen);
          resolve(event);
        };
        listeners.add(listen);
      });
    },
    clientEnvironment,
    setAuth(next) {
      auth = next;
    },
    down,
    up,
    async stop() {
      stopping ??= stop();
      await stopping;
    },
  };
}

async function requireHttpBackend(): Promise<void> {
  const { stdout } = await runGit(["--exec-path"], { env: isolatedEnvironment("/nonexistent") });
  await access(join(stdout.trim(), "git-http-backend")).catch(() => {
    throw new Error(`git http-backend is missing in ${stdout.trim()}: install the whole of git`);
  });
}
