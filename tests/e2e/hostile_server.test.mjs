// A server that lies: the SDK neither traps nor throws, no promise of its hangs, and it works afterwards.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { equipFakeServer } from "./support/fake_server.mjs";
import { blank, loadModule } from "./support/pages.mjs";
import { HOST, SDP, malformed, watch } from "./support/hostile.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox"])));
after(() => world?.close());

const KINDS = ["chromium", "firefox"];
const inPage = (kind, body) =>
  withPages(world.pick(kind), [blank(world.server)], async (page) => {
    await loadModule(page);
    await watch(page);
    await equipFakeServer(page);
    await body(page);
    assert.deepEqual(await page.evaluate("problems"), []);
    const after = await page.evaluate(async () => {
      const client = new signalpostModule.SignalingClient("/signal");
      await client.connect();
      const { peers } = await client.findPeers();
      client.close();
      return [peers.length, client.state];
    });
    assert.deepEqual(after, [0, "closed"], "a client of an honest server works in the same page");
  });

const peer = { id: "eve", session: 3, region: "eu", capabilities: ["video"], metadata: "{}" };
const PEER = (path) => ({
  [`${path}.id`]: "name!",
  [`${path}.session`]: "integer",
  [`${path}.region`]: "label",
  [`${path}.capabilities`]: "labels",
  [`${path}.metadata`]: "metadata",
});
const route = { connection: 1, target: 2 };
const FROM = { from: "name!", "payload.connection": "integer!", "payload.target": "integer" };
const DESCRIPTION = { ...FROM, "payload.session": "integer", "payload.number": "integer!", "payload.sdp": "sdp!", "payload.own": "flag" };
/** What a server says: a good frame and the kinds of its fields. `@find` is the number of the frame that asked. */
const TO_CLIENT = [
  [
    { type: "welcome", payload: { version: 1, region: "eu" } },
    { payload: "object!", "payload.version": "u16!", "payload.region": "label" },
  ],
  [
    { type: "welcome", payload: { version: 2, key: "0123456789abcdef", resumed: true, reason: "session-expired", received: 1 } },
    { "payload.key": "key!", "payload.resumed": "flag!", "payload.reason": "text", "payload.received": "integer!" },
  ],
  [
    { type: "ack", ack: 1 },
    { seq: "integer", ack: "integer" },
  ],
  [{ type: "reconnect", payload: { after: 1 } }, { "payload.after": "integer!" }],
  [
    { type: "received", payload: { ref: "@message" } },
    { payload: "object", "payload.ref": "integer" },
  ],
  [
    { type: "peer-away", from: "eve", payload: { room: "one", reason: "lost" } },
    { payload: "object!", from: "name!", "payload.room": "name!", "payload.reason": "text" },
  ],
  [
    { type: "peer-back", payload: { room: "one", peer } },
    { payload: "object!", "payload.room": "name!", "payload.peer": "object!", ...PEER("payload.peer") },
  ],
  [
    { type: "peers", id: 1, timestamp: 1, payload: { peers: [peer], cursor: "c", ref: "@find" } },
    {
      id: "integer",
      payload: "object!",
      "payload.peers": "list!",
      "payload.cursor": "text",
      "payload.ref": "integer",
      ...PEER("payload.peers.0"),
    },
  ],
  [
    { type: "joined", payload: { room: "two", peers: [peer], cursor: "c", ref: "@join" } },
    {
      payload: "object!",
      "payload.room": "name!",
      "payload.peers": "list!",
      "payload.cursor": "text",
      "payload.ref": "integer",
      ...PEER("payload.peers.0"),
    },
  ],
  [
    { type: "left", payload: { room: "three", ref: "@leave" } },
    { payload: "object!", "payload.room": "name!", "payload.ref": "integer" },
  ],
  [
    { type: "peer-joined", payload: { room: "one", peer } },
    { payload: "object!", "payload.room": "name!", "payload.peer": "object!", ...PEER("payload.peer") },
  ],
  [
    { type: "peer-left", from: "eve", payload: { room: "one", reason: "left" } },
    { payload: "object!", from: "name!", "payload.room": "name!", "payload.reason": "text" },
  ],
  [
    { type: "sent", payload: { ref: "@message" } },
    { payload: "object", "payload.ref": "integer" },
  ],
  [
    { type: "error", to: "eve", payload: { code: "peer-busy", message: "m", ref: "@find" } },
    { payload: "object!", to: "name", "payload.code": "text!", "payload.message": "text", "payload.ref": "integer" },
  ],
  [
    { type: "message", from: "eve", payload: { data: "1", room: "one" } },
    { payload: "object!", from: "name!", "payload.data": "data!", "payload.room": "name" },
  ],
  [
    { type: "offer", from: "mallory", payload: { ...route, session: 3, number: 1, sdp: SDP } },
    { ...DESCRIPTION, payload: "object!" },
  ],
  [{ type: "answer", from: "mallory", payload: { ...route, session: 3, number: 1, sdp: SDP } }, DESCRIPTION],
  [
    { type: "ice-candidate", from: "mallory", payload: { ...route, candidates: [{ candidate: HOST }] } },
    { ...FROM, "payload.candidates": "candidates!", "payload.end": "text" },
  ],
  [
    { type: "invite", from: "mallory", payload: { ...route, session: 3, end: "abcd" } },
    { ...FROM, "payload.session": "integer", "payload.end": "text" },
  ],
  [
    { type: "reject", from: "mallory", payload: { ...route, number: 1, code: "connection-gone" } },
    { ...FROM, "payload.number": "integer!", "payload.code": "text!" },
  ],
  [{ type: "close", from: "mallory", payload: route }, FROM],
];
// Of what may be missing, the SDK reads the rest; of what is doubled, a browser takes the last.
const BAD = TO_CLIENT.flatMap(([frame, fields]) => [...malformed(frame, fields)]);
const wrong = BAD.filter(({ code, isDoubled }) => code !== undefined && !isDoubled);
const taken = BAD.filter(({ code, isDoubled }) => code === undefined || isDoubled);
/** Of a list with a peer that is no peer, what is one is taken; a value that is not even of the kind spoils the frame. */
const isOfKind = ({ label }) => !/: (a number|a flag|an array|an object|a fraction|an entry that is no text|too deep)$/.test(label);
const isPartly = (bad) => bad.label.includes("payload.peers.0.") && !/session|capabilities: a text/.test(bad.label) && isOfKind(bad);
const partly = wrong.filter(isPartly);
const refused = wrong.filter((bad) => !isPartly(bad));

