// The demo, as a newcomer meets it: two browsers in a room, chat, pictures, and a server that goes away and comes back.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SNAPSHOT, agreement } from "./support/agreement.mjs";
import { equip } from "./support/pages.mjs";
import { PAIRS, makeWorld, withPages } from "./support/world.mjs";

const AHEAD_MS = 80;

let world;
before(async () => (world = await makeWorld(["chromium", "chromium", "firefox", "firefox"])));
after(() => world?.close());

const address = (room, id) => `${world.server.origin}/?room=${room}&peer=${id}&name=${id}`;

/** Waits until the page shows the peer as connected. */
const shows = (page, id, what = `${id} to be shown as connected`) =>
  page.waitFor(`document.querySelector('[data-peer-id="${id}"]')?.dataset.state === "connected"`, null, { what, timeoutMs: 20_000 });

/** Types a message, as a person would. */
const say = (page, text) =>
  page.evaluate((text) => {
    const input = document.querySelector("[data-testid=chat-input]");
    input.focus();
    input.value = text;
    input.form.requestSubmit();
  }, text);

const reads = (page, text) =>
  page.waitFor(`document.querySelector("[data-testid=chat-log]").textContent.includes(${JSON.stringify(text)})`, null, { what: `"${text}" in the log` });

/** Chat both ways: each message is in both logs. */
async function chat(pages, word) {
  for (const [side, page] of pages.entries()) await say(page, `${word} from ${side}`);
  for (const page of pages) for (const side of pages.keys()) await reads(page, `${word} from ${side}`);
}

/** In a page: `window.peer` is the connection to the other, with a channel whose end is written down. */
async function observe(id) {
  const peer = (window.peer = window.signalpost.peers.find((peer) => peer.id === id));
  window.ended = [];
  window.arrived = [];
  const channel = (window.channel = peer.createDataChannel("probe", { negotiated: true, id: 77 }));
  for (const type of ["closing", "close", "error"]) channel.addEventListener(type, () => ended.push(`the channel: ${type}`));
  peer.addEventListener("statechange", ({ state, reason }) => ended.push(`${state} ${reason}`));
  peer.addEventListener("error", ({ error }) => ended.push(error.message));
  peer.addEventListener("track", ({ track, transceiver }) => arrived.push({ track, transceiver }));
  window.heard = [];
  channel.addEventListener("message", ({ data }) => heard.push(data));
  if (channel.readyState !== "open") await new Promise((done) => channel.addEventListener("open", done, { once: true }));
}

/** In a page: sends a picture from the instant on. */
async function addPictureAt(at) {
  const track = picture();
  await instant(at);
  window.sender = peer.addTrack(track, new MediaStream([track]));
}

async function removePictureAt(at) {
  await instant(at);
  sender.track.stop();
  peer.removeTrack(sender);
}

/** In a page: frames that were decoded of the tracks that arrived. */
const FRAMES = `async () => {
  const stats = [...(await peer.connection.getStats()).values()];
  return stats.filter(({ type, kind }) => type === "inbound-rtp" && kind === "video").reduce((sum, { framesDecoded = 0 }) => sum + framesDecoded, 0);
}`;

/**
 * In a page: how many tracks of the other side still come. `muted` is no guide: Chromium leaves a track muted for ever
 * whose media section was in an offer that was rolled back, though its pictures arrive.
 */
const COMING = `arrived.filter(({ track, transceiver }) =>
  track.readyState === "live" && ["recvonly", "sendrecv"].includes(transceiver.currentDirection)).length`;

