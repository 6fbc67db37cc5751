// A client finds out how its network maps addresses, others learn it before the first offer, and a missing relay is told at once. The
// kinds of NAT are those of tests/netlab; here there is none, and two STUN servers.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { toolPath } from "../../tools/toolchain.mjs";
import { blank, loadModule } from "./support/pages.mjs";
import { PAIRS, makeWorld, withPages } from "./support/world.mjs";

const STUN = ["stun:10.9.0.1:3478", "stun:10.9.0.3:3478"];

let world;
before(async () => {
  world = await makeWorld(["chromium", "chromium", "firefox", "firefox"]);
  if (world.namespace.isHost) return;
  const [first, ...rest] = [...world.namespace.prefix, "ip", "address", "add", "10.9.0.3/24", "dev", "v0"];
  execFileSync(first, rest);
  const listening = STUN.flatMap((url) => ["--listening-ip", url.split(":")[1]]);
  const program = world.namespace.spawn(toolPath("coturn"), [
    "-n",
    "--stun-only",
    "--no-cli",
    "--no-tls",
    "--no-dtls",
    "--log-file",
    "stdout",
    ...listening,
  ]);
  for (const stream of [program.stdout, program.stderr]) stream.resume();
  await sleep(1500);
});
after(() => world?.close());

let names = 0;
const fresh = (name) => `${name}-network-${++names}`;

/** Makes `window.client` with these STUN servers, and lets it join a room once there is a verdict. */
const enter = async (page, id, urls, room) => {
  await loadModule(page);
  return page.evaluate(
    async ([peerId, urls, room]) => {
      window.client = new signalpostModule.SignalingClient("/signal", { peerId, rtc: { iceServers: [{ urls }] } });
      window.changes = [];
      client.addEventListener("networkchange", ({ network }) => changes.push(network?.mapping));
      const before = client.network;
      await client.connect();
      for (let round = 0; !client.network && round < 200; round += 1) await new Promise((resolve) => setTimeout(resolve, 10));
      window.room = await client.join(room);
      const { mapping, evidence } = client.network;
      return { before: String(before), mapping, changes, stunAddresses: evidence.stunAddresses, errors: evidence.errors.length };
    },
    [id, urls, room],
  );
};

describe("the network of a client", () => {
  for (const { name, kinds } of PAIRS) {
    test(`${name}: both sides know both networks before they connect`, { timeout: 60_000 }, (t) => {
      if (world.namespace.isHost) return t.skip("needs a network namespace: coturn would listen on the addresses of this machine");
      return withPages(world.pick(...kinds), [blank(world.server)], async (a, b) => {
        const [ada, bob, room] = ["ada", "bob", "room"].map(fresh);
        const open = {
          before: "undefined",
          mapping: "endpoint-independent",
          changes: ["endpoint-independent"],
          stunAddresses: 2,
          errors: 0,
        };
        assert.deepEqual(await enter(a, ada, STUN, room), open);
        const one = { ...open, mapping: "unknown", changes: ["unknown"], stunAddresses: 1 };
        assert.deepEqual(await enter(b, bob, STUN.slice(0, 1), room), one);
        await a.waitFor(`room.peers.length === 1`);
        assert.deepEqual(await a.evaluate("room.peers.map(({ mapping }) => mapping)"), ["unknown"]);
        assert.deepEqual(
          await b.evaluate("client.findPeers().then(({ peers }) => peers.filter(({ id }) => id.startsWith('ada')).at(-1).mapping)"),
          "endpoint-independent",
        );
        const outlook = (page, other) =>
          page.evaluate((other) => {
            const peer = client.peer(other);
            window.peer = peer;
            return peer.outlook;
          }, other);
        const expected = { local: "endpoint-independent", remote: "unknown", direct: 0.85, relayFirst: false };
        assert.deepEqual(await outlook(a, bob), expected);
        assert.deepEqual(await outlook(b, ada), { ...expected, local: expected.remote, remote: expected.local });
        await a.evaluate("peer.connect()");
        await a.evaluate("client.close()");
        assert.equal(await a.evaluate("String(peer.outlook)"), "undefined");
      });
    });
  }

  for (const kind of ["chromium", "firefox"]) {
    test(`in ${kind} a relay that is needed and missing is told at once, and again by the failure`, { timeout: 60_000 }, () =>
      withPages(world.pick(kind), [blank(world.server)], async (page) => {
        await loadModule(page);
        const seen = await page.evaluate(
          async ([own, other]) => {
            // A plain client of version 1 whose network lets no UDP through. It answers no offer.
            const socket = new WebSocket("/signal");
            await new Promise((resolve) => socket.addEventListener("open", resolve));
            const peer = { id: other, session: 7, mapping: "udp-blocked" };
            socket.send(JSON.stringify({ type: "hello", id: 1, payload: { versions: [1, 1], key: "0123456789abcdef", peer } }));
            await new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
            const client = new signalpostModule.SignalingClient("/signal", { peerId: own });
            await client.connect();
            const { peers } = await client.findPeers();
            const remote = client.peer(other);
            const began = performance.now();
            const warning = new Promise((resolve) => remote.addEventListener("error", ({ error }) => resolve(error)));
            const failing = remote.connect({ timeoutMs: 20_000 }).catch((error) => error);
            const { code, context } = await warning;
            const warnedMs = performance.now() - began;
            const { outlook } = remote;
            const failure = await failing;
            const failedMs = performance.now() - began;
            client.close();
            socket.close();
            const { mapping } = peers.find(({ id }) => id === other);
            return { mapping, code, detail: context.detail, warnedMs, outlook, failure: failure.code, why: failure.message, failedMs };
          },
          [fresh("own"), fresh("blocked")],
        );
        assert.deepEqual([seen.mapping, seen.code, seen.failure], ["udp-blocked", "turn-missing", "connection-failed"]);
        assert.deepEqual(seen.outlook, { remote: "udp-blocked", direct: 0.02, relayFirst: true });
        for (const words of [seen.detail, seen.why]) assert.match(words, /the peer's: udp-blocked; no TURN server is set/);
        assert.ok(seen.warnedMs < 1000, `${seen.warnedMs} ms`);
        assert.ok(seen.failedMs > 11_000 && seen.failedMs < 14_000, `${seen.failedMs} ms`);
      }),
    );
  }
});
