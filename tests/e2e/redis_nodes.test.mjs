// Two servers on one Redis: a pair whose pages are on different servers, one of which is killed, and whose Redis starts anew.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startRedis } from "../harness/redis.mjs";
import { startServer } from "../harness/server.mjs";
import { assertUntouched, connectPeers, flows, join, members, receives, resumes, send, start, withSides } from "./support/chaos.mjs";
import { PAIRS, makeWorld } from "./support/world.mjs";

let world;
let redis;
before(async () => {
  world = await makeWorld(["chromium", "chromium", "firefox", "firefox"]);
  redis = await startRedis(world.namespace);
});
after(async () => {
  await redis?.close();
  await world?.close();
});

const startNode = () => startServer(world.namespace, { env: { SIGNALPOST_REDIS: redis.url } });

/** Opens a page of each kind, each behind a proxy to a server of its own; the servers share the Redis. */
async function onTwoNodes(kinds, body) {
  const nodes = [await startNode(), await startNode()];
  try {
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
      onTwoNodes(kinds, async (ada, bob) => {
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
      onTwoNodes(kinds, async (ada, bob, [first, second]) => {
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
      onTwoNodes(kinds, async (ada, bob) => {
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
