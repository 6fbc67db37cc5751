// The arguments that the package accepts, and its errors for all others: the name, the value and the values that are allowed. In Node, which runs
// the facade alone, and in both browsers.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { dist } from "../../tools/paths.mjs";
import { blank, loadModule } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

/** In Node or in a page: returns the result of each case, as texts. */
async function tell({ SignalingClient, SignalingError }) {
  const told = {};
  const note = async (name, act) => {
    try {
      await act();
      told[name] = "taken";
    } catch (error) {
      const isOurs = error instanceof SignalingError && error.code === "invalid-argument" && !error.retryable;
      told[name] = isOurs ? error.context.detail : `another error: ${error}`;
    }
  };
  const url = "wss://example.org/signal";
  const make = (options, at) => new SignalingClient(at, options).close();
  const circle = {};
  circle.self = circle;
  const options = {
    "options null": null,
    "options text": "x",
    "options unknown": { peerID: 5, reconnect: { base: "x" }, nothing: Symbol() },
    "peerId number": { peerId: 5 },
    "peerId null": { peerId: null },
    "peerId empty": { peerId: "" },
    "peerId most": { peerId: "é".repeat(64) },
    "peerId long": { peerId: "é".repeat(65) },
    "peerId control": { peerId: "a\u0085b" },
    "peerId half": { peerId: "a\ud83d" },
    "region symbol": { region: Symbol("eu") },
    "region most": { region: "r".repeat(64) },
    "region long": { region: "r".repeat(65) },
    "capabilities text": { capabilities: "x" },
    "capabilities many": { capabilities: Array(17).fill("c") },
    "capabilities most": { capabilities: Array(16).fill("c".repeat(64)) },
    "capabilities entry": { capabilities: ["ok", ""] },
    "metadata most": { metadata: "m".repeat(1022) },
    "metadata long": { metadata: "é".repeat(512) },
    "metadata circle": { metadata: circle },
    "metadata bigint": { metadata: 1n },
    "metadata function": { metadata: () => {} },
    "metadata null": { metadata: null },
    "metadata map": { metadata: { list: [1, new Map()] } },
    "metadata bytes": { metadata: new Uint8Array(3) },
    "metadata NaN": { metadata: { x: NaN } },
    "metadata date": { metadata: { when: new Date(0), left: undefined } },
    "reconnect null": { reconnect: null },
    "reconnect baseMs": { reconnect: { baseMs: -1 } },
    "reconnect factor": { reconnect: { factor: 0.5 } },
    "reconnect maxMs": { reconnect: { maxMs: NaN } },
    "reconnect maxVisibleMs": { reconnect: { maxVisibleMs: Infinity } },
    "reconnect maxAttempts": { reconnect: { maxAttempts: 1.5 } },
    "reconnect least": { reconnect: { baseMs: 0, factor: 1, maxMs: 0, maxVisibleMs: 0, maxAttempts: 0 } },
    "reconnect most": {
      reconnect: { baseMs: 86_400_000, factor: 100, maxMs: 86_400_000, maxVisibleMs: 86_400_000, maxAttempts: Infinity },
    },
    "reconnect text": { reconnect: { baseMs: "100" } },
    "candidates number": { candidates: 5 },
    "candidates batchMs": { candidates: { batchMs: 10_001 } },
    "candidates batchSize": { candidates: { batchSize: 2.5 } },
    "candidates maxPerGeneration": { candidates: { maxPerGeneration: 11 } },
    "candidates least": { candidates: { batchMs: 0, batchSize: 1, maxPerGeneration: 1 } },
    "gathering text": { gathering: "complete" },
    "gathering mode": { gathering: { mode: "full" } },
    "gathering mode null": { gathering: { mode: null } },
    "gathering timeoutMs": { gathering: { mode: "complete", timeoutMs: 60_001 } },
    "gathering timeoutMs, not in use": { gathering: { timeoutMs: "1" } },
    "gathering most": { gathering: { mode: "complete", timeoutMs: 60_000 } },
    "gathering least": { gathering: { mode: "trickle", timeoutMs: 0 } },
    "session text": { session: "tab" },
    "session storage": { session: { storage: "page" } },
    "session storage null": { session: { storage: null } },
    "session none": { session: { storage: "none" } },
    "session tab": { session: { storage: "tab" } },
    "session origin": { session: { storage: "origin" } },
    "background boolean": { background: true },
    "background text": { background: "close" },
    "background keep": { background: "keep" },
    "background release": { background: "release" },
    "rtc null": { rtc: null },
    "rtc text": { rtc: "x" },
    rtc: { rtc: { iceServers: [] } },
    "transport text": { transport: "ws" },
    "transport null": { transport: null },
    transport: { transport: () => {} },
    "all undefined": {
      peerId: undefined,
      region: undefined,
      capabilities: undefined,
      metadata: undefined,
      reconnect: undefined,
      candidates: { batchMs: undefined },
      gathering: { mode: undefined },
      session: { storage: undefined },
      background: undefined,
      rtc: undefined,
      transport: undefined,
    },
  };
  for (const [name, given] of Object.entries(options)) await note(name, () => make(given, url));
  for (const at of [
    5,
    null,
    undefined,
    {},
    "ftp://example.org",
    "ws://",
    new URL("https://example.org/signal"),
    "http://example.org",
    "/signal",
  ]) {
    await note(`url ${String(at)}`, () => make({}, at));
  }
  const client = new SignalingClient(url);
  const calls = {
    "connect timeoutMs": () => client.connect({ timeoutMs: 0 }),
    "connect timeoutMs NaN": () => client.connect({ timeoutMs: NaN }),
    "connect null": () => client.connect(null),
    "connect signal": () => client.connect({ signal: {} }),
    "join null": () => client.join("room", null),
    "join signal": () => client.join("room", { signal: 5 }),
    "findPeers options": () => client.findPeers({}, "x"),
    peer: () => client.peer(7),
    join: () => client.join(""),
    "findPeers null": () => client.findPeers(null),
    "findPeers region": () => client.findPeers({ region: "" }),
    "findPeers capability": () => client.findPeers({ capability: "c".repeat(65) }),
    "findPeers room": () => client.findPeers({ room: 1 }),
    "findPeers limit": () => client.findPeers({ limit: 101 }),
    "findPeers limit 0": () => client.findPeers({ limit: 0 }),
    "findPeers cursor": () => client.findPeers({ cursor: 5 }),
    "findPeers nearest": () => client.findPeers({ nearest: "yes" }),
    "sendOffer to": () => client.signals.sendOffer("", { type: "offer", sdp: "v=0\r\n" }),
    "sendOffer null": () => client.signals.sendOffer("bob", null),
    "sendOffer type": () => client.signals.sendOffer("bob", { type: "answer", sdp: "v=0\r\n" }),
    "sendAnswer sdp": () => client.signals.sendAnswer("bob", { type: "answer", sdp: 5 }),
    sendIceCandidate: () => client.signals.sendIceCandidate("bob", 5),
    "sendIceCandidate to": () => client.signals.sendIceCandidate(undefined, null),
  };
  for (const [name, act] of Object.entries(calls)) await note(name, act);
  return told;
}

