/** The story: who does what, by which request. */
export interface Step {
  readonly who: string;
  /** In words. */
  readonly what: string;
  readonly method: "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: object;
  readonly contentType?: string;
  /** The file that shows it. */
  readonly file: string;
}

const merge = "application/merge-patch+json";
const strategic = "application/strategic-merge-patch+json";

export function story(namespace: string, withWidget: boolean): readonly Step[] {
  const core = `/api/v1/namespaces/${namespace}`;
  const apps = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const labels = { app: "web" };
  const steps: Step[] = [
    {
      who: "alice",
      what: "creates Deployment web",
      method: "POST",
      path: apps,
      body: {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "web", labels },
        spec: {
          replicas: 3,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: "web", image: "nginx:1.28" }] } },
        },
      },
      file: "deployment-web.yaml",
    },
    {
      who: "alice",
      what: "creates ConfigMap settings",
      method: "POST",
      path: `${core}/configmaps`,
      body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { LOG_LEVEL: "info" } },
      file: "configmap-settings.yaml",
    },
  ];
  if (withWidget) {
    steps.push({
      who: "alice",
      what: "creates Widget lamp, a custom resource",
      method: "POST",
      path: `/apis/demo.example.com/v1/namespaces/${namespace}/widgets`,
      body: {
        apiVersion: "demo.example.com/v1",
        kind: "Widget",
        metadata: { name: "lamp" },
        spec: { color: "green", size: 3 },
      },
      file: "widget.demo.example.com-lamp.yaml",
    });
  }
  steps.push(
    {
      who: "bob",
      what: "scales web to 5",
      method: "PATCH",
      path: `${apps}/web/scale`,
      body: { spec: { replicas: 5 } },
      contentType: merge,
      file: "deployment-web.yaml",
    },
    {
      who: "alice",
      what: "sets a new image",
      method: "PATCH",
      path: `${apps}/web`,
      body: { spec: { template: { spec: { containers: [{ name: "web", image: "nginx:1.29" }] } } } },
      contentType: strategic,
      file: "deployment-web.yaml",
    },
    {
      who: "carol",
      what: "labels web with team=shop",
      method: "PATCH",
      path: `${apps}/web`,
      body: { metadata: { labels: { team: "shop" } } },
      contentType: merge,
      file: "deployment-web.yaml",
    },
    {
      who: "bob",
      what: "deletes ConfigMap settings",
      method: "DELETE",
      path: `${core}/configmaps/settings`,
      file: "configmap-settings.yaml",
    },
  );
  return steps;
}
