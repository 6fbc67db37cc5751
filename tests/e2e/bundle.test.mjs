// The first media section of a bundle is stopped: all media and data move to another transport (RFC 9143 §7.2). The tests show
// what plain browsers do then, and that a pair of Signalpost survives where a plain pair can.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { agreement } from "./support/agreement.mjs";
import { blank, equip, inject, startClient } from "./support/pages.mjs";
import { answers, arm, offers, offersHeld, talk } from "./support/plain_pair.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "chromium", "firefox", "firefox"])));
after(() => world?.close());

const PAIRS = [
  ["chromium", "chromium"],
  ["firefox", "chromium"],
  ["chromium", "firefox"],
  ["firefox", "firefox"],
];

describe("plain connections", () => {
  /** Makes a connected pair with audio and video, which `ada` sends; `bob` stops the first section. */
  const stopped = (kinds, body) =>
    withPages(world.pick(...kinds), [blank(world.server)], async (ada, bob) => {
      for (const page of [ada, bob]) await arm(page);
      await ada.evaluate("void [pc.addTrack(sound()), pc.addTrack(picture())]");
      await offers(ada, bob);
      assert.equal(await talk(ada, bob), "both heard");
      await bob.evaluate("pc.getTransceivers()[0].stop()");
      await body(ada, bob);
    });

  for (const kinds of PAIRS) {
    const isFirefox = kinds[1] === "firefox";
    test(`${kinds.join("–")}: the data channel ${isFirefox ? "is lost" : "lives"} when the offer is set before it is sent`, () =>
      stopped(kinds, async (ada, bob) => {
        await offers(bob, ada);
        assert.equal(await talk(ada, bob), isFirefox ? "lost" : "both heard");
      }));

    test(`${kinds.join("–")}: the data channel is lost when the offer is set after its answer came`, () =>
      stopped(kinds, async (ada, bob) => {
        await offersHeld(bob, ada);
        assert.equal(await talk(ada, bob), "lost");
      }));
  }

  test("Chromium–Chromium: an offer that was set is rolled back without harm, a restart of ICE in between", () =>
    stopped(PAIRS[0], async (ada, bob) => {
      await bob.evaluate("pc.setLocalDescription()");
      await ada.evaluate("void [pc.addTransceiver('video'), pc.restartIce()]");
      await offers(ada, bob);
      assert.equal(await talk(ada, bob), "both heard");
      await offers(bob, ada);
      assert.equal(await talk(ada, bob), "both heard");
    }));

  for (const kinds of PAIRS.slice(2)) {
    test(`${kinds.join("–")}: an offer that createOffer() has made stale cannot be set, and the other side's takes its track up`, () =>
      withPages(world.pick(...kinds), [blank(world.server)], async (ada, bob) => {
        for (const page of [ada, bob]) await arm(page);
        await offers(ada, bob);
        await bob.evaluate("void pc.addTrack(picture())");
        const held = await bob.evaluate("made(pc.createOffer())");
        await bob.evaluate("made(pc.createOffer())");
        await answers(ada, held);
        await assert.rejects(
          bob.evaluate("(offer) => pc.setLocalDescription(offer)", held),
          /Changing the mid of m-sections is not allowed/,
        );
        await offers(ada, bob);
        assert.equal(await talk(ada, bob), "both heard");
        assert.equal(await bob.evaluate("pc.getTransceivers()[0].currentDirection"), "sendonly");
      }));
  }
});

