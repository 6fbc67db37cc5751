// The module traps, wherever it is entered: every pending call ends with `internal`, nothing lives on, and a new client works.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { dist, moduleInPackage, trapHookDist } from "../../tools/paths.mjs";
import { buildTrapHook } from "../../tools/trap_hook.mjs";
import { blank, inject, loadModule, startClient } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => {
  await buildTrapHook();
  world = await makeWorld(["chromium", "firefox"], { directory: trapHookDist });
});
after(() => world?.close());

/** The ways into the module, in the page; the server sends the message of a socket, because the other page enters the room. */
const WAYS_IN = {
  command: () => pending("the call itself", client.findPeers()),
  socket: () => {},
  timer: () => pending("connect until", third.connect({ timeoutMs: 100 })),
  connection: () => void peer.connection.addTransceiver("audio"),
  promise: () => void peer.connection.addTransceiver("audio"),
  // While a client is about to connect again.
  page: async () => {
    made[1].close();
    await new Promise((done) => second.addEventListener("statechange", done, { once: true }));
    window.dispatchEvent(new Event("offline"));
  },
  // From a listener: the module is on the stack, and does not go on to resolve connect().
  listener: () => {
    delete window.signalpostTrap;
    const fourth = make("trudy", "?loud");
    fourth.addEventListener("statechange", ({ state }) => {
      if (state !== "connected") return;
      window.signalpostTrap = "command unreachable";
      pending("in a listener", client.join("another"));
    });
    pending("connect that is about to resolve", fourth.connect());
  },
};

const TRAPS = [
  ...Object.keys(WAYS_IN).map((where) => ({ where, how: "unreachable" })),
  { where: "command", how: "memory" },
  { where: "socket", how: "memory" },
  { where: "command", how: "stack" },
  { where: "timer", how: "stack" },
];

/**
 * In a page, before it loads the package: records every socket and connection, how often a listener of the page is called, and the
 * errors that no code caught; it also has a way to stay silent.
 */
const WATCH = () => {
  window.made = [];
  window.heard = 0;
  for (const target of [window, document]) {
    const listeners = new Map();
    const { addEventListener, removeEventListener } = target;
    target.addEventListener = (name, listener, options) => {
      const counted = (event) => {
        heard += 1;
        listener(event);
      };
      listeners.set(listener, counted);
      addEventListener.call(target, name, counted, options);
    };
    target.removeEventListener = (name, listener) => removeEventListener.call(target, name, listeners.get(listener));
  }
  window.uncaught = [];
  window.isMute = false;
  for (const name of ["WebSocket", "RTCPeerConnection"]) {
    const Plain = window[name];
    window[name] = class extends Plain {
      constructor(...given) {
        super(...given);
        made.push(this);
      }
    };
  }
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (text) {
    if (!isMute || this.url.endsWith("?loud")) send.call(this, text);
  };
  addEventListener("error", ({ message }) => uncaught.push(message));
  addEventListener("unhandledrejection", ({ reason }) => uncaught.push(String(reason)));
};

/** In a page: two working clients, one that connects, and calls that get no answer. */
async function prepare({ run, bob }) {
  const { SignalingClient } = signalpostModule;
  window.make = (name, query = "") => {
    const client = new SignalingClient(`/signal${query}`, { peerId: `${name}-${run}` });
    client.told = [];
    client.addEventListener("statechange", ({ state, reason }) => client.told.push(`${state} ${reason}`));
    client.addEventListener("error", ({ error }) => {
      client.told.push(`error ${error.code} ${error.cause?.name}`);
      // The recorder does not wrap this package.
      console.debug(`signalpost-face code ${error.code}`);
    });
    return client;
  };
  Object.assign(window, { isMute: false, made: [], client: make("ada"), second: make("eve"), third: make("mallory") });
  await Promise.all([client.connect(), second.connect()]);
  window.room = await client.join(`room-${run}`);
  window.peer = client.peer(bob);
  peer.told = [];
  peer.addEventListener("statechange", ({ state, reason }) => peer.told.push(`${state} ${reason}`));
  await peer.connect();
  window.isMute = true;
  window.calls = [];
  window.pending = (name, promise) => {
    calls.push([name, promise]);
    promise.catch(() => {});
  };
  pending("connect", third.connect());
  pending("findPeers", client.findPeers());
  pending("join", client.join("another"));
  pending("peer.connect", client.peer("nobody").connect());
  pending("findPeers of another client", second.findPeers());
  // Until the socket of the third is open.
  while (made.some(({ readyState }) => readyState === WebSocket.CONNECTING)) await new Promise((done) => setTimeout(done, 10));
}

/** In a page: returns what the trap has left. */
async function outcomes() {
  const settled = await Promise.all(
    calls.map(async ([name, promise]) => {
      const never = new Promise((done) => setTimeout(done, 1000, "nothing"));
      return [
        name,
        await Promise.race([
          never,
          promise.then(
            () => "resolved",
            ({ code }) => code,
          ),
        ]),
      ];
    }),
  );
  const later = async (act) => {
    try {
      return String(await act());
    } catch ({ code, message }) {
      return code ?? message;
    }
  };
  // Every timer of the dead instance is due by now, such as the next attempt to connect.
  await new Promise((done) => setTimeout(done, 600));
  const before = heard;
  for (const name of ["online", "offline", "pageshow"]) window.dispatchEvent(new Event(name));
  document.dispatchEvent(new Event("visibilitychange"));
  const open = made.filter((it) => (it instanceof WebSocket ? it.readyState < WebSocket.CLOSING : it.signalingState !== "closed"));
  return {
    settled,
    states: [client, second, third, peer].map(({ state }) => state),
    told: [client, second, third].map(({ told }) => told.slice(-2)),
    peerTold: peer.told.at(-1),
    made: [made.some((it) => it instanceof WebSocket), made.some((it) => it instanceof RTCPeerConnection)],
    open: open.length,
    lists: [client.remotePeers.length, room.peers.length],
    later: [
      await later(() => client.findPeers()),
      await later(() => client.connect()),
      await later(() => client.peer("somebody")),
      await later(() => peer.connect()),
      await later(() => peer.restartIce()),
      await later(() => peer.close()),
      await later(() => room.leave()),
      await later(() => client.close()),
    ],
    heard: heard - before,
    uncaught,
  };
}