/** In a page: a client that waits for everything there is to wait for, and a server that says all this to it. */
async function wait() {
  const server = fakeServer();
  window.server = server;
  const client = new signalpostModule.SignalingClient("/x", { transport: server.transport });
  window.client = client;
  window.failures = new Map();
  client.addEventListener("error", ({ error }) => failures.set(error.code, (failures.get(error.code) ?? 0) + 1));
  await client.connect();
  const answer = (type, payload) => server.say(JSON.stringify({ type, payload }));
  const enter = async (name) => {
    const joining = client.join(name);
    answer("joined", { room: name, peers: [], ref: server.told("join").id });
    return joining;
  };
  const [one, three] = [await enter("one"), await enter("three")];
  window.heard = [];
  client.addEventListener("message", ({ data }) => heard.push(data));
  for (const name of ["message", "peerjoin", "peerleave"]) one.addEventListener(name, () => heard.push(name));
  window.waits = {
    find: client.findPeers(),
    join: client.join("two"),
    leave: three.leave(),
    message: client.peer("ada").send(1),
    broadcast: one.broadcast(1),
    connect: client.peer("zed").connect({ timeoutMs: 4000 }),
  };
  const { sent } = server;
  window.refs = {
    "@find": server.told("peer-discovery").id,
    "@join": server.told("join").id,
    "@leave": server.told("leave").id,
    "@message": server.told("message").id,
    "@broadcast": server.told("broadcast").id,
  };
  window.settled = new Set();
  for (const [name, promise] of Object.entries(waits))
    promise.then(
      () => settled.add(name),
      () => settled.add(name),
    );
  window.sayAll = async (frames) => {
    for (const text of frames) server.say(text.replace(/"(@\w+)"/g, (_, name) => refs[name]));
    // A task, so that what follows from them has happened.
    await new Promise((done) => setTimeout(done, 20));
  };
  return sent.length;
}

