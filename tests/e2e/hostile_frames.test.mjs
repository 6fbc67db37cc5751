// Every message malformed in every field: from a client to the server, and from a server to the SDK.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { blank, startClient } from "./support/pages.mjs";
import { HOST, SDP, deep, frameWith, malformed, watch } from "./support/hostile.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox"])));
after(() => world?.close());

const pagesOf = (kinds, body) => withPages(world.pick(...kinds), [blank(world.server)], body);

const KEY = "0123456789abcdef";
const route = { connection: 1, target: 2 };
const ROUTE = { to: "name!", "payload.connection": "integer!", "payload.target": "integer" };
const DESCRIPTION = { ...ROUTE, "payload.session": "integer", "payload.number": "integer!", "payload.sdp": "sdp!", "payload.own": "flag" };

/** The messages of a client: a good frame and the kinds of its fields. */
const TO_SERVER = [
  [
    { type: "join", id: 7, payload: { room: "r" } },
    { id: "integer", seq: "integer", ack: "integer", from: "text", to: "text", payload: "object!", "payload.room": "name!" },
  ],
  [
    { type: "leave", id: 7, payload: { room: "r" } },
    { payload: "object!", "payload.room": "name!" },
  ],
  [
    { type: "peer-discovery", id: 7, payload: { room: "r", region: "eu", capability: "video", limit: 5, cursor: "a" } },
    {
      id: "integer",
      payload: "object",
      "payload.room": "name",
      "payload.region": "label",
      "payload.capability": "label",
      "payload.limit": "limit",
      "payload.cursor": "name",
    },
  ],
  [
    { type: "offer", id: 7, to: "gone", payload: { ...route, session: 3, number: 1, sdp: SDP } },
    { ...DESCRIPTION, payload: "object!" },
  ],
  [{ type: "answer", id: 7, to: "gone", payload: { ...route, session: 3, number: 1, sdp: SDP } }, DESCRIPTION],
  [
    { type: "ice-candidate", id: 7, to: "gone", payload: { ...route, candidates: [{ candidate: HOST }] } },
    { ...ROUTE, "payload.candidates": "candidates!", "payload.end": "text", "payload.own": "flag" },
  ],
  [
    { type: "invite", id: 7, to: "gone", payload: { ...route, session: 3, end: "abcd" } },
    { ...ROUTE, "payload.session": "integer", "payload.end": "text" },
  ],
  [
    { type: "reject", id: 7, to: "gone", payload: { ...route, number: 1, code: "connection-gone" } },
    { ...ROUTE, "payload.number": "integer!", "payload.code": "text!" },
  ],
  [{ type: "close", id: 7, to: "gone", payload: route }, ROUTE],
  [
    { type: "message", id: 7, to: "gone", payload: { data: "1", receipt: true } },
    { to: "name!", "payload.data": "data!", "payload.receipt": "flag" },
  ],
  [
    { type: "broadcast", id: 7, payload: { room: "r", data: "1" } },
    { "payload.room": "name!", "payload.data": "data!" },
  ],
  [
    { type: "offer", id: 7, to: "gone", payload: { own: true, sdp: SDP } },
    { to: "name!", "payload.sdp": "sdp!" },
  ],
  [{ type: "ack", id: 7, ack: 0 }, { ack: "integer" }],
];
const HELLO = {
  type: "hello",
  id: 7,
  payload: { versions: [1, 1], key: KEY, peer: { id: "mallory", session: 7, region: "eu", capabilities: ["video"], metadata: "{}" } },
};
const HELLO_FIELDS = {
  payload: "object!",
  "payload.versions": "versions!",
  "payload.key": "key!",
  "payload.received": "integer",
  "payload.peer": "object!",
  "payload.peer.id": "name!",
  "payload.peer.session": "integer",
  "payload.peer.region": "label",
  "payload.peer.capabilities": "labels",
  "payload.peer.metadata": "metadata",
};
const withJunk = (junk) => JSON.stringify({ type: "join", id: 7, payload: { room: "r" } }).replace("{", () => `{"junk":${junk},`);
/** Texts that are no frame at all, and frames that come too often. */
const ODD = [
  ["nothing", "", "invalid-json"],
  ["a space", " ", "invalid-json"],
  ["half a frame", '{"type":"join","payload":{"room"', "invalid-json"],
  ["two frames", '{"type":"heartbeat-ack"}{"type":"heartbeat-ack"}', "invalid-json"],
  ["an array", '["join"]', "invalid-message"],
  ["a text", '"join"', "invalid-message"],
  ["null", "null", "invalid-message"],
  ["no type", '{"id":7}', "invalid-message"],
  ["a type that is null", '{"type":null,"id":7}', "invalid-message"],
  ["a type that is a number", '{"type":5,"id":7}', "invalid-message"],
  ["a type that is doubled", '{"type":"heartbeat-ack","type":"bye"}', "invalid-message"],
  ["a type that a server sends", '{"type":"welcome","id":7,"payload":{"version":1}}', "unknown-type"],
  ["an own message of the wrong type", JSON.stringify({ type: "close", id: 7, to: "gone", payload: { own: true } }), "unknown-type"],
  ["deeper than anything that is read", withJunk(deep(4000)), undefined],
  ["a depth where it is read", frameWith({ type: "join", id: 7, payload: {} }, "payload.room", deep(4000)), "invalid-message"],
  ["a long array that nobody reads", withJunk(`[${"0,".repeat(3000)}0]`), undefined],
  ["a number that nobody reads", withJunk("1e400"), undefined],
  ["a large join", withJunk(JSON.stringify("x".repeat(17_000))), "message-too-large"],
  [
    "a large candidate",
    frameWith({ type: "ice-candidate", id: 7, to: "gone", payload: { connection: 1 } }, "payload.end", JSON.stringify("x".repeat(17_000))),
    "message-too-large",
  ],
  ["somebody else's name", JSON.stringify({ type: "join", id: 7, from: "eve", payload: { room: "r" } }), "forged-sender"],
  ["a cursor of nobody's", JSON.stringify({ type: "peer-discovery", id: 7, payload: { cursor: "\u0000" } }), "invalid-message"],
  ["a message to oneself", JSON.stringify({ type: "close", id: 7, to: "mallory", payload: { connection: 1 } }), "invalid-message"],
  ["a heartbeat with a payload", '{"type":"heartbeat-ack","payload":{"version":1,"peers":[],"own":true}}', undefined],
];