const NAME = "a string of 1 to 128 bytes of UTF-8 without control characters";
const LABEL = NAME.replace("128", "64");
const DAY = "a number from 0 to 86400000";
const URLS = "a ws:, wss:, http: or https: URL";
const EXPECTED = {
  "options null": "options is null, allowed is an object",
  "options text": 'options is "x", allowed is an object',
  "options unknown": "taken",
  "peerId number": `peerId is 5, allowed is ${NAME}`,
  "peerId null": `peerId is null, allowed is ${NAME}`,
  "peerId empty": `peerId is "", allowed is ${NAME}`,
  "peerId most": "taken",
  "peerId long": `peerId is "${"é".repeat(65)}", allowed is ${NAME}`,
  "peerId control": `peerId is "a\u0085b", allowed is ${NAME}`,
  "peerId half": `peerId is "a\\ud83d", allowed is ${NAME}`,
  "region symbol": `region is Symbol(eu), allowed is ${LABEL}`,
  "region most": "taken",
  "region long": `region is "${"r".repeat(65)}", allowed is ${LABEL}`,
  "capabilities text": 'capabilities is "x", allowed is an array of at most 16 strings',
  "capabilities many": "capabilities is [object Array], allowed is an array of at most 16 strings",
  "capabilities most": "taken",
  "capabilities entry": `capabilities[1] is "", allowed is ${LABEL}`,
  "metadata most": "taken",
  "metadata long": `metadata is "${"é".repeat(99)}", allowed is what JSON can hold in 1024 bytes`,
  "metadata circle": "metadata is [object Object], allowed is what JSON can hold in 1024 bytes",
  "metadata bigint": "metadata is 1, allowed is what JSON can hold in 1024 bytes",
  "metadata function": "metadata is [object Function], allowed is what JSON can hold in 1024 bytes",
  "metadata null": "taken",
  "metadata map": "metadata.list[1] is [object Map], allowed is what JSON can hold",
  "metadata bytes": "metadata is [object Uint8Array], allowed is what JSON can hold in 1024 bytes",
  "metadata NaN": "metadata.x is NaN, allowed is what JSON can hold",
  "metadata date": "taken",
  "reconnect null": "reconnect is null, allowed is an object",
  "reconnect baseMs": `reconnect.baseMs is -1, allowed is ${DAY}`,
  "reconnect factor": "reconnect.factor is 0.5, allowed is a number from 1 to 100",
  "reconnect maxMs": `reconnect.maxMs is NaN, allowed is ${DAY}`,
  "reconnect maxVisibleMs": `reconnect.maxVisibleMs is Infinity, allowed is ${DAY}`,
  "reconnect maxAttempts": "reconnect.maxAttempts is 1.5, allowed is a whole number from 0 to Infinity",
  "reconnect least": "taken",
  "reconnect most": "taken",
  "reconnect text": `reconnect.baseMs is "100", allowed is ${DAY}`,
  "candidates number": "candidates is 5, allowed is an object",
  "candidates batchMs": "candidates.batchMs is 10001, allowed is a number from 0 to 10000",
  "candidates batchSize": "candidates.batchSize is 2.5, allowed is a whole number from 1 to 10",
  "candidates maxPerGeneration": "candidates.maxPerGeneration is 11, allowed is a whole number from 1 to 10",
  "candidates least": "taken",
  "gathering text": 'gathering is "complete", allowed is an object',
  "gathering mode": 'gathering.mode is "full", allowed is "trickle" or "complete"',
  "gathering mode null": 'gathering.mode is null, allowed is "trickle" or "complete"',
  "gathering timeoutMs": "gathering.timeoutMs is 60001, allowed is a number from 0 to 60000",
  "gathering timeoutMs, not in use": 'gathering.timeoutMs is "1", allowed is a number from 0 to 60000',
  "gathering most": "taken",
  "gathering least": "taken",
  "session text": 'session is "tab", allowed is an object',
  "session storage": 'session.storage is "page", allowed is "none" or "tab" or "origin"',
  "session storage null": 'session.storage is null, allowed is "none" or "tab" or "origin"',
  "session none": "taken",
  "session tab": "taken",
  "session origin": "taken",
  "background boolean": 'background is true, allowed is "keep" or "release"',
  "background text": 'background is "close", allowed is "keep" or "release"',
  "background keep": "taken",
  "background release": "taken",
  "rtc null": "rtc is null, allowed is an object",
  "rtc text": 'rtc is "x", allowed is an object',
  rtc: "taken",
  "transport text": 'transport is "ws", allowed is a function',
  "transport null": "transport is null, allowed is a function",
  transport: "taken",
  "all undefined": "taken",
  "url 5": `url is 5, allowed is ${URLS}`,
  "url null": `url is null, allowed is ${URLS}`,
  "url undefined": `url is undefined, allowed is ${URLS}`,
  "url [object Object]": `url is [object Object], allowed is ${URLS}`,
  "url ftp://example.org": `url is "ftp://example.org", allowed is ${URLS}`,
  "url ws://": `url is "ws://", allowed is ${URLS}`,
  "url https://example.org/signal": "taken",
  "url http://example.org": "taken",
  "url /signal": "taken",
  "connect timeoutMs": "timeoutMs is 0, allowed is a number from 1 to 2147483647",
  "connect timeoutMs NaN": "timeoutMs is NaN, allowed is a number from 1 to 2147483647",
  "connect null": "options is null, allowed is an object",
  "connect signal": "signal is [object Object], allowed is an AbortSignal",
  "join null": "options is null, allowed is an object",
  "join signal": "signal is 5, allowed is an AbortSignal",
  "findPeers options": 'options is "x", allowed is an object',
  peer: `id is 7, allowed is ${NAME}`,
  join: `name is "", allowed is ${NAME}`,
  "findPeers null": "query is null, allowed is an object",
  "findPeers region": `query.region is "", allowed is ${LABEL}`,
  "findPeers capability": `query.capability is "${"c".repeat(65)}", allowed is ${LABEL}`,
  "findPeers room": `query.room is 1, allowed is ${NAME}`,
  "findPeers limit": "query.limit is 101, allowed is a whole number from 1 to 100",
  "findPeers limit 0": "query.limit is 0, allowed is a whole number from 1 to 100",
  "findPeers cursor": "query.cursor is 5, allowed is the cursor of the page before",
  "findPeers nearest": 'query.nearest is "yes", allowed is true or false',
  "sendOffer to": `to is "", allowed is ${NAME}`,
  "sendOffer null": "description is null, allowed is an object",
  "sendOffer type": 'description.type is "answer", allowed is "offer"',
  "sendAnswer sdp": "description.sdp is 5, allowed is a string",
  sendIceCandidate: "candidate is 5, allowed is an object",
  "sendIceCandidate to": `to is undefined, allowed is ${NAME}`,
};

test("every option says what it allows: in node", async () => {
  assert.deepEqual(await tell(await import(`${dist}/signalpost.js`)), EXPECTED);
});

describe("in the browsers", () => {
  let world;
  before(async () => (world = await makeWorld(["chromium", "firefox"])));
  after(() => world?.close());

  for (const kind of ["chromium", "firefox"]) {
    test(`every option says what it allows: in ${kind}`, () =>
      withPages(world.pick(kind), [blank(world.server)], async (page) => {
        await loadModule(page);
        const told = await page.evaluate(`(${tell})(signalpostModule)`);
        assert.deepEqual(told, EXPECTED);
      }));
  }
});
