import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Identity } from "../values.ts";
import type { LayoutMode } from "./locate.ts";
import { locate } from "./locate.ts";

const modes: readonly LayoutMode[] = ["Flat", "ByNamespace", "ByKind"];
const of = (group: string, kind: string, name: string, namespace = "shop"): Identity => ({
  group,
  kind,
  name,
  namespace,
});

describe("locate", () => {
  for (const [identity, flat, byKind] of [
    [of("apps", "Deployment", "web"), "deployment-web.yaml", "deployment/web.yaml"],
    [of("", "ConfigMap", "kube-root-ca.crt"), "configmap-kube-root-ca.crt.yaml", "configmap/kube-root-ca.crt.yaml"],
    [of("example.com", "Widget", "lamp"), "widget.example.com-lamp.yaml", "widget.example.com/lamp.yaml"],
    [of("cert-manager.io", "Issuer", "a-b"), "issuer.cert-manager.io_a-b.yaml", "issuer.cert-manager.io/a-b.yaml"],
    // The same kind in a group that is not its own.
    [
      of("apps.example.com", "Deployment", "web"),
      "deployment.apps.example.com-web.yaml",
      "deployment.apps.example.com/web.yaml",
    ],
    [of("rbac.authorization.k8s.io", "Role", "system:Node"), "role-system%3a%4eode.yaml", "role/system%3a%4eode.yaml"],
    [of("", "ConfigMap", "con"), "configmap-%63on.yaml", "configmap/%63on.yaml"],
    [of("x.io", "Con", "a"), "%63on.x.io-a.yaml", "%63on.x.io/a.yaml"],
    [of("rbac.authorization.k8s.io", "Role", ".git"), "role-%2egit.yaml", "role/%2egit.yaml"],
  ] as const) {
    it(`puts ${identity.kind} ${identity.name} into ${flat}`, () => {
      assert.equal(locate("Flat", "apps/shop", identity).path, `apps/shop/${flat}`);
      assert.equal(locate("ByNamespace", "", identity).path, `shop/${flat}`);
      assert.equal(locate("ByKind", "apps", identity).path, `apps/${byKind}`);
    });
  }

  it("gives cluster-scoped objects a folder that no namespace has", () => {
    const role = of("rbac.authorization.k8s.io", "ClusterRole", "view", "");
    assert.equal(locate("ByNamespace", "x", role).path, "x/_cluster/clusterrole-view.yaml");
    assert.notEqual(
      locate("ByNamespace", "x", { ...role, namespace: "_cluster" }).path,
      "x/_cluster/clusterrole-view.yaml",
    );
  });

  it("tells apart what a careless join would merge", () => {
    const pairs: readonly (readonly [Identity, Identity])[] = [
      [of("example.com-a.io", "Widget", "b"), of("example.com", "Widget", "a.io-b")],
      [of("b.io", "Role-a", "c"), of("rbac.authorization.k8s.io", "Role", "a.b.io_c")],
      [of("cert", "Widget", "manager.io_b"), of("cert-manager.io", "Widget", "b")],
      [of("a-b", "Widget", "c_d"), of("a-b_c", "Widget", "d")],
      [of("x.io", "Foo-Bar", "baz"), of("x.io", "Foo", "bar-baz")],
      [of("", "ConfigMap", "a"), of("apps", "ConfigMap", "a")],
      [of("x.io", "foo", "a"), of("x.io", "Foo", "a")],
      [of("", "ConfigMap", "A"), of("", "ConfigMap", "a")],
      [of("", "ConfigMap", `${"a".repeat(252)}b`), of("", "ConfigMap", `${"a".repeat(252)}c`)],
    ];
    for (const mode of modes) {
      for (const [a, b] of pairs) assert.notEqual(locate(mode, "", a).path, locate(mode, "", b).path);
    }
  });

  it("fits every segment into 255 bytes, the shortest of long names too", () => {
    for (const name of ["a".repeat(253), ":".repeat(253), `${"a".repeat(219)}::${"b".repeat(32)}`]) {
      for (const mode of modes) {
        const { path } = locate(mode, "", of("rbac.authorization.k8s.io", "RoleBinding", name));
        for (const segment of path.split("/")) {
          assert.ok(segment.length <= 255, `${segment.length}`);
          assert.doesNotMatch(segment, /%.?~/);
        }
      }
    }
  });

  it("never gives two identities one path, where case is folded and dots are trimmed", () => {
    const letters = fc.constantFrom("a", "b", "A", ".", "-", "_", ":", "%", "~", "ä", "/", "\\", " ");
    const text = fc.oneof(
      fc.string({ unit: letters, minLength: 1, maxLength: 6 }),
      fc.constantFrom("con", "CON", "..", ".git", "a".repeat(250), ":".repeat(90), `${":".repeat(90)}a`),
    );
    const group = fc.oneof(fc.constantFrom("", "apps", "x.io", "x-y.io", "rbac.authorization.k8s.io"), text);
    const kind = fc.oneof(
      fc.constantFrom("ConfigMap", "Deployment", "Role", "Widget", "Con", "Role-a", "a", "-", "A.b"),
      text,
    );
    const identity = fc.record({ group, kind, name: text, namespace: fc.constant("shop") });
    const namespaced = fc.record({
      group,
      kind,
      name: text,
      namespace: fc.oneof(text, fc.constantFrom("", "_cluster")),
    });
    const distinct = (a: Identity, b: Identity): boolean =>
      a.namespace !== b.namespace ||
      a.name !== b.name ||
      a.group !== b.group ||
      // Within a group, kinds differ in more than case.
      a.kind.toLowerCase() !== b.kind.toLowerCase();
    const folded = (path: string): string =>
      path
        .split("/")
        .map((segment) => segment.toLowerCase().replace(/[. ]+$/, ""))
        .join("/");
    const coreAndBuiltIn = [
      { group: "", kind: "Deployment", name: "web", namespace: "shop" },
      { group: "apps", kind: "Deployment", name: "web", namespace: "shop" },
    ];
    for (const mode of modes) {
      fc.assert(
        fc.property(
          fc.array(mode === "ByNamespace" ? namespaced : identity, { minLength: 2, maxLength: 30 }),
          (identities) => {
            const seen = new Map<string, Identity>();
            for (const one of identities) {
              const { path } = locate(mode, "base", one);
              assert.match(path, /^base\/[a-z0-9._%~/-]+\.yaml$/);
              assert.ok(path.split("/").every((segment) => segment !== "" && !/^\.\.?$|^\.git/.test(segment)));
              const other = seen.get(folded(path));
              assert.ok(
                other === undefined || !distinct(one, other),
                `${JSON.stringify([one, other])} both at ${path}`,
              );
              seen.set(folded(path), one);
            }
          },
        ),
        { numRuns: 400, examples: [[coreAndBuiltIn]] },
      );
    }
  });

  it("costs microseconds", () => {
    const began = performance.now();
    for (let i = 0; i < 10_000; i++) locate("Flat", "apps/shop", of("", "ConfigMap", `settings-${i}`));
    assert.ok(performance.now() - began < 1_000);
  });
});
