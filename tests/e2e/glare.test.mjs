// Both sides at once: neither is the initiator, and neither has to know which side began.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { agreement } from "./support/agreement.mjs";
import { blank, equip, startClient } from "./support/pages.mjs";
import { PAIRS, makeWorld, seed, seeded, summary, withPages } from "./support/world.mjs";

const CONNECTS = 10;
const RENEGOTIATIONS = 50;
/**
 * Nothing may flow for a moment after an ICE restart: after a conflict of the two ICE roles Chromium leaves the old pair only when it is
 * silent. The pair heals by itself, with its channel.
 */
const PATH_LOST = /path-lost/;
/** Without a pause between them, Firefox has a DTLS transport that ended after some ten restarts with Chromium. */
const RESTARTS = 30;
/** Far enough ahead for both pages to know it in time. */
const AHEAD_MS = 60;

let world;
before(async () => (world = await makeWorld(["chromium", "chromium", "firefox", "firefox"])));
after(() => world?.close());

const other = (id) => (id === "ada" ? "bob" : "ada");
const IDS = ["ada", "bob"];

/** In a page: makes a fresh peer with this many tracks and calls `connect()` at the instant; returns the result. */
async function connectAt({ at, id, tracks }) {
  const peer = client.peer(id);
  window.peer = peer;
  window.arrived = [];
  const errors = [];
  peer.addEventListener("error", ({ error }) => errors.push(error.message));
  peer.addEventListener("track", ({ track }) => arrived.push(track));
  for (let made = 0; made < tracks; made += 1) peer.addTrack(picture());
  const late = await instant(at);
  const began = performance.now();
  await peer.connect();
  return { ms: performance.now() - began, late, errors };
}

/** In a page: waits for the end of its peer, or closes it. */
async function closed({ closes }) {
  if (closes) peer.close();
  while (client.remotePeers.length > 0) await new Promise((done) => setTimeout(done, 10));
  return peer.state;
}

/** In a page: creates its own first channel over the connection; `said(n)` resolves when the other side's n arrived. */
async function openChannel() {
  const channel = peer.createDataChannel("probe", { negotiated: true, id: 100 });
  window.channel = channel;
  const numbers = new Set();
  const waiting = new Map();
  channel.onmessage = ({ data }) => {
    numbers.add(data);
    waiting.get(data)?.();
  };
  window.said = (number) => (numbers.has(number) ? undefined : new Promise((done) => waiting.set(number, done)));
  window.ended = [];
  channel.onclose = () => ended.push("the channel closed");
  peer.addEventListener("statechange", ({ state, reason }) => state === "connected" || ended.push(`${state} ${reason}`));
  window.channels = [];
  peer.addEventListener("datachannel", (event) => channels.push(event.channel));
  if (channel.readyState !== "open") await new Promise((done) => (channel.onopen = done));
  // The senders in use, and the senders to use again: a connection never gives a media section back.
  window.senders = { live: [], idle: [] };
}

/** In a page: does one act at the instant. */
async function actAt({ at, act }) {
  const late = await instant(at);
  const { live, idle } = senders;
  if (act === "add" && idle.length === 0) {
    live.push(peer.addTrack(picture()));
  } else if (act === "add") {
    const sender = idle.shift();
    const transceiver = peer.connection.getTransceivers().find((candidate) => candidate.sender === sender);
    transceiver.direction = "sendrecv";
    sender.replaceTrack(picture()).catch((error) => failures.push(String(error)));
    live.push(sender);
  } else if (act === "remove") {
    const sender = live.shift();
    sender.track.stop();
    peer.removeTrack(sender);
    idle.push(sender);
  } else if (act === "channel") {
    peer.createDataChannel("extra");
  } else {
    peer.restartIce();
  }
  return late;
}

/** In a page: sends a number and waits for the other side's. */
async function exchange({ number }) {
  channel.send(number);
  await Promise.race([
    said(number),
    new Promise((_, reject) => setTimeout(() => reject(new Error(`nothing arrived; the channel is ${channel.readyState}`)), 10_000)),
  ]);
}

/** Returns the username fragment of each side's generation. */
const fragments = (pages) =>
  Promise.all(pages.map((page) => page.evaluate("peer.connection.localDescription.sdp.match(/a=ice-ufrag:\\S+/)[0]")));

/** Returns what both pages did last, to explain a failure. */
const traces = async (pages) =>
  (
    await Promise.all(
      pages.map((page) =>
        page.evaluate("[JSON.stringify({ failures, ended: window.ended }), ...trace.map((entry) => JSON.stringify(entry))].join('\\n')"),
      ),
    )
  ).join("\n\n");