describe("Signalpost", () => {
  let names = 0;
  /** The lower id is impolite: `ada` towards `bob`. Audio and video are there before they connect. */
  const connected = (kinds, tracks, body) =>
    withPages(world.pick(...kinds), [blank(world.server)], async (...pages) => {
      names += 1;
      const ids = [`ada-${names}`, `bob-${names}`];
      for (const [side, page] of pages.entries()) {
        await startClient(page, { peerId: ids[side] });
        await equip(page);
        await page.evaluate(() => {
          window.ended = [];
          window.sound = () => new AudioContext().createMediaStreamDestination().stream.getAudioTracks()[0];
          window.use = (peer) => {
            window.peer = peer;
            peer.addEventListener(
              "statechange",
              ({ state, reason }) => ["disconnected", "failed", "closed"].includes(state) && ended.push(`${state} ${reason}`),
            );
            peer.addEventListener("error", ({ error }) => ended.push(`${error.code}: ${error.message}`));
          };
          client.addEventListener("peer", ({ peer }) => use(peer));
        });
      }
      await pages[0].evaluate(
        async ({ id, tracks }) => {
          use(client.peer(id));
          for (const name of tracks) peer.addTrack(window[name]());
          await peer.connect();
        },
        { id: ids[1], tracks },
      );
      await pages[1].waitFor("window.peer?.state === 'connected'");
      await agreement(...pages);
      await body(...pages);
    });

  const flows = async (ada, bob, number) => {
    for (const page of [ada, bob]) {
      await page.evaluate((id) => {
        const channel = peer.createDataChannel("probe", { negotiated: true, id });
        // A channel that only its listeners hold may be collected.
        window.channels = [...(window.channels ?? []), channel];
        window.said ??= new Set();
        channel.onmessage = ({ data }) => said.add(data);
        // Data that comes before the other side has its end of the channel is lost.
        const timer = setInterval(() => channel.readyState === "open" && channel.send(`${id}`), 50);
        channel.onclose = () => clearInterval(timer);
      }, number);
    }
    for (const page of [ada, bob]) await page.waitFor(`said.has("${number}")`, null, { what: "data to flow" });
  };

  // Firefox beside Chromium is left out: in one run of several no data flowed to Chromium after a move, and the cause is unknown.
  test(`${PAIRS[0].join("–")}: the polite side stops the first section, uses its place again and stops that, and the pair lives`, () =>
    connected(PAIRS[0], ["sound", "picture"], async (ada, bob) => {
      for (const round of [1, 2, 3]) {
        await bob.evaluate("peer.connection.getTransceivers()[0].stop()");
        await bob.waitFor(
          "/^m=\\S+ 0 /m.test(peer.connection.currentLocalDescription.sdp) && peer.connection.signalingState === 'stable'",
          null,
          { what: "the section to be stopped" },
        );
        await flows(ada, bob, 10 * round);
        await bob.evaluate("void peer.addTransceiver(picture())");
        await bob.waitFor(
          "!/^m=\\S+ 0 /m.test(peer.connection.currentLocalDescription.sdp) && peer.connection.signalingState === 'stable'",
          null,
          { what: "its place to be used again" },
        );
        await flows(ada, bob, 10 * round + 1);
      }
      for (const page of [ada, bob]) assert.deepEqual(await page.evaluate("[...ended, ...failures]"), []);
    }));

  // Only Chromium: a track that Firefox adds uses the place of the stopped section, and by such an offer it loses its data channel.
  test("Chromium–Chromium: the first section is stopped while the other side adds a track and restarts ICE, ten times", () =>
    connected(PAIRS[0], ["sound", "picture"], async (ada, bob) => {
      for (let round = 0; round < 10; round += 1) {
        const at = Date.now() + 60;
        await Promise.all([
          ada.evaluate("async (at) => { await instant(at); peer.addTrack(picture()); peer.restartIce(); }", at),
          bob.evaluate("async (at) => { await instant(at); peer.connection.getTransceivers()[0].stop(); }", at),
        ]);
        await bob.waitFor("peer.connection.signalingState === 'stable'");
        await new Promise((done) => setTimeout(done, 700));
        await agreement(ada, bob);
        await flows(ada, bob, 10 + round);
      }
      for (const page of [ada, bob]) assert.deepEqual(await page.evaluate("[...ended, ...failures]"), []);
    }));

  test("Chromium–Firefox: Firefox stops the first section, and is told why the connection ends", (t) =>
    connected(PAIRS[2], ["sound", "picture"], async (ada, bob) => {
      await bob.evaluate("peer.connection.getTransceivers()[0].stop()");
      // In some runs Firefox keeps its channel (3 of 17). Then the pair has to live.
      const isOver = await ada.waitFor("peer.state === 'closed'", null, { timeoutMs: 5000 }).catch(() => false);
      if (!isOver) {
        t.diagnostic("Firefox kept its data channel");
        await flows(ada, bob, 10);
        for (const page of [ada, bob]) assert.deepEqual(await page.evaluate("[peer.state, ...ended, ...failures]"), ["connected"]);
        return;
      }
      await bob.waitFor("peer.state === 'closed'");
      assert.match((await bob.evaluate("ended")).join(), /connection-gone: .*first media section.*closed connection-gone/);
      assert.match((await ada.evaluate("ended")).join(), /closed connection-gone/);
    }));

  // The cases in which a Firefox that holds its offers takes part.
  for (const kinds of PAIRS.slice(2)) {
    test(`${kinds.join("–")}: what another script's createOffer() made stale is offered anew`, () =>
      connected(kinds, [], async (ada, bob) => {
        const anew = async (round) => {
          const { length } = await ada.evaluate("peer.connection.getReceivers()");
          await inject(
            bob,
            `{
              const { createOffer } = RTCPeerConnection.prototype;
              // Moments after the offer of the SDK.
              peer.connection.createOffer = async function (...given) {
                delete this.createOffer;
                const offer = await createOffer.apply(this, given);
                createOffer.call(this);
                return offer;
              };
              peer.addTrack(picture());
            }`,
          );
          await ada.waitFor(`peer.connection.getReceivers().length > ${length}`, null, { what: "the track to arrive" });
          await bob.waitFor(
            "peer.connection.getTransceivers().every(({ mid, currentDirection }) => mid && currentDirection !== 'inactive')",
            null,
            { what: "the track to be sent" },
          );
          await agreement(ada, bob);
          await flows(ada, bob, 10 + round);
        };
        for (const round of [1, 2, 3]) {
          // The next offer restarts ICE.
          await anew(round);
        }
        for (const page of [ada, bob]) assert.deepEqual(await page.evaluate("[...ended, ...failures]"), []);
      }));
  }
});