const RIGHT = [
  { type: "peers", payload: { peers: [peer], ref: "@find" } },
  { type: "joined", payload: { room: "two", peers: [peer], ref: "@join" } },
  { type: "left", payload: { room: "three", ref: "@leave" } },
  { type: "sent", payload: { ref: "@message" } },
  { type: "sent", payload: { ref: "@broadcast" } },
].map((frame) => JSON.stringify(frame));
const outcomes = () =>
  Promise.all(Object.entries(waits).map(async ([name, promise]) => [name, await ended(promise, 6000)])).then(Object.fromEntries);
const SETTLED = { find: "done", join: "done", leave: "done", message: "done", broadcast: "done", connect: "timeout" };

for (const kind of KINDS) {
  describe(`the SDK in ${kind}`, () => {
    test("survives every message malformed in every field, and takes the right ones afterwards", () =>
      inPage(kind, async (page) => {
        assert.ok(refused.length > 400, `${refused.length} cases`);
        await page.evaluate(wait);
        await page.evaluate(
          "(frames) => sayAll(frames)",
          refused.map(({ frame }) => frame),
        );
        const { state, settled, peers, heard, failures } = await page.evaluate(() => ({
          state: client.state,
          settled: [...settled],
          peers: client.remotePeers.map(({ id }) => id).sort(),
          heard,
          failures: Object.fromEntries(failures),
        }));
        assert.deepEqual([state, settled, peers, heard], ["connected", [], ["ada", "zed"], []], "what is malformed does nothing");
        const told = Object.values(failures).reduce((sum, count) => sum + count, 0);
        assert.equal(told, refused.length, JSON.stringify(failures));
        assert.deepEqual(Object.keys(failures).sort(), [
          "invalid-candidate",
          "invalid-description",
          "invalid-json",
          "invalid-message",
          "message-too-large",
        ]);

        await page.evaluate("(frames) => sayAll(frames)", RIGHT);
        assert.deepEqual(await page.evaluate(outcomes), SETTLED);
        await page.evaluate("failures.clear()");
        await page.evaluate(
          "(frames) => sayAll(frames)",
          partly.map(({ frame }) => frame),
        );
        assert.deepEqual(await page.evaluate("Object.fromEntries(failures)"), { "invalid-message": partly.length });
        await page.evaluate(
          "(frames) => sayAll(frames)",
          taken.map(({ frame }) => frame),
        );
        assert.equal(await page.evaluate("client.state"), "connected");
        await page.evaluate("client.close()");
      }));

    test("survives what is no frame, and floods of what is one", () =>
      inPage(kind, async (page) => {
        const sent = await page.evaluate(wait);
        const acks = await page.evaluate(async (SDP) => {
          const deep = "[".repeat(50_000) + "]".repeat(50_000);
          const odd = [
            undefined,
            null,
            5,
            true,
            {},
            [],
            new Blob(["{}"]),
            new ArrayBuffer(4),
            "",
            " ",
            "null",
            "5",
            "[]",
            '"x"',
            "{",
            "{}",
            deep,
            `{"type":"peers","x":${deep}}`,
          ];
          odd.push(
            "x".repeat(2_000_000),
            '{"__proto__":{"type":"welcome"}}',
            '{"type":"constructor"}',
            '{"type":"__proto__","payload":{"version":1}}',
            '{"type":"\ud800"}',
            "\u0000",
          );
          for (const data of odd) server.say(data);
          const say = (frame) => server.say(JSON.stringify(frame));
          for (let at = 0; at < 3000; at += 1) {
            say({ type: "heartbeat" });
            say({ type: "error", payload: { code: `code-${at}`, ref: 900_000 + at } });
            say({ type: "message", from: "eve", payload: { data: "{no JSON" } });
            say({ type: "peer-joined", payload: { room: `room-${at}`, peer: { id: `p${at}`, session: at } } });
            say({ type: "peer-left", from: `p${at}`, payload: { room: "one" } });
          }
          for (let at = 1; at <= 150; at += 1) say({ type: "offer", from: "mallory", payload: { connection: at, number: 1, sdp: SDP } });
          await new Promise((done) => setTimeout(done, 500));
          return server.sent.filter(({ type }) => type === "heartbeat-ack").length;
        }, SDP);
        assert.equal(acks, 3000);
        assert.ok((await page.evaluate("server.sent.length")) - sent < 3000 + 700, "nothing else is answered without end");
        await page.evaluate("(frames) => sayAll(frames)", RIGHT);
        assert.deepEqual(await page.evaluate(outcomes), SETTLED);
        const { state, peers, heard } = await page.evaluate(() => ({
          state: client.state,
          peers: client.remotePeers.length,
          heard: heard.length,
        }));
        assert.deepEqual([state, heard], ["connected", 0]);
        assert.ok(peers <= 3, `${peers} peers`);
        await page.evaluate("client.close()");
      }));

    test("survives a way to the server that says things out of order; each promise is settled", () =>
      inPage(kind, async (page) => {
        const codes = await page.evaluate(async () => {
          const welcome = '{"type":"welcome","payload":{"version":1}}';
          const socketOf = (server) => server.sockets.at(-1);
          const scripts = {
            "a welcome before it is open": (server) => server.say(welcome),
            "open twice, welcomed twice": (server) => {
              for (let times = 0; times < 2; times += 1) socketOf(server).onopen({});
              for (let times = 0; times < 2; times += 1) server.say(welcome);
            },
            "a reply to nothing": (server) => {
              socketOf(server).onopen({});
              for (const type of ["joined", "peers", "left", "sent", "error"]) {
                for (const ref of [0, 99, 4_294_967_295])
                  server.say(JSON.stringify({ type, payload: { room: "r", peers: [], cursor: "c", code: "x", ref } }));
              }
              server.say(welcome);
            },
            "closed twice": (server) => {
              socketOf(server).onopen({});
              socketOf(server).onclose({ code: 4000 });
              socketOf(server).onclose?.({ code: 4500 });
            },
            "closed with a code that is none": (server) => {
              for (const code of [undefined, null, NaN, -1, "4500", {}, 1e9]) {
                const socket = socketOf(server);
                socket.onopen?.({});
                socket.onclose?.({ code });
              }
            },
            "superseded before it is open": (server) => socketOf(server).onclose({ code: 4500 }),
            "refused for its version": (server) => {
              socketOf(server).onopen({});
              server.say(JSON.stringify({ type: "error", payload: { code: "upgrade-required", ref: server.told("hello").id } }));
              socketOf(server).onclose?.({ code: 4501 });
            },
            "refused for its name": (server) => {
              socketOf(server).onopen({});
              server.say(
                JSON.stringify({ type: "error", payload: { code: "invalid-message", message: "\u0000", ref: server.told("hello").id } }),
              );
            },
            "says nothing at all": () => {},
          };
          const run = async ([name, script]) => {
            const server = fakeServer({ silent: true });
            const client = new signalpostModule.SignalingClient("/x", { transport: server.transport });
            const connecting = client.connect({ timeoutMs: 2500 });
            const joining = connecting.catch(() => {}).then(() => client.join("r"));
            while (server.sockets.length === 0) await new Promise((done) => setTimeout(done, 5));
            script(server);
            const connected = await ended(connecting, 4000);
            client.close();
            const joined = await ended(joining, 1000);
            const late = socketOf(server);
            late.onmessage?.({ data: welcome });
            late.onopen?.({});
            late.onclose?.({ code: 1000 });
            return [name, connected, joined, client.state];
          };
          return Promise.all(Object.entries(scripts).map(run));
        });
        const ended = (name) => codes.find(([of]) => of === name).slice(1);
        assert.deepEqual(
          codes.filter(([, ...all]) => all.includes("waits")),
          [],
        );
        assert.deepEqual(ended("open twice, welcomed twice"), ["done", "closed", "closed"]);
        assert.deepEqual(ended("a reply to nothing").slice(0, 1), ["done"]);
        assert.deepEqual(ended("refused for its version").slice(0, 1), ["upgrade-required"]);
        assert.deepEqual(ended("refused for its name").slice(0, 1), ["invalid-message"]);
        assert.deepEqual(ended("superseded before it is open").slice(0, 1), ["superseded"]);
        assert.deepEqual(ended("says nothing at all").slice(0, 1), ["timeout"]);
      }));
  });
}
