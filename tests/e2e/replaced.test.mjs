// A connection that lost its data channels for good is replaced on both sides, under the same two RemotePeers: what each side sends arrives
// again, and what it had created is there again. The page closes Signalpost's own channel, which is what Firefox does when an address vanishes,
// or the connection itself.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { blank, equip, startClient } from "./support/pages.mjs";
import { PAIRS, makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "chromium", "firefox", "firefox"])));
after(() => world?.close());

/** In the page: keeps Signalpost's own channels, and prepares what a side of a call does with its peer. */
const prepare = (page) =>
  page.evaluate(() => {
    Object.assign(window, { ownChannels: [], told: [], heard: [], channels: {}, streamIds: [], ended: [], listened: [] });
    const native = RTCPeerConnection.prototype.createDataChannel;
    RTCPeerConnection.prototype.createDataChannel = function (...given) {
      const channel = native.apply(this, given);
      if (channel.id === 0) ownChannels.push(channel);
      return channel;
    };
    /** Uses a channel, whichever object it is now. */
    window.use = (channel) => {
      channels[channel.label] = channel;
      channel.onmessage = ({ data }) => heard.push(`${channel.label}: ${data}`);
      channel.onclose = () => ended.push(channel.label);
    };
    window.meet = (peer) => {
      window.peer = peer;
      window.last = peer.connection;
      peer.addEventListener("replaced", ({ connection, previous }) => {
        told.push(
          `replaced ${connection === peer.connection} ${previous === last} ${connection.signalingState} ${previous.signalingState}`,
        );
        window.last = connection;
        connection.addEventListener("connectionstatechange", () => listened.push(connection.connectionState));
      });
      peer.addEventListener("datachannel", ({ channel, replaced }) => {
        told.push(`${channel.label} ${replaced} ${channel.readyState === "open" ? "open" : "connecting"}`);
        use(channel);
      });
      peer.addEventListener("track", ({ track, streams, replaced }) => {
        told.push(`track ${replaced}`);
        streamIds.push(streams[0].id);
        window.shown = track;
      });
      const track = picture();
      window.stream = new MediaStream([track]);
      window.sender = peer.addTrack(track, stream);
      use(peer.createDataChannel("both", { negotiated: true, id: 1 }));
    };
    client.addEventListener("peer", ({ peer }) => meet(peer));
  });

/** Waits until pictures and messages flow in both directions over every channel. */
async function flows(pages, word) {
  for (const page of pages) {
    await page.waitFor("['both', 'of ada', 'of bob'].every((label) => channels[label]?.readyState === 'open')", null, {
      what: "channels to open",
    });
    await page.evaluate((word) => {
      for (const channel of Object.values(channels)) channel.send(word);
    }, word);
  }
  for (const page of pages) {
    const texts = ["both", "of ada", "of bob"].map((label) => `${label}: ${word}`);
    await page.waitFor((texts) => texts.every((text) => heard.includes(text)), texts, { what: "messages over every channel" });
    const frames = () =>
      peer.connection
        .getStats()
        .then((all) =>
          [...all.values()].some(({ type, kind, framesDecoded }) => type === "inbound-rtp" && kind === "video" && framesDecoded > 3),
        );
    await page.waitFor(frames, null, { what: "pictures" });
    await page.waitFor("!shown.muted && shown.readyState === 'live'", null, { what: "pictures" });
  }
}

/** Checks what one side was told of the replacement, and what it has now. */
async function check(page, own, other, was = "stable") {
  await page.waitFor("told.length >= 5 && ended.length >= 3", null, { what: "all that was there before" });
  const seen = await page.evaluate(() => ({
    told,
    ended: [...ended].sort(),
    isOne: peer === before && client.remotePeers.length === 1 && client.remotePeers[0] === peer,
    states: [peer.state, former.connectionState, ...states.filter((state) => state === "closed")],
    protocol: channels["of ada"].protocol,
    senders: peer.connection.getSenders().map(({ track }) => track === stream.getTracks()[0]),
    streams: new Set(streamIds).size,
    failures,
  }));
  const [first, ...others] = seen.told;
  assert.equal(first, `replaced true true stable ${was}`, "before anything else, and before the former one is closed");
  assert.deepEqual(
    others.filter((text) => text.startsWith("both") || text.startsWith(own)).sort(),
    ["both true connecting", `${own} true connecting`],
    "this side's channels, before they open",
  );
  assert.ok(others.includes("track true") && others.some((text) => text.startsWith(`${other} true`)), `${others}`);
  assert.equal(others.length, 4, `${others}`);
  assert.deepEqual(seen.ended, ["both", "of ada", "of bob"], "each former channel fires close");
  assert.deepEqual([seen.isOne, seen.protocol, seen.states], [true, "p", ["connected", "closed"]]);
  assert.deepEqual([seen.senders, seen.streams, seen.failures], [[true], 1, []]);
  await page.waitFor("listened.includes('connected')", null, { what: "the listener that the application set on the new connection" });
}

let names = 0;

describe("a connection that is replaced", () => {
  for (const { name, kinds } of PAIRS) {
    test(`${name}: tracks and channels go on, on both sides and with one RemotePeer each`, { timeout: 90_000 }, () =>
      withPages(world.pick(...kinds), [blank(world.server)], async (...pages) => {
        const ids = ["ada", "bob"].map((name) => `${name}-replaced-${++names}`);
        for (const [at, page] of pages.entries()) {
          await startClient(page, { peerId: ids[at] });
          await equip(page);
          await prepare(page);
        }
        const [a, b] = pages;
        await a.evaluate((id) => {
          meet(client.peer(id));
          use(peer.createDataChannel("of ada", { protocol: "p", ordered: false }));
          return peer.connect();
        }, ids[1]);
        await b.waitFor("window.peer?.state === 'connected'");
        await b.evaluate("use(peer.connection.createDataChannel('of bob'))");
        await flows(pages, "before");
        for (const page of pages) {
          await page.evaluate("(window.before = peer, void (window.states = []))");
          await page.evaluate("peer.addEventListener('statechange', ({ state }) => states.push(state))");
        }
        const losses = [
          [a, "ownChannels.at(-1).close()"],
          [b, "ownChannels.at(-1).close()"],
          [a, "peer.connection.close()"],
        ];
        for (const [at, [page, loss]] of losses.entries()) {
          for (const page of pages) {
            await page.evaluate("void (told.length = ended.length = listened.length = 0, window.former = peer.connection)");
          }
          await page.evaluate(loss);
          for (const page of pages) await page.waitFor("told.length > 0", null, { what: "the event replaced" });
          await flows(pages, `after ${at}`);
          await check(a, "of ada", "of bob", at === 2 ? "closed" : "stable");
          await check(b, "of bob", "of ada");
        }
        // The sender from before names the one that took its place.
        await a.evaluate("(async () => { await peer.replaceTrack(sender, null); peer.removeTrack(sender); })()");
        assert.equal(await a.evaluate("peer.connection.getSenders()[0].track"), null);
      }),
    );
  }
});
