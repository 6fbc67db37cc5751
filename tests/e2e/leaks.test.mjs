// Clients and peers that come and go, thousands of times in one page, leave nothing behind.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { keepLedger } from "./support/ledger.mjs";
import { blank, inject, loadModule } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox"], { chromiumArgs: ["--js-flags=--expose-gc"] })));
after(() => world?.close());

const CLIENTS = 1500;
const PEERS = 300;
/** How many clients come and go at the same time: Chromium makes sockets wait when more than a few are on their way. */
const AT_A_TIME = 5;

/** In a page: the ways in which a client can come and go. */
const LIVES = (atATime) => {
  const { SignalingClient } = signalpostModule;
  const refused = (promise, ...codes) =>
    promise.then(
      () => "resolved",
      (error) => {
        if (!codes.includes(error.code)) throw error;
      },
    );
  window.shared = new AbortController();
  const { signal } = window.shared;
  const lives = [
    // Connected, with an `AbortSignal` that outlives the client, then closed.
    async (client) => {
      await client.connect({ signal });
      client.close();
    },
    // In a room, with a request that has no answer yet.
    async (client) => {
      await client.connect();
      await client.join(`room-${client.peerId}`);
      const found = refused(client.findPeers(), "closed");
      client.close();
      await found;
    },
    // Closed while the client connects.
    async (client) => {
      const connecting = refused(client.connect(), "closed");
      await ledger.sleep(Math.random() * 4);
      client.close();
      await connecting;
    },
    // Aborted while it connects, and then closed or not.
    async (client) => {
      const controller = new AbortController();
      const connecting = refused(client.connect({ signal: controller.signal }), "aborted");
      await ledger.sleep(Math.random() * 4);
      controller.abort();
      await connecting;
      client.close();
    },
    // Closed before anything happens.
    async (client) => {
      const connecting = refused(client.connect(), "closed");
      client.close();
      await connecting;
    },
  ];
  let born = 0;
  window.live = async (count) => {
    const end = born + count;
    const one = async () => {
      while (born < end) {
        const number = born++;
        const client = new SignalingClient("/signal", { peerId: `client-${number}` });
        ledger.watch(client);
        await lives[number % lives.length](client);
      }
    };
    await Promise.all(Array.from({ length: atATime }, one));
    return { open: await ledger.settled(), module: ledger.module(), born, sockets: ledger.sockets(), kept: await ledger.kept(), uncaught };
  };
};

/** In a page: peers of one client that are connected and closed, closed while they connect, or never connected. */
const PEERS_COME_AND_GO = () => {
  const { SignalingClient } = signalpostModule;
  window.meet = async (rounds, idle) => {
    const clients = Array.from({ length: 9 }, (_, at) => new SignalingClient("/signal", { peerId: at === 0 ? "hub" : `spoke-${at}` }));
    const [hub, ...spokes] = clients;
    await Promise.all(clients.map((client) => client.connect()));
    const seen = { opened: 0, connected: 0 };
    const closed = (peer, end = {}) => {
      seen.opened += 1;
      // The test does not count its connection: Chromium keeps every connection that was closed while it connected.
      ledger.watch(peer);
      return new Promise((done) => {
        peer.addEventListener("statechange", ({ state }) => state === "closed" && done(end));
      });
    };
    for (let round = 0; round < rounds; round++) {
      // Each pair ends in its own way: the caller closes it, the other side does, or only the client does.
      await Promise.all(
        spokes.map(async (spoke, at) => {
          const arrived = new Promise((done) => spoke.addEventListener("peer", ({ peer }) => done(peer), { once: true }));
          const peer = hub.peer(spoke.peerId);
          const gone = closed(peer);
          const connecting = peer.connect();
          const other = await arrived;
          const otherGone = closed(other);
          if (at % 4 === 3) {
            // While it connects.
            peer.close();
            await connecting.catch(({ code }) => {
              if (code !== "closed") throw new Error(code);
            });
          } else {
            await connecting;
            if (at % 4 === 2) peer.createDataChannel("chat").onopen = () => {};
            seen.connected += 1;
            (at % 4 === 0 ? other : peer).close();
          }
          await Promise.all([gone, otherGone]);
        }),
      );
    }
    for (let at = 0; at < idle; at++) {
      const peer = hub.peer(`nobody-${at % 10}`);
      const gone = closed(peer);
      const connecting = at % 2 === 0 ? peer.connect().catch(() => {}) : undefined;
      if (at % 4 === 0) await connecting;
      else peer.close();
      await Promise.all([gone, connecting]);
    }
    const left = hub.remotePeers.length;
    for (const client of clients) client.close();
    for (const client of clients) ledger.watch(client);
    clients.length = spokes.length = 0;
    return { ...seen, left, open: await ledger.settled(), module: ledger.module(), uncaught };
  };
};