/**
 * In a page: sends each frame and a `heartbeat` after it; the frames before the `heartbeat-ack` are the answer. In a session each frame gets
 * the next number; `used` says which numbers were used up.
 */
async function sayAll({ hello, frames }) {
  const socket = new WebSocket(`${location.origin.replace("http", "ws")}/signal`);
  window.raw = socket;
  const answers = [];
  const used = [];
  const isSession = hello?.payload.versions[1] === 2;
  let [top, received] = [0, 0];
  let done;
  socket.onmessage = ({ data }) => {
    const { type, payload, seq = 0, ack = 0 } = JSON.parse(data);
    top = Math.max(top, seq);
    received = Math.max(received, ack);
    if (type === "heartbeat") return socket.send('{"type":"heartbeat-ack"}');
    if (type === "heartbeat-ack") return done();
    answers.at(-1).push(type === "error" ? [payload.code, payload.ref ?? null] : [type, payload.ref ?? null]);
  };
  socket.onclose = ({ code }) => {
    answers.at(-1).push([`closed ${code}`, null]);
    done();
  };
  await new Promise((open) => (socket.onopen = open));
  const say = (frame) => {
    answers.push([]);
    return new Promise((resolve) => {
      done = resolve;
      socket.send(frame);
      socket.send('{"type":"heartbeat"}');
    });
  };
  if (hello) await say(JSON.stringify(hello));
  answers.length = 0;
  for (const frame of frames) {
    if (socket.readyState !== WebSocket.OPEN) break;
    const before = received;
    await say(isSession ? frame.replace("{", () => `{"seq":${received + 1},"ack":${top},`) : frame);
    used.push(received > before);
  }
  const state = socket.readyState;
  socket.close();
  return { answers, state, used };
}

function compare(cases, { answers, state }) {
  const wrong = [];
  for (const [at, { label, code, frame, isDoubled }] of cases.entries()) {
    const refusals = (answers[at] ?? []).filter(
      ([type]) => type.includes("-") && type !== "peer-not-found" && type !== "room-not-joined" && !type.startsWith("peer-"),
    );
    const [told, ref] = refusals[0] ?? [];
    const knowsItsNumber = code === undefined || code === "invalid-json" || isDoubled || ref === 7 || !/"id":7[,}]/.test(frame);
    if (refusals.length > 1 || told !== code || !knowsItsNumber) wrong.push(`${label}: ${JSON.stringify(answers[at])}, not ${code}`);
  }
  assert.deepEqual(wrong, []);
  assert.equal(state, 1, "the socket stays open");
}

describe("a server", () => {
  test("answers each malformed frame with its typed error and goes on; neighbours do not notice", () =>
    pagesOf(["chromium", "firefox"], async (page, neighbour) => {
      await startClient(neighbour, { peerId: "neighbour" });
      await watch(neighbour);
      await neighbour.evaluate("client.join('quiet').then((room) => void (window.room = room))");
      const tables = TO_SERVER.flatMap(([frame, fields]) => [...malformed(frame, fields)]);
      const odd = ODD.map(([label, frame, code]) => ({ label, frame, code }));
      const cases = [...tables, ...odd];
      assert.ok(cases.length > 500, `${cases.length} cases`);
      compare(cases, await page.evaluate(sayAll, { hello: HELLO, frames: cases.map(({ frame }) => frame) }));

      const hellos = [...malformed(HELLO, HELLO_FIELDS)].filter(({ code }) => code !== undefined);
      compare(hellos, await page.evaluate(sayAll, { hello: null, frames: hellos.map(({ frame }) => frame) }));

      const { state, peers, problems, failures } = await neighbour.evaluate(async () => {
        const found = await client.findPeers({ limit: 100 });
        return { state: client.state, peers: found.peers.map(({ id }) => id), problems, failures };
      });
      assert.deepEqual([state, problems, failures], ["connected", [], []]);
      assert.ok(!peers.includes("eve"));
    }));

  test("answers them in a session too, and each uses up its number: nobody says it for ever", () =>
    pagesOf(["chromium"], async (page) => {
      const hello = structuredClone(HELLO);
      hello.payload.versions = [1, 2];
      hello.payload.peer.id = "session";
      const numbered = TO_SERVER.filter(([{ type }]) => type !== "ack");
      const cases = numbered.flatMap(([frame, { seq, ack, ...fields }]) => [...malformed(frame, fields)]);
      assert.ok(cases.length > 500, `${cases.length} cases`);
      const told = await page.evaluate(sayAll, { hello, frames: cases.map(({ frame }) => frame) });
      compare(cases, told);
      assert.deepEqual(
        cases.filter((_, at) => !told.used[at]).map(({ label }) => label),
        [],
      );
    }));
});
