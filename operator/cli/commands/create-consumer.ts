import type { Cluster } from "../../cluster/index.ts";
import {
  type CreateConsumerConfig,
  createConsumerLine,
  readCreateConsumerConfig,
} from "../../config/create-consumer.ts";
import { Failure } from "../../failures.ts";
import { serialize } from "../../manifest/serialize.ts";
import { capturePath } from "../../sync/capture-settings.ts";
import type { JsonObject } from "../../values.ts";
import type { Command, Context } from "../command.ts";
import { withCluster } from "../connect.ts";
import { asCapture, asRemote, getOwn } from "../find-objects.ts";
import { type ConsumedPlace, credentialsNote, makeConsumer } from "../make-consumer.ts";
import { Complaint, perform } from "../perform.ts";
import { printableLine } from "../printable.ts";

export const createConsumer: Command = {
  line: createConsumerLine,
  group: "Set up",
  summary: "makes what has Argo CD or Flux apply a Capture's path",
  details:
    "It reads the path with its folders, prunes and heals itself: what is clicked comes to Git first, and nobody fights. No credential is printed or copied. clickscribe check finds Applications and Kustomizations that would fight.",
  examples: [
    "clickscribe create consumer shop --argocd -n shop --export > application.yaml",
    "clickscribe create consumer shop --flux -n shop --capture everything",
  ],
  act: (context) =>
    perform("create consumer", readCreateConsumerConfig(context), context, (config) => act(context, config)),
};

async function act({ connect, terminal }: Context, config: CreateConsumerConfig): Promise<number> {
  return withCluster(connect, config.cluster, async (cluster) => {
    const place = await placeOf(cluster, config);
    const objects = makeConsumer(config, place);
    if (config.export) terminal.out(objects.map(serialize).join("---\n"));
    else for (const object of objects) terminal.out(await applied(cluster, object));
    const note = credentialsNote(config, place);
    if (note !== undefined) terminal.err(`${printableLine(note)}\n`);
    return 0;
  });
}

async function placeOf(cluster: Cluster, config: CreateConsumerConfig): Promise<ConsumedPlace> {
  const namespace = config.namespace ?? cluster.namespace;
  const capture = asCapture(await getOwn(cluster, "Capture", namespace, config.capture));
  const remote = asRemote(await getOwn(cluster, "GitRemote", namespace, capture.spec.remote.name));
  const branch = capture.spec.branch || capture.status?.source?.branch;
  if (!branch) {
    const how = "name it in spec.branch, or wait until the Capture is ready";
    throw new Complaint(`which branch Capture ${namespace}/${config.capture} writes to is not known yet: ${how}`);
  }
  const { url, secretRef } = remote.spec;
  return { url, branch, path: capturePath(capture), namespace, secret: secretRef?.name };
}

async function applied(cluster: Cluster, object: JsonObject): Promise<string> {
  const { kind, metadata } = object as { readonly kind: string; readonly metadata: { readonly name: string } };
  try {
    await cluster.apply(object);
    return `${kind} ${printableLine(metadata.name)}: applied\n`;
  } catch (error) {
    if (error instanceof Failure && error.code === "KindNotServed")
      throw new Complaint(`${error.message}: install it first, or print the YAML with --export`);
    throw error;
  }
}