for (const { name, kinds, onlooker } of PAIRS) {
  describe(name, () => {
    const room = `room-${name.replace(/\W/g, "")}`;
    const ids = ["ada", "bob"].map((id) => `${id}-${kinds.join("-")}`);
    let pages = [];
    let third;
    before(async () => {
      const [a, b, c] = world.pick(...kinds, onlooker);
      pages = [await a.open(address(room, ids[0])), await b.open(address(room, ids[1]))];
      third = c;
    });
    after(async () => {
      for (const page of pages) await page.close();
    });

    test("shows each the other, connected", async (t) => {
      const began = Date.now();
      for (const [side, page] of pages.entries()) await shows(page, ids[1 - side]);
      t.diagnostic(`after ${Date.now() - began} ms`);
      for (const page of pages) {
        assert.equal(await page.evaluate("window.signalpost.state"), "connected");
        assert.equal(await page.evaluate(`document.querySelectorAll("[data-peer-id]").length`), 1);
      }
    });

    test("carries messages both ways", () => chat(pages, "good morning"));

    test("carries a picture that both add and remove at once, twice", async (t) => {
      for (const [side, page] of pages.entries()) {
        await equip(page);
        await page.evaluate(observe, ids[1 - side]);
      }
      for (const round of [1, 2]) {
        const began = Date.now();
        const before = await Promise.all(pages.map((page) => page.evaluate(FRAMES)));
        const add = Date.now() + AHEAD_MS;
        await Promise.all(pages.map((page) => page.evaluate(addPictureAt, add)));
        await Promise.all(pages.map((page) => page.waitFor(`${COMING} === 1`, null, { what: `the track of round ${round}` })));
        await agreement(...pages);
        await Promise.all(
          pages.map((page, side) => page.waitFor(`(${FRAMES})().then((frames) => frames > ${before[side]} + 2)`, null, { what: `pictures in round ${round}` })),
        );
        const remove = Date.now() + AHEAD_MS;
        await Promise.all(pages.map((page) => page.evaluate(removePictureAt, remove)));
        await Promise.all(pages.map((page) => page.waitFor(`${COMING} === 0`, null, { what: `the end of the track of round ${round}` })));
        const snapshots = await agreement(...pages);
        for (const { transceivers } of snapshots) {
          for (const { currentDirection } of transceivers) assert.equal(currentDirection, "inactive");
        }
        t.diagnostic(`round ${round}: ${Date.now() - began} ms`);
      }
      await chat(pages, "after the pictures");
      for (const page of pages) assert.deepEqual(await page.evaluate("ended"), []);
    });

    for (const signal of ["SIGTERM", "SIGKILL"]) {
      test(`lives through ${signal} of the server`, async (t) => {
        if (!(await pages[0].evaluate("!!window.channel"))) {
          for (const [side, page] of pages.entries()) await page.evaluate(observe, ids[1 - side]);
        }
        const before = await Promise.all(pages.map((page) => page.evaluate("channel.id")));
        await world.server.stop(signal);
        try {
          for (const page of pages) await page.waitFor("window.signalpost.state === 'reconnecting'", null, { what: "the page to notice" });
          await chat(pages, `without a server (${signal})`);
          for (const [side, page] of pages.entries()) await page.evaluate((text) => channel.send(text), `${signal} ${side}`);
          for (const [side, page] of pages.entries()) await page.waitFor(`heard.includes("${signal} ${1 - side}")`);
        } finally {
          await world.server.start();
        }
        const began = Date.now();
        for (const page of pages) await page.waitFor("window.signalpost.state === 'connected'", null, { what: "the page to reconnect by itself" });
        const back = Date.now() - began;
        for (const page of pages) {
          assert.equal(await page.evaluate(`document.querySelectorAll(".toast.failure").length`), 0, "nothing was complained about");
        }
        // They are in the room again: somebody who comes now is seen, and sees them.
        const newcomer = `eve-${signal}-${kinds.join("-")}`;
        await withPages([third], [address(room, newcomer)], async (page) => {
          for (const id of ids) await shows(page, id);
          for (const member of pages) await shows(member, newcomer);
          await chat([...pages, page], `all three after ${signal}`);
        });
        await chat(pages, `after ${signal}`);
        for (const [side, page] of pages.entries()) {
          assert.deepEqual(await page.evaluate("ended"), [], "the connection was never touched");
          assert.deepEqual(await page.evaluate("[channel.readyState, channel.id]"), ["open", before[side]]);
          const { connectionState } = await page.evaluate(`(${SNAPSHOT})(peer.connection)`);
          assert.equal(connectionState, "connected");
          assert.equal(await page.evaluate("window.signalpost.peers.includes(peer)"), true, "it is the same connection");
        }
        t.diagnostic(`back after ${back} ms`);
      });
    }

    test("shows the end of a page that is closed", async (t) => {
      const began = Date.now();
      await pages[1].goto("about:blank");
      await pages[0].waitFor(`!document.querySelector('[data-peer-id="${ids[1]}"]')`, null, { what: "the tile to go", timeoutMs: 10_000 });
      t.diagnostic(`after ${Date.now() - began} ms`);
      await say(pages[0], "alone");
      await reads(pages[0], "alone");
    });
  });
}