/** In a page: mounts a component as React in strict mode does, and as a router does. */
const MOUNTS = () => {
  const { SignalingClient } = signalpostModule;
  const options = { peerId: "ada", capabilities: ["mounted"] };
  window.outcomes = [];
  const mount = (unmount, client = new SignalingClient("/signal", options)) => {
    const controller = new AbortController();
    client.connect({ signal: controller.signal }).then(
      () => outcomes.push("connected"),
      ({ code }) => outcomes.push(code),
    );
    return { client, unmount: () => unmount(client, controller) };
  };
  const cleanups = {
    close: (client) => client.close(),
    abort: (_, controller) => controller.abort(),
    both: (client, controller) => {
      controller.abort();
      client.close();
    },
    // The client is created outside of the component, and mounted again.
    keep: (_, controller) => controller.abort(),
  };
  /** Mounts, unmounts after `ms` (`null`: in the same tick), mounts again, and returns what is there. */
  window.mountTwice = async (cleanup, ms) => {
    outcomes.length = 0;
    const first = mount(cleanups[cleanup]);
    if (ms !== null) await ledger.sleep(ms);
    first.unmount();
    const second = mount(cleanups.both, cleanup === "keep" ? first.client : undefined);
    for (const end = performance.now() + 3000; outcomes.length < 2 && performance.now() < end; ) await ledger.sleep(5);
    const { open } = ledger;
    for (const end = performance.now() + 3000; open().WebSocket !== 1 && performance.now() < end; ) await ledger.sleep(5);
    const onlooker = new SignalingClient("/signal");
    await onlooker.connect();
    const { peers } = await onlooker.findPeers({ capability: "mounted" });
    onlooker.close();
    await ledger.sleep(50);
    const became = { outcomes: [...outcomes], sockets: open().WebSocket, state: second.client.state, found: peers.map(({ id }) => id) };
    second.unmount();
    first.client.close();
    return { ...became, open: await ledger.settled(), uncaught };
  };
};

/** The server's metrics that must be 0 in the end. */
async function leftAtServer() {
  const { body } = await world.server.fetch("/metrics", { admin: true });
  return ["signalpost_connections", "signalpost_peers"].map((name) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(body)?.[1]));
}

/** Resolves when the server knows no client, or rejects with the clients that are left. */
async function serverIsEmpty() {
  const end = Date.now() + 5000;
  let left;
  do left = await leftAtServer();
  while (left.some((number) => number !== 0) && Date.now() < end);
  assert.deepEqual(left, [0, 0], "sockets and peers at the server");
}

/**
 * What the module holds as long as it lives, from the first use on, and only once in an instance: `Function.prototype`, which a silenced socket
 * calls (`src/browser/web_socket.rs`); the global object, which js-sys keeps twice, as it is and as `globalThis` gave it; and of
 * wasm-bindgen-futures the closure that runs its tasks, and a settled promise for hosts without `queueMicrotask()`.
 */
const LASTING = ["Function", "Function", "Promise", "Window", "Window"];

/** In a page: a client that makes the module use everything once that is made once: it creates an offer, which is a task. */
const WARM_UP = async () => {
  const client = new signalpostModule.SignalingClient("/signal");
  await client.connect();
  await client
    .peer("nobody")
    .connect()
    .catch(() => {});
  client.close();
  await ledger.settled();
  return ledger.lasting();
};

/** The module is the one that it was, holds nothing but what lasts, and has allocated no more but for the crumbs of added memory. */
function sameModule(now, before) {
  assert.deepEqual([now.instances, now.objects], [1, 0]);
  assert.ok(now.bytes - before.bytes < 2048, `${now.bytes - before.bytes} bytes more than before`);
}

/** Opens a page with a ledger and the package, whose module was used. */
const withLedger = (kind, body) =>
  withPages(world.pick(kind), [blank(world.server)], async (page) => {
    await keepLedger(page);
    await loadModule(page);
    assert.deepEqual(await page.evaluate(WARM_UP), LASTING);
    return body(page);
  });

