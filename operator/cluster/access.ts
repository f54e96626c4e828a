/** Asks the API server what a user may do (authorization.k8s.io/v1). */
import type { AccessQuestion, Clock } from "../ports.ts";
import type { JsonObject } from "../values.ts";
import type { KubeHttp } from "./kube-http.ts";

const rememberMs = 30_000;
const maxRemembered = 10_000;

/** Answers are kept for half a minute: a right taken away stops a capture within that time and a recheck. */
export function createAccessReviewer(http: KubeHttp, clock: Clock): (question: AccessQuestion) => Promise<boolean> {
  const answers = new Map<string, { readonly at: number; readonly allowed: Promise<boolean> }>();
  return (question) => {
    const key = JSON.stringify(question);
    const known = answers.get(key);
    if (known !== undefined && clock.now() - known.at < rememberMs) return known.allowed;
    const allowed = ask(http, question);
    if (answers.size >= maxRemembered) answers.clear();
    answers.set(key, { at: clock.now(), allowed });
    allowed.catch(() => answers.delete(key));
    return allowed;
  };
}

async function ask(http: KubeHttp, question: AccessQuestion): Promise<boolean> {
  const { user, verb, group, resource, namespace, name } = question;
  const resourceAttributes = { verb, group, resource, namespace, ...(name !== undefined && { name }) };
  const kind = user === undefined ? "SelfSubjectAccessReview" : "SubjectAccessReview";
  const groups = user === undefined ? {} : { user, groups: question.groups ?? groupsOf(user) };
  const body = { apiVersion: "authorization.k8s.io/v1", kind, spec: { ...groups, resourceAttributes } };
  const path = `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`;
  const answer = await http.json({
    method: "POST",
    path,
    body: JSON.stringify(body),
    about: { verb: "create", group: "authorization.k8s.io", resource: `${kind.toLowerCase()}s`, namespace: "" },
  });
  return ((answer["status"] ?? {}) as JsonObject)["allowed"] === true;
}

/** The groups that the API server gives every ServiceAccount. */
function groupsOf(user: string): readonly string[] {
  const [, , namespace] = user.split(":");
  return ["system:serviceaccounts", `system:serviceaccounts:${namespace ?? ""}`, "system:authenticated"];
}
