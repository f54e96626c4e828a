import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Failure, retry, stalled } from "../failures.ts";
import type { RemoteAccess } from "../ports.ts";
import { createLoginGuard } from "./login-guard.ts";
import type { HttpAnswer, HttpRequest, Transport } from "./transport.ts";

const request: HttpRequest = { method: "GET", url: "https://git/x", headers: {}, idempotent: true, redirects: true };
const answer = {} as HttpAnswer;

function access(password: string, url = "https://git.example.com/a.git"): RemoteAccess {
  return { url, credentials: { type: "Basic", username: "bot", password }, ca: undefined, timeoutMs: 1_000 };
}

function world(): {
  readonly clock: { now: number };
  /** Whether the server was asked; its failure's message otherwise. */
  readonly ask: (with_: RemoteAccess, fails?: Failure) => Promise<readonly [asked: boolean, message: string]>;
} {
  const clock = { now: 0 };
  const guard = createLoginGuard(() => clock.now);
  return {
    clock,
    async ask(with_, fails) {
      let asked = false;
      const transport: Transport = {
        admit: () => undefined,
        async send() {
          asked = true;
          if (fails !== undefined) throw fails;
          return answer;
        },
      };
      try {
        await guard.guard(with_, transport).send(request);
        return [asked, ""];
      } catch (error) {
        assert.ok(error instanceof Failure);
        return [asked, error.message];
      }
    },
  };
}

const refused = stalled("AuthenticationFailed", "no", { status: 401 });

describe("createLoginGuard", () => {
  it("asks ever more seldom with credentials that were refused, and at once with others", async () => {
    const { clock, ask } = world();
    const askedAt: number[] = [];
    for (clock.now = 0; clock.now < 3_600_000; clock.now += 1_000) {
      const [asked, message] = await ask(access("old"), refused);
      assert.equal(message, "no");
      if (asked) askedAt.push(clock.now / 1_000);
    }
    assert.deepEqual(askedAt, [0, 10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030]);
    assert.deepEqual(await ask(access("new")), [true, ""]);
    assert.deepEqual(await ask(access("old", "https://other.example.com/a.git")), [true, ""]);
  });

  it("shares the wait between the repositories of one account", async () => {
    const { ask } = world();
    await ask(access("old"), refused);
    assert.deepEqual(await ask(access("old", "https://git.example.com/b.git")), [false, "no"]);
  });

  it("begins anew once a login came through", async () => {
    const { clock, ask } = world();
    for (const at of [0, 10_000, 30_000]) {
      clock.now = at;
      await ask(access("p"), refused);
    }
    clock.now = 70_000;
    assert.deepEqual(await ask(access("p")), [true, ""]);
    await ask(access("p"), refused);
    clock.now += 10_000;
    assert.deepEqual(await ask(access("p")), [true, ""]);
  });

  for (const other of [
    stalled("AuthenticationFailed", "read only", { status: 403 }),
    retry("RemoteUnreachable", "down"),
  ]) {
    it(`does not wait after ${other.message}`, async () => {
      const { ask } = world();
      await ask(access("p"), other);
      assert.deepEqual(await ask(access("p")), [true, ""]);
    });
  }
});
