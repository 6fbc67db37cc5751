// A connection with so many media sections that its descriptions are too large to send: only the change that does not fit
// fails, and everything else goes on.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { agreement } from "./support/agreement.mjs";
import { blank, equip, startClient } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "chromium"])));
after(() => world?.close());

/** A number of sections that fit; twice as many do not. Chromium takes some 5,300 bytes for one. */
const FITTING = { chromium: 38 };
const IDS = ["ada", "bob"];

/** The lower id is impolite. */
const connected = (kinds, body) =>
  withPages(world.pick(...kinds), [blank(world.server)], async (...pages) => {
    for (const [side, page] of pages.entries()) {
      await startClient(page, { peerId: IDS[side] });
      await equip(page);
      await page.evaluate(() => {
        window.errors = [];
        window.ended = [];
        window.use = (peer) => {
          window.peer = peer;
          peer.addEventListener("error", ({ error }) => errors.push(error.code));
          peer.addEventListener("statechange", ({ state }) => ["failed", "closed"].includes(state) && ended.push(state));
        };
        window.add = (count) => Array.from({ length: count }, () => peer.addTransceiver("video", { direction: "inactive" }));
        client.addEventListener("peer", ({ peer }) => use(peer));
      });
    }
    await pages[0].evaluate((id) => {
      use(client.peer(id));
      return peer.connect();
    }, IDS[1]);
    await pages[1].waitFor("window.peer?.state === 'connected'");
    await body(...pages);
  });

const quiet = (page) => page.waitFor("new Promise((done) => setTimeout(() => done(peer.connection.signalingState === 'stable'), 300))");

const generation = (page) => page.evaluate("peer.connection.localDescription.sdp.match(/a=ice-ufrag:\\S+/)[0]");

/** Checks that both sides have another generation than before. */
async function restarts(who, pages) {
  const before = await Promise.all(pages.map(generation));
  await who.evaluate("peer.restartIce()");
  for (const [at, page] of pages.entries()) {
    await page.waitFor(
      `!peer.connection.localDescription.sdp.includes(${JSON.stringify(before[at])}) && peer.connection.signalingState === "stable"`,
      null,
      { what: "a new generation" },
    );
  }
  for (const page of pages) await page.waitFor("peer.state === 'connected'");
  // For a moment after a restart, neither side makes an offer.
  await new Promise((done) => setTimeout(done, 700));
}

for (const { kinds, side } of [
  { kinds: ["chromium", "chromium"], side: 0 },
  { kinds: ["chromium", "chromium"], side: 1 },
]) {
  describe(`${kinds.join("–")}, where the ${side === 0 ? "impolite" : "polite"} side adds too many`, () => {
    test("only the change that does not fit fails; restarts and the other side's changes go on; what is stopped makes room", () =>
      connected(kinds, async (...pages) => {
        const [busy, other] = [pages[side], pages[1 - side]];
        const fitting = FITTING[kinds[side]];
        await busy.evaluate(`void add(${fitting})`);
        await other.waitFor(`peer.connection.getTransceivers().length === ${fitting}`, null, { what: "those that fit" });
        await quiet(busy);
        const { length } = await busy.evaluate("peer.connection.localDescription.sdp");
        assert.ok(length > 130_000, `${length} characters`);
        assert.deepEqual(await busy.evaluate("errors"), []);

        await busy.evaluate(`void (window.excess = add(${fitting}))`);
        await busy.waitFor("errors.length > 0", null, { what: "the error" });
        await quiet(busy);
        assert.deepEqual(await busy.evaluate("errors"), ["message-too-large"]);

        for (const who of [other, busy, other]) await restarts(who, pages);

        await other.evaluate("void peer.addTransceiver('audio')");
        await busy.waitFor("peer.connection.getTransceivers().some(({ mid, receiver }) => mid && receiver.track.kind === 'audio')", null, {
          what: "the other side's",
        });
        await quiet(busy);

        // The page got the error once, not with every negotiation.
        assert.deepEqual(
          await Promise.all(pages.map((page) => page.evaluate("errors"))),
          side === 0 ? [["message-too-large"], []] : [[], ["message-too-large"]],
        );
        await busy.evaluate("void excess.splice(1).forEach((transceiver) => transceiver.stop())");
        await restarts(busy, pages);
        await busy.waitFor("excess[0].mid !== null", null, { what: "the one that fits now" });
        await quiet(busy);
        for (const page of pages) {
          await page.evaluate(() => {
            window.channel = peer.createDataChannel("probe", { negotiated: true, id: 9 });
            channel.onmessage = ({ data }) => (window.said = data);
            setInterval(() => channel.readyState === "open" && channel.send("word"), 50);
          });
        }
        for (const page of pages) await page.waitFor("window.said === 'word'", null, { what: "data to flow" });
        for (const page of pages) assert.deepEqual(await page.evaluate("ended"), []);
      }));
  });
}

describe("the guide's way to toggle", () => {
  test("a camera that is stopped with its transceiver, 60 times, leaves descriptions as short as they were", () =>
    connected(["chromium", "chromium"], async (ada, bob) => {
      for (const page of [ada, bob]) {
        await page.evaluate("void peer.addTrack(new AudioContext().createMediaStreamDestination().stream.getAudioTracks()[0])");
        await quiet(page);
      }
      let longest = 0;
      for (let round = 0; round < 60; round += 1) {
        await bob.evaluate("void (window.camera = peer.addTransceiver(picture()))");
        await bob.waitFor("camera.currentDirection === 'sendonly'");
        longest = Math.max(longest, await bob.evaluate("peer.connection.localDescription.sdp.length"));
        await bob.evaluate("void (camera.sender.track.stop(), camera.stop())");
        await bob.waitFor(
          "camera.currentDirection === 'stopped' || peer.connection.getTransceivers().every((transceiver) => transceiver !== camera)",
        );
      }
      assert.ok(longest < 20_000, `${longest} characters`);
      await agreement(ada, bob);
      for (const page of [ada, bob]) assert.deepEqual(await page.evaluate("[...errors, ...ended]"), []);
    }));
});