for (const { name, kinds } of PAIRS) {
  describe(name, () => {
    test(`${CONNECTS} times both connect in the same instant`, async (t) => {
      const times = [];
      const late = [];
      await withPages(world.pick(...kinds), [blank(world.server)], async (...pages) => {
        for (const [at, page] of pages.entries()) {
          await startClient(page, { peerId: IDS[at] });
          await equip(page);
        }
        for (let round = 0; round < CONNECTS; round += 1) {
          // Neither side, one side, the other, both.
          const tracks = [round & 1, (round >> 1) & 1];
          const at = Date.now() + AHEAD_MS;
          const results = await Promise.all(
            pages.map((page, side) => page.evaluate(connectAt, { at, id: other(IDS[side]), tracks: tracks[side] })),
          );
          for (const result of results) {
            if (result.errors.length > 0) console.log(await traces(pages));
            assert.deepEqual(result.errors, [], `round ${round}`);
            times.push(result.ms);
            late.push(result.late);
          }
          await agreement(...pages, { what: `agreement in round ${round}` });
          for (const [side, page] of pages.entries()) {
            const expected = tracks[1 - side];
            await page.waitFor(`arrived.length === ${expected}`, null, { what: `${expected} tracks in round ${round}` });
          }
          await Promise.all(pages.map((page, side) => page.evaluate(closed, { closes: side === (round >> 2) % 2 })));
        }
        for (const page of pages) assert.deepEqual(await page.evaluate("failures"), []);
      });
      t.diagnostic(`connect(): ${summary(times)}; late at most ${Math.max(...late)} ms`);
    });

    test(`${RENEGOTIATIONS} times both renegotiate in the same instant`, async (t) => {
      const isMixed = new Set(kinds).size > 1;
      const start = seed();
      const random = seeded(start);
      t.diagnostic(`SEED=${start}`);
      const times = [];
      const done = {};
      await withPages(world.pick(...kinds), [blank(world.server)], async (...pages) => {
        for (const [at, page] of pages.entries()) {
          await startClient(page, { peerId: IDS[at] });
          await equip(page);
        }
        const at = Date.now() + AHEAD_MS;
        await Promise.all(pages.map((page, side) => page.evaluate(connectAt, { at, id: other(IDS[side]), tracks: 0 })));
        await Promise.all(pages.map((page) => page.evaluate(openChannel)));
        const live = [0, 0];
        const channels = [0, 0];
        for (let round = 0; round < RENEGOTIATIONS; round += 1) {
          const acts = [0, 1].map((side) => {
            const drawn = random();
            if (drawn < 0.15) return "restart";
            if (drawn < 0.3) return "channel";
            if (live[side] === 0) return "add";
            if (live[side] === 2) return "remove";
            return random() < 0.5 ? "add" : "remove";
          });
          const offsets = [0, 1].map(() => Math.floor(random() * 21));
          const said = `round ${round}, ${acts} after ${offsets} ms, SEED=${start}`;
          acts.forEach((act, side) => {
            done[act] = (done[act] ?? 0) + 1;
            if (act === "add") live[side] += 1;
            if (act === "remove") live[side] -= 1;
            if (act === "channel") channels[side] += 1;
          });
          const at = Date.now() + AHEAD_MS;
          await Promise.all(pages.map((page, side) => page.evaluate(actAt, { at: at + offsets[side], act: acts[side] })));
          try {
            const snapshots = await agreement(...pages);
            times.push(Date.now() - at);
            for (const [side, { transceivers }] of snapshots.entries()) {
              const sending = transceivers.filter(({ currentDirection }) => /^send/.test(currentDirection)).length;
              assert.equal(sending, live[side], "tracks that are sent");
            }
            await Promise.all(pages.map((page) => page.evaluate(exchange, { number: String(round) })));
            for (const [side, page] of pages.entries()) {
              const expected = channels[1 - side];
              await page.waitFor(`channels.length === ${expected}`, null, { what: `${expected} channels of the other side` });
            }
            const trouble = await Promise.all(pages.map((page) => page.evaluate("[...ended, ...failures]")));
            const counts = (what) => !(isMixed && PATH_LOST.test(what));
            assert.deepEqual(
              trouble.map((all) => all.filter(counts)),
              [[], []],
            );
          } catch (error) {
            throw new Error(`${said}: ${error.message}\n${await traces(pages)}`);
          }
        }
      });
      t.diagnostic(`agreement after ${summary(times)}; ${JSON.stringify(done)}`);
    });

    test(`either side restarts ICE, ${RESTARTS} times in quick succession, and the same channel goes on`, async (t) => {
      const times = [];
      await withPages(world.pick(...kinds), [blank(world.server)], async (...pages) => {
        for (const [at, page] of pages.entries()) {
          await startClient(page, { peerId: IDS[at] });
          await equip(page);
        }
        const at = Date.now() + AHEAD_MS;
        await Promise.all(pages.map((page, side) => page.evaluate(connectAt, { at, id: other(IDS[side]), tracks: 0 })));
        await Promise.all(pages.map((page) => page.evaluate(openChannel)));
        // Another object would be a connection that was lost.
        for (const page of pages) await page.evaluate("void (window.first = peer.connection)");
        for (let round = 0; round < RESTARTS; round += 1) {
          const before = await fragments(pages);
          const began = Date.now();
          await pages[round % 2].evaluate("peer.restartIce()");
          for (const [which, page] of pages.entries()) {
            await page.waitFor(`!peer.connection.localDescription.sdp.includes(${JSON.stringify(before[which])})`, null, {
              what: "a new generation",
            });
          }
          await agreement(...pages);
          await Promise.all(pages.map((page) => page.evaluate(exchange, { number: `restart ${round}` })));
          times.push(Date.now() - began);
          const trouble = await Promise.all(pages.map((page) => page.evaluate("[...ended, ...failures, peer.connection === first]")));
          assert.deepEqual(
            trouble.map((all) => all.filter((what) => !PATH_LOST.test(what))),
            [[true], [true]],
            `restart ${round}`,
          );
        }
      });
      t.diagnostic(`data after ${summary(times)}`);
    });
  });
}