test("the ledger tells what is left", () =>
  withLedger("chromium", async (page) => {
    const [before, during, after] = await page.evaluate(async () => {
      const { SignalingClient } = signalpostModule;
      const before = ledger.open();
      const client = new SignalingClient("/signal");
      await client.connect();
      const peer = client.peer("nobody");
      const controller = new AbortController();
      const listener = () => {};
      window.addEventListener("online", listener);
      window.addEventListener("online", listener);
      document.addEventListener("click", listener, { signal: controller.signal });
      const timer = setTimeout(listener, 1000);
      const during = { ...ledger.open(), objects: ledger.module().objects };
      clearTimeout(timer);
      controller.abort();
      peer.connection.addEventListener("track", listener);
      client.close();
      await ledger.settled();
      return [before, during, { ...ledger.open(), objects: ledger.module().objects }];
    });
    assert.deepEqual(before, {});
    const { "Window listens to online": online, "HTMLDocument listens to click": click } = during;
    assert.deepEqual([online, click], [2, 1]);
    const open = Object.fromEntries(Object.entries(during).filter(([what]) => !what.includes(" ")));
    const { objects: held, ...opened } = open;
    assert.deepEqual(opened, { Timeout: 2, WebSocket: 1, MessageChannel: 1, RTCPeerConnection: 1 });
    const { objects: stillHeld, ...left } = after;
    assert.deepEqual(left, { "Window listens to online": 1, "RTCPeerConnection listens to track": 1 });
    assert.ok(held > 0 && stillHeld === 0, `${held}, ${stillHeld}`);
    const kept = await page.evaluate("ledger.watch((window.kept = new EventTarget())), ledger.kept()");
    assert.deepEqual(kept, { EventTarget: 1 });
  }));

for (const kind of ["chromium", "firefox"]) {
  describe(kind, () => {
    test(`${CLIENTS} clients that come and go leave nothing`, (t) =>
      withLedger(kind, async (page) => {
        await inject(page, `(${LIVES})(${AT_A_TIME})`);
        const warm = await page.evaluate(`live(${CLIENTS / 5})`);
        const began = Date.now();
        const then = await page.evaluate(`live(${CLIENTS - CLIENTS / 5})`);
        t.diagnostic(`${Date.now() - began} ms, ${JSON.stringify(then)}`);
        assert.deepEqual(then.open, {});
        assert.deepEqual(then.uncaught, []);
        assert.deepEqual([then.born, then.kept], [CLIENTS, {}]);
        assert.ok(then.sockets > CLIENTS / 2);
        sameModule(then.module, warm.module);
        await serverIsEmpty();
      }));

    test(`${PEERS} remote peers that come and go leave nothing`, (t) =>
      withLedger(kind, async (page) => {
        await inject(page, `(${PEERS_COME_AND_GO})()`);
        const warm = await page.evaluate("meet(1, 10)");
        const began = Date.now();
        // Each connection has two peers in this page.
        const then = await page.evaluate(`meet(4, ${PEERS - 4 * 8 * 2})`);
        t.diagnostic(`${Date.now() - began} ms, ${JSON.stringify(then)}`);
        assert.deepEqual(then.open, {});
        assert.deepEqual(then.uncaught, []);
        assert.deepEqual([then.opened, then.connected, then.left], [PEERS, 4 * 6, 0]);
        assert.deepEqual(await page.evaluate("ledger.kept()"), {});
        sameModule(then.module, warm.module);
        await serverIsEmpty();
      }));

    test("a component that is mounted twice has one socket and one peer", (t) =>
      withLedger(kind, async (page) => {
        await inject(page, `(${MOUNTS})()`);
        for (const [cleanup, ms] of [
          ["close", null],
          ["abort", null],
          ["both", null],
          ["keep", null],
          ["keep", 1],
          ["close", 1],
          ["both", 5],
          ["close", 100],
        ]) {
          const became = await page.evaluate(`mountTwice("${cleanup}", ${ms})`);
          t.diagnostic(`${cleanup} ${ms} ${JSON.stringify(became)}`);
          const ended = cleanup === "close" ? "closed" : "aborted";
          const outcomes = became.outcomes[0] === "connected" && ms !== null ? ["connected", "connected"] : [ended, "connected"];
          assert.deepEqual(became, { outcomes, sockets: 1, state: "connected", found: ["ada"], open: {}, uncaught: [] });
          await serverIsEmpty();
        }
      }));
  });
}
