import type { CreateCaptureConfig, KindPattern } from "../config/create.ts";
import type { JsonObject } from "../values.ts";
import { metadata } from "./make-remote.ts";

/** The Capture of `create capture`; what is not given is left to the defaults of the API. */
export function makeCapture(config: CreateCaptureConfig, namespace: string | undefined): JsonObject {
  const { branch, serviceAccount, include, exclude, prune, confirmAbove, layout, quietPeriod, maxWait } = config;
  const resources = {
    ...(include.length > 0 && { include: include.map(selector) }),
    ...(exclude.length > 0 && { exclude: exclude.map(selector) }),
  };
  const pruning = {
    ...(prune !== undefined && { mode: prune }),
    ...(confirmAbove !== undefined && { confirmAbove }),
  };
  const batching = {
    ...(quietPeriod !== undefined && { quietPeriod }),
    ...(maxWait !== undefined && { maxWait }),
  };
  return {
    apiVersion: "clickscribe.dev/v1alpha1",
    kind: "Capture",
    metadata: metadata(config.name, namespace),
    spec: {
      remote: { name: config.remote },
      path: config.path,
      ...(branch !== undefined && { branch }),
      ...(serviceAccount !== undefined && { serviceAccountName: serviceAccount }),
      ...(hasAny(resources) && { resources }),
      ...(hasAny(pruning) && { prune: pruning }),
      ...(layout !== undefined && { layout: { mode: layout } }),
      ...(hasAny(batching) && { batching }),
    },
  };
}

function selector({ group, kind }: KindPattern): JsonObject {
  return { groups: [group], kinds: [kind] };
}

function hasAny(fields: object): boolean {
  return Object.keys(fields).length > 0;
}
