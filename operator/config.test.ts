import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Config, type Invocation, planLine, readConfig, readPlanConfig, runLine } from "./config.ts";

type Env = Readonly<Record<string, string>>;

const home: Env = { HOME: "/home/ann" };
const least = ["--cluster-name", "prod", "--no-webhook"];
const nothing = (path: string): string => {
  throw new Error(`ENOENT ${path}`);
};
const inPod = (path: string): string => (path.endsWith("/namespace") ? "platform\n" : "token");

const started = (argv: readonly string[], env: Env = home, isTerminal = false): Invocation => ({
  argv,
  env,
  isTerminal,
  program: "clickscribe",
});

function config(argv: readonly string[], env: Env = home, readFile = nothing): Config {
  const read = readConfig(started(argv, env), readFile);
  assert.ok(read.ok, read.ok ? "" : read.problems.join("\n"));
  return read.config;
}

function problems(argv: readonly string[], env: Env = home): readonly string[] {
  const read = readConfig(started(argv, env), nothing);
  return read.ok ? [] : read.problems;
}

describe("readConfig", () => {
  it("has defaults for all but the cluster's name and the webhook's address", () => {
    assert.deepEqual(config(least), {
      clusterName: "prod",
      cluster: { from: "File", path: "/home/ann/.kube/config", context: undefined },
      namespace: "clickscribe-system",
      defaultServiceAccount: undefined,
      urls: { allowedHosts: ["*"], allowPlainHttp: false, allowLocalAddresses: false },
      sourcePollMs: 60_000,
      webhook: undefined,
      http: { bind: "0.0.0.0", port: 8080 },
      lease: undefined,
      logLevel: "info",
    });
  });

  it("is frozen, all of it", () => {
    const read = config(least);
    for (const part of [read, read.urls, read.urls.allowedHosts, read.http]) assert.ok(Object.isFrozen(part));
  });

  it("reads every flag", () => {
    const argv =
      "--cluster-name=prod --kubeconfig k --context c -n own --default-service-account sa --allowed-git-hosts a.example --allowed-git-hosts=*.b.example --allow-plain-http --allow-local-addresses --source-poll 1m30s --webhook-service own/hook --webhook-port 0 --webhook-bind ::1 --webhook-configuration mine --webhook-secret kept --owner-cluster-role system:mine --http-port 0 --http-bind 127.0.0.1 --lease own --advertise-address fd00::1 --log-level debug";
    assert.deepEqual(config(argv.split(" ")), {
      clusterName: "prod",
      cluster: { from: "File", path: "k", context: "c" },
      namespace: "own",
      defaultServiceAccount: "sa",
      urls: { allowedHosts: ["a.example", "*.b.example"], allowPlainHttp: true, allowLocalAddresses: true },
      sourcePollMs: 90_000,
      webhook: {
        port: 0,
        bind: "::1",
        configuration: "mine",
        reachedBy: { type: "Service", namespace: "own", name: "hook" },
        certificate: { keptIn: "Secret", name: "kept" },
        ownerClusterRole: "system:mine",
      },
      http: { bind: "127.0.0.1", port: 0 },
      lease: { name: "own", advertise: "fd00::1", ownerClusterRole: "system:mine" },
      logLevel: "debug",
    });
  });

  it("reads every flag from the environment too, and the argument wins", () => {
    const env = {
      ...home,
      CLICKSCRIBE_CLUSTER_NAME: "prod",
      CLICKSCRIBE_ALLOWED_GIT_HOSTS: "a.example, *.b.example",
      CLICKSCRIBE_ALLOW_PLAIN_HTTP: "true",
      CLICKSCRIBE_NO_WEBHOOK: "true",
      CLICKSCRIBE_LOG_LEVEL: "warn",
    };
    const read = config(["--log-level", "error"], env);
    assert.equal(read.clusterName, "prod");
    assert.deepEqual(read.urls.allowedHosts, ["a.example", "*.b.example"]);
    assert.equal(read.urls.allowPlainHttp, true);
    assert.equal(read.logLevel, "error");
  });

  it("takes a boolean's value, and false means false", () => {
    assert.equal(config([...least, "--allow-plain-http=true"]).urls.allowPlainHttp, true);
    assert.equal(config([...least, "--allow-plain-http=false"]).urls.allowPlainHttp, false);
  });

  it("does not take what the kubelet says of a Service for a port", () => {
    const env = { ...home, CLICKSCRIBE_WEBHOOK_PORT: "tcp://10.0.0.7:443" };
    const argv = ["--cluster-name", "a", "--webhook-service", "a/b"];
    assert.equal(config(argv, env).webhook?.port, 10250);
  });

  it("knows the cluster and namespace that it runs in", () => {
    const read = config(least, { ...home, KUBERNETES_SERVICE_HOST: "10.0.0.1" }, inPod);
    assert.deepEqual(read.cluster, { from: "InCluster" });
    assert.equal(read.namespace, "platform");
  });

  it("takes KUBECONFIG before the cluster that it runs in, and --kubeconfig before both", () => {
    const env = { ...home, KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBECONFIG: "/k" };
    assert.deepEqual(config(least, env, inPod).cluster, { from: "File", path: "/k", context: undefined });
    const named = config([...least, "--kubeconfig", "/n"], env, inPod);
    assert.deepEqual(named.cluster, { from: "File", path: "/n", context: undefined });
  });

  it("keeps the webhook's certificate in memory, in a Secret or in a folder", () => {
    const kept = (...flags: readonly string[]): unknown =>
      config(["--cluster-name", "a", "--webhook-service", "a/b", ...flags]).webhook?.certificate;
    assert.deepEqual(kept(), { keptIn: "Memory" });
    assert.deepEqual(kept("--webhook-secret", "s"), { keptIn: "Secret", name: "s" });
    assert.deepEqual(kept("--webhook-certificate", "/tls"), { keptIn: "Folder", path: "/tls" });
  });
  it("listens on loopback only where the webhook's URL is there", () => {
    const at = (url: string): string | undefined => config(["--cluster-name", "a", "--webhook-url", url]).webhook?.bind;
    assert.equal(at("https://127.0.0.1:{port}/admission"), "127.0.0.1");
    assert.equal(at("https://hooks.example.com/admission"), "0.0.0.0");
  });

  it("reports every problem at once", () => {
    const argv =
      "--cluster-name Prod --http-port 70000 --source-poll soon --log-level loud --webhook-url http://h --allowed-git-hosts https://h --nonsense extra --context";
    const found = problems(argv.split(" "), { ...home, KUBECONFIG: "/a:/b" });
    assert.deepEqual([...found].toSorted(), [
      '--allowed-git-hosts must be a host such as git.example.com or *.example.com, without https://, not "https://h"',
      '--cluster-name must be a DNS label: at most 63 lower case letters, digits and -, not "Prod"',
      "--context needs a value: --context NAME",
      '--http-port must be a port from 0 to 65535, not "70000"',
      '--log-level must be one of debug, info, warn, error, not "loud"',
      '--source-poll must be a duration of at least 1s, such as 60s or 1m30s, not "soon"',
      '--webhook-url must be an https:// URL without credentials and query, not "http://h"',
      "KUBECONFIG names several files: choose one with --kubeconfig FILE",
      "run has no flag --nonsense: see clickscribe run --help",
      'run takes no argument "extra": see clickscribe run --help',
    ]);
  });

  const wrong: readonly (readonly [what: string, argv: string, problem: RegExp])[] = [
    ["no cluster name", "--no-webhook", /^--cluster-name \(or CLICKSCRIBE_CLUSTER_NAME\) is required: a name/],
    ["no word about the webhook", "--cluster-name a", /--webhook-service .* --webhook-url .* or --no-webhook/],
    [
      "two places for the certificate",
      "--cluster-name a --webhook-service a/b --webhook-secret s --webhook-certificate /tls",
      /^--webhook-secret and --webhook-certificate exclude each other: give one of them$/,
    ],
    [
      "no name of a Secret",
      `${least.join(" ")} --webhook-secret a/b`,
      /^--webhook-secret must be the name of a Secret/,
    ],
    [
      "no name of a ClusterRole",
      `${least.join(" ")} --owner-cluster-role a/b`,
      /^--owner-cluster-role must be the name of a ClusterRole/,
    ],
    ["two ways to the webhook", `${least.join(" ")} --webhook-service a/b`, /^--webhook-service and --no-webhook excl/],
    ["a flag without value", "--no-webhook --cluster-name --context x", /^--cluster-name needs a value/],
    ["a flag given twice", `${least.join(" ")} --context a --context b`, /^--context is given 2 times: give it once/],
    [
      "a Service without namespace",
      "--cluster-name a --webhook-service b",
      /^--webhook-service must be NAMESPACE\/NAME/,
    ],
    [
      "a boolean that is none",
      `${least.join(" ")} --allow-plain-http=yes`,
      /^--allow-plain-http must be true or false/,
    ],
  ];
  for (const [what, argv, problem] of wrong) {
    it(`refuses ${what}`, () => {
      assert.match(problems(argv.split(" ")).join("\n"), problem);
    });
  }

  it("names the variable where a variable is wrong", () => {
    assert.match(
      problems(least, { ...home, CLICKSCRIBE_HTTP_PORT: "x" })[0] ?? "",
      /^CLICKSCRIBE_HTTP_PORT must be a port/,
    );
  });
});