/** In a page: a new client does everything that the one before did. */
async function again({ run, bob }) {
  window.isMute = false;
  const client = new signalpostModule.SignalingClient("/signal", { peerId: `new-${run}` });
  await client.connect();
  const room = await client.join(`room-${run}`);
  const found = await client.findPeers({ room: room.name });
  const peer = client.peer(bob);
  const channel = peer.createDataChannel("echo");
  await peer.connect();
  const answer = await new Promise((done) => {
    channel.onmessage = ({ data }) => done(data);
    channel.onopen = () => channel.send("hello");
    if (channel.readyState === "open") channel.send("hello");
  });
  client.close();
  return { answer, found: found.peers.map(({ id }) => id), state: client.state };
}

test("what is published cannot be made to trap", () => {
  const holds = (directory) => readFileSync(path.join(directory, moduleInPackage)).includes("signalpostTrap");
  assert.deepEqual([holds(dist), holds(trapHookDist)], [false, true]);
});

for (const [kind, other] of [
  ["chromium", "firefox"],
  ["firefox", "chromium"],
]) {
  describe(kind, () => {
    test("a trap ends every client of the module, and a new client works", (t) =>
      withPages(world.pick(kind, other), [blank(world.server)], async (page, partner) => {
        const bob = `bob-of-${kind}`;
        await startClient(partner, { peerId: bob });
        await partner.evaluate(() =>
          client.addEventListener("peer", ({ peer }) =>
            peer.addEventListener("datachannel", ({ channel }) => (channel.onmessage = ({ data }) => channel.send(data))),
          ),
        );
        await inject(page, `(${WATCH})()`);
        await loadModule(page);
        for (const { where, how } of TRAPS) {
          await t.test(`at a ${where}: ${how}`, async () => {
            const run = `${kind}-${where}-${how}`;
            await page.evaluate(prepare, { run, bob });
            await page.evaluate(`() => {
              window.signalpostTrap = "${where} ${how}";
              return (${WAYS_IN[where]})();
            }`);
            if (where === "socket") await partner.evaluate(`client.join("room-${run}").then(() => {})`);
            await page.waitFor("client.state === 'closed' && !('signalpostTrap' in window)");
            const { settled, ...became } = await page.evaluate(outcomes);
            assert.ok(settled.length >= 5);
            for (const [name, code] of settled) assert.equal(code, "internal", name);
            const cause = how === "stack" ? /^(RuntimeError|RangeError|InternalError)$/ : /^RuntimeError$/;
            for (const [state, error] of became.told) {
              assert.equal(state, "closed internal");
              assert.match(error, /^error internal /);
              assert.match(error.split(" ")[2], cause);
            }
            delete became.told;
            assert.deepEqual(became, {
              states: ["closed", "closed", "closed", "closed"],
              peerTold: "closed internal",
              made: [true, true],
              open: 0,
              lists: [0, 0],
              later: ["closed", "closed", "closed", "closed", "undefined", "undefined", "undefined", "undefined"],
              heard: 0,
              uncaught: [],
            });
            const next = await page.evaluate(again, { run, bob });
            assert.deepEqual(next, { answer: "hello", found: where === "socket" ? [bob] : [], state: "closed" });
          });
        }
        // The module was downloaded once, and the server knows only the partner.
        assert.equal(
          await page.evaluate(`performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".wasm")).length`),
          1,
        );
        assert.deepEqual(await page.evaluate("uncaught"), []);
      }));
  });
}

for (const kind of ["chromium", "firefox"]) {
  test(`${kind}: what a transport tells late, or within what it is asked, ends nothing`, () =>
    withPages(world.pick(kind), [blank(world.server)], async (page) => {
      await loadModule(page);
      const states = await page.evaluate(async () => {
        const { SignalingClient } = signalpostModule;
        const kept = [];
        // Brings a message while it sends one, also while it brings one, and after its end.
        const transport = (url) => {
          const socket = new WebSocket(url);
          const own = {
            send: (text) => {
              socket.send(text);
              if (!text.includes("heartbeat")) own.onmessage?.({ data: JSON.stringify({ type: "heartbeat" }) });
            },
            close: (code) => socket.close(code),
          };
          for (const name of ["onopen", "onmessage", "onclose"]) {
            socket[name] = (event) => {
              kept.push(own[name]);
              own[name]?.(event);
            };
          }
          return own;
        };
        const [client, onlooker] = [new SignalingClient("/signal", { transport }), new SignalingClient("/signal")];
        const found = new Promise((done) => {
          client.addEventListener("statechange", ({ state }) => state === "connected" && done(client.findPeers()));
        });
        await Promise.all([client.connect(), onlooker.connect(), found]);
        client.close();
        await new Promise((done) => setTimeout(done, 50));
        for (const listener of kept) listener?.({ data: "{}", code: 1000 });
        await onlooker.findPeers();
        return [kept.length > 2, client.state, onlooker.state];
      });
      assert.deepEqual(states, [true, "closed", "connected"]);
    }));
}
