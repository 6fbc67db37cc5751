// Two servers: a pair whose pages are on different servers. They share a Redis, which is started anew, or are in two regions with one each.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startRedis } from "../harness/redis.mjs";
import { startServer } from "../harness/server.mjs";
import { assertUntouched, connectPeers, flows, join, members, receives, resumes, send, start, withSides } from "./support/chaos.mjs";
import { PAIRS, makeWorld } from "./support/world.mjs";

let world;
let redis;
let far;
before(async () => {
  world = await makeWorld(["chromium", "chromium", "firefox", "firefox"]);
  redis = await startRedis(world.namespace);
  far = await startRedis(world.namespace);
});
after(async () => {
  await redis?.close();
  await far?.close();
  await world?.close();
});

/** The environment of two servers that share a Redis. */
const shared = () => Array.from({ length: 2 }, () => ({ SIGNALPOST_REDIS: redis.url }));

/** The environment of a server of each region; each region has its own Redis. */
const regional = () => ["eu", "us"].map((SIGNALPOST_REGION) => ({ SIGNALPOST_REGION, SIGNALPOST_REDIS: `eu=${redis.url},us=${far.url}` }));

/** Opens a page of each kind, each behind a proxy to a server of its own. `environments`: those of the two servers. */
async function onTwoNodes(kinds, environments, body) {
  const nodes = [];
  try {
    for (const env of environments) nodes.push(await startServer(world.namespace, { env }));
    await withSides({ ...world, server: nodes[0] }, world.pick(...kinds), async (ada, bob) => {
      await bob.faults.act({ target: nodes[1].port });
      await start(ada);
      await start(bob);
      await body(ada, bob, nodes);
    });
  } finally {
    for (const node of nodes) await node.stop("SIGKILL");
  }
}

/** Adds a media section, and waits until the other side has its track: the negotiation went through the servers. */
async function negotiates(from, to) {
  await to.page.evaluate(() => {
    window.cameTrack = new Promise((done) => peer.addEventListener("track", () => done(true), { once: true }));
  });
  await from.page.evaluate(() => void peer.connection.addTransceiver("audio"));
  assert.equal(await to.page.evaluate("cameTrack"), true);
}

describe("a pair on two servers that share a Redis", { concurrency: 1 }, () => {
  for (const { name, kinds } of PAIRS) {
    test(`${name}: it connects, sees each other in a room, and sends messages`, () =>
      onTwoNodes(kinds, shared(), async (ada, bob) => {
        for (const side of [ada, bob]) await join(side, `room-${ada.id}`);
        await ada.page.waitFor(`room.peers.length === 1`);
        assert.deepEqual([await members(ada), await members(bob)], [[bob.id], [ada.id]]);
        await connectPeers(ada, bob);
        assert.deepEqual(await send(ada, bob.id, [1, 2, 3]), ["sent", "sent", "sent"]);
        await receives(bob, ada, [1, 2, 3]);
        await negotiates(bob, ada);
        await assertUntouched(ada, bob);
      }));

    test(`${name}: a server is killed: its client goes on at the other one, and negotiates`, () =>
      onTwoNodes(kinds, shared(), async (ada, bob, [first, second]) => {
        await connectPeers(ada, bob);
        await ada.faults.act({ target: second.port });
        await first.stop("SIGKILL");
        assert.deepEqual(await resumes(ada, 1), [true]);
        await negotiates(ada, bob);
        await negotiates(bob, ada);
        assert.deepEqual(await send(bob, ada.id, [1, 2, 3]), ["sent", "sent", "sent"]);
        await receives(ada, bob, [1, 2, 3]);
        await assertUntouched(ada, bob);
      }));

    test(`${name}: Redis is killed and started again: nothing is lost, and the pair negotiates`, () =>
      onTwoNodes(kinds, shared(), async (ada, bob) => {
        await connectPeers(ada, bob);
        const sent = send(ada, bob.id, [1, 2, 3]);
        await redis.restart({ downMs: 500 });
        assert.deepEqual(await sent, ["sent", "sent", "sent"]);
        await receives(bob, ada, [1, 2, 3]);
        await flows(ada, bob, "after Redis");
        await negotiates(ada, bob);
        await negotiates(bob, ada);
        for (const side of [ada, bob]) {
          const lost = await side.page.evaluate(`told("resume").filter(({ resumed }) => !resumed)`);
          assert.deepEqual(lost, [], "a session that was not resumed");
        }
      }));
  }
});

describe("a pair on servers of two regions", { concurrency: 1 }, () => {
  for (const { name, kinds } of PAIRS) {
    test(`${name}: the nearest peers come first, a room spans both regions, and the pair connects and negotiates`, () =>
      onTwoNodes(kinds, regional(), async (ada, bob) => {
        const zoe = `zoe-${ada.id}`;
        const listed = await ada.page.evaluate(async (peerId) => {
          window.neighbour = new signalpostModule.SignalingClient("/signal", { peerId });
          await neighbour.connect();
          const ids = async (query) => (await client.findPeers(query)).peers.map(({ id }) => id);
          return [await ids({}), await ids({ nearest: true })];
        }, zoe);
        // Peers of a server that was killed are listed until their lease ends.
        const present = listed.map((ids) => ids.filter((id) => [bob.id, zoe].includes(id)));
        assert.deepEqual(present, [
          [bob.id, zoe],
          [zoe, bob.id],
        ]);
        for (const side of [ada, bob]) await join(side, `room-${ada.id}`);
        await ada.page.waitFor(`room.peers.length === 1`);
        assert.deepEqual([await members(ada), await members(bob)], [[bob.id], [ada.id]]);
        await connectPeers(ada, bob);
        await negotiates(ada, bob);
        await negotiates(bob, ada);
        assert.deepEqual(await send(bob, ada.id, [1, 2, 3]), ["sent", "sent", "sent"]);
        await receives(ada, bob, [1, 2, 3]);
        await assertUntouched(ada, bob);
      }));
  }
});
