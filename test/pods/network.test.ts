import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { waitFor } from "../harness/wait-for.ts";
import { type Network, type PodNetwork, startNetwork } from "./network.ts";

const run = promisify(execFile);
const service = "203.0.113.5";

describe("the Pods' network", () => {
  let folder: string;
  let network: Network;
  let here: ReturnType<typeof createServer>;
  let one: PodNetwork;
  let two: PodNetwork;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "clickscribe-network-"));
    here = createServer((_, response) => response.end("from this machine"));
    here.listen(0, "127.0.0.1");
    await once(here, "listening");
    network = await startNetwork(join(folder, "net"), [
      { address: service, port: 80, to: (here.address() as AddressInfo).port },
    ]);
    one = await network.addPod("one");
    two = await network.addPod("two");
  });
  after(async () => {
    await network.close();
    here.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("gives each Pod its own address, ports and host name", async () => {
    const script =
      'require("http").createServer((q, s) => s.end(os.hostname())).listen(8080, "0.0.0.0", () => console.log("up"))';
    const servers = [one, two].map(({ enter }) =>
      spawn(enter[0], [...enter.slice(1), process.execPath, "-e", script], {
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
    await Promise.all(servers.map((server) => once(server.stdout, "data")));
    assert.equal(await (await fetch(`http://${one.address}:8080`)).text(), "one");
    assert.equal(await (await fetch(`http://${two.address}:8080`)).text(), "two");
    assert.equal(await fetchIn(one, `http://${two.address}:8080`), "two");
    for (const server of servers) server.kill("SIGKILL");
  });

  it("leads to the forwarded addresses and nowhere else", async () => {
    assert.equal(await fetchIn(one, `http://${service}`), "from this machine");
    assert.match(await fetchIn(one, "http://192.0.2.77/"), /ENETUNREACH/);
    assert.match(await fetchIn(one, `http://127.0.0.1:${(here.address() as AddressInfo).port}`), /ECONNREFUSED/);
  });

  it("goes away with the process that made it, however that ends", async () => {
    const url = new URL("network.ts", import.meta.url).href;
    const script = `const { startNetwork } = await import(${JSON.stringify(url)});
      const network = await startNetwork(${JSON.stringify(join(folder, "n2"))}, []);
      console.log((await network.addPod("gone")).address);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [printed] = await once(child.stdout, "data");
    const ours = String(printed).trim().replace(/\d+$/u, "1");
    assert.ok(addresses().includes(ours));
    child.kill("SIGKILL");
    await waitFor("its interface to go", () => (addresses().includes(ours) ? undefined : true));
  });
});

function addresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((each = []) => each.map(({ address }) => address));
}

async function fetchIn({ enter }: PodNetwork, url: string): Promise<string> {
  const script = `fetch(${JSON.stringify(url)}).then((r) => r.text()).catch((e) => e.cause.code).then(console.log)`;
  const { stdout } = await run(enter[0], [...enter.slice(1), process.execPath, "-e", script]);
  return stdout.trim();
}