describe("readPlanConfig", () => {
  it("needs a file and no more", () => {
    const missing = readPlanConfig(started([]), nothing);
    assert.ok(!missing.ok);
    assert.match(
      missing.problems.join("\n"),
      /^--filename \(or CLICKSCRIBE_FILENAME\) is required: .* -f capture\.yaml$/,
    );
    const read = readPlanConfig(
      started(["-f", "capture.yaml", "-f", "-", "-ojson", "-n", "shop"], home, true),
      nothing,
    );
    assert.ok(read.ok);
    assert.deepEqual(read.config.files, ["capture.yaml", "-"]);
    assert.equal(read.config.output, "json");
    assert.equal(read.config.namespace, "shop");
  });

  it("is coloured on a terminal only, and not against NO_COLOR", () => {
    const color = (env: Env, isTerminal: boolean): boolean => {
      const read = readPlanConfig(started(["-f", "x"], env, isTerminal), nothing);
      return read.ok && read.config.color;
    };
    assert.equal(color(home, true), true);
    assert.equal(color(home, false), false);
    assert.equal(color({ ...home, NO_COLOR: "1" }, true), false);
  });
});

describe("the flags", () => {
  for (const { name: command, flags } of [runLine, planLine]) {
    it(`of ${command} are each named once, in words that start and end alike`, () => {
      const words = flags.flatMap(({ name, short }) => [name, ...(short === undefined ? [] : [short])]);
      assert.deepEqual(words, [...new Set(words)]);
      for (const { name, help } of flags) assert.doesNotMatch(help, /\.$/, name);
    });
  }
});
