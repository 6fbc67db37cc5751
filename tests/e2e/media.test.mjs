// Tracks, transceivers, unreliable and unordered channels, and the statistics of a connection, in both browsers.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { agreement } from "./support/agreement.mjs";
import { blank, equip, outcome, startClient } from "./support/pages.mjs";
import { PAIRS, makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "chromium", "firefox", "firefox"])));
after(() => world?.close());

let names = 0;
const fresh = (name) => `${name}-${++names}`;

/** Opens two pages whose clients are connected to each other: `window.peer` on both sides, and a record of its events. */
const connected = (kinds, body) =>
  withPages(world.pick(...kinds), [blank(world.server)], async (...pages) => {
    const ids = ["ada", "bob"].map(fresh);
    for (const [side, page] of pages.entries()) {
      await startClient(page, { peerId: ids[side] });
      await equip(page);
    }
    await Promise.all(
      pages.map((page, side) =>
        page.evaluate(
          (id) => {
            const peer = client.peer(id);
            window.peer = peer;
            window.arrived = [];
            window.channels = [];
            peer.addEventListener("track", (event) => arrived.push(event));
            peer.addEventListener("datachannel", ({ channel }) => {
              channels.push(channel);
              channel.heard = [];
              channel.onmessage = ({ data }) => channel.heard.push(data);
            });
            return peer.connect();
          },
          ids[1 - side],
        ),
      ),
    );
    await body(...pages);
    for (const page of pages) assert.deepEqual(await page.evaluate("failures"), []);
  });

/** In a page: returns how many frames of the last track were decoded so far. */
const FRAMES = `async () => {
  const { receiver } = arrived.at(-1);
  return [...(await receiver.getStats()).values()].find(({ type }) => type === "inbound-rtp")?.framesDecoded ?? 0;
}`;

/** Waits until new frames arrive. */
async function pictures(page, what) {
  const before = await page.evaluate(FRAMES);
  await page.waitFor(`(${FRAMES})().then((frames) => frames > ${before} + 2)`, null, { what: `pictures: ${what}` });
}

for (const { name, kinds } of PAIRS) {
  describe(name, () => {
    test("tracks are added, replaced, silenced and removed", () =>
      connected(kinds, async (ada, bob) => {
        await ada.evaluate(() => {
          window.track = picture();
          window.stream = new MediaStream([track]);
          window.sender = peer.addTrack(track, stream);
        });
        await bob.waitFor("arrived.length === 1");
        assert.deepEqual(await bob.evaluate("arrived.map(({ type, track, streams }) => [type, track.kind, streams.map(({ id }) => id)])"), [
          ["track", "video", [await ada.evaluate("stream.id")]],
        ]);
        await pictures(bob, "of the first track");
        if (kinds[0] === "chromium")
          await ada.waitFor("peer.stats().then(({ availableOutgoingBitrate }) => availableOutgoingBitrate > 1000)");
        // Another track takes its place without a negotiation.
        const descriptions = await bob.evaluate("trace.filter(({ name }) => name === 'setRemoteDescription').length");
        await ada.evaluate(async () => {
          await peer.replaceTrack(sender, picture());
          track.stop();
        });
        await pictures(bob, "of the second track");
        await ada.evaluate(async () => {
          window.second = sender.track;
          await peer.replaceTrack(sender, null);
        });
        assert.equal(await ada.evaluate("sender.track"), null);
        await ada.evaluate("peer.replaceTrack(sender, second)");
        await pictures(bob, "after silence");
        assert.equal(await bob.evaluate("trace.filter(({ name }) => name === 'setRemoteDescription').length"), descriptions);
        await ada.evaluate("peer.removeTrack(sender)");
        await bob.waitFor("arrived[0].transceiver.currentDirection === 'inactive'", null, { what: "the track to be gone" });
        await agreement(ada, bob);
        assert.equal(await bob.evaluate("arrived.length"), 1);
      }));

    test("a transceiver has the direction and the streams that it was given", () =>
      connected(kinds, async (ada, bob) => {
        await ada.evaluate(() => {
          window.stream = new MediaStream();
          window.toSend = peer.addTransceiver(picture(), { direction: "sendonly", streams: [stream] });
          window.toReceive = peer.addTransceiver("audio", { direction: "recvonly" });
        });
        await bob.waitFor("arrived.length === 1 && peer.connection.getTransceivers().length === 2");
        await agreement(ada, bob);
        assert.deepEqual(
          await ada.evaluate("[toSend, toReceive].map(({ direction, currentDirection }) => [direction, currentDirection])"),
          [
            ["sendonly", "sendonly"],
            ["recvonly", "inactive"],
          ],
        );
        assert.deepEqual(
          await bob.evaluate(
            "arrived.map(({ track, streams, transceiver }) => [track.kind, streams.length, streams[0].id, transceiver.currentDirection])",
          ),
          [["video", 1, await ada.evaluate("stream.id"), "recvonly"]],
        );
        await pictures(bob, "of the transceiver");
        // The transceiver that the other side asked for is there.
        await bob.evaluate(() => {
          const sound = new AudioContext().createMediaStreamDestination().stream.getAudioTracks()[0];
          const transceiver = peer.connection.getTransceivers().find(({ receiver }) => receiver.track.kind === "audio");
          transceiver.direction = "sendonly";
          return peer.replaceTrack(transceiver.sender, sound);
        });
        await ada.waitFor("arrived.length === 1 && toReceive.currentDirection === 'recvonly'");
        assert.equal(await ada.evaluate("arrived[0].transceiver === toReceive && arrived[0].track.kind"), "audio");
        await agreement(ada, bob);
      }));

    test("unordered and unreliable channels are so at both ends", () =>
      connected(kinds, async (ada, bob) => {
        const wanted = [
          ["plain", {}],
          ["position", { ordered: false, maxRetransmits: 0 }],
          ["patient", { ordered: false, maxPacketLifeTime: 500, protocol: "v2" }],
        ];
        const told = await ada.evaluate((wanted) => {
          window.mine = wanted.map(([label, options]) => peer.createDataChannel(label, options));
          for (const channel of mine) channel.onopen = () => channel.send(`by ${channel.label}`);
          return mine.map(({ label, ordered, maxRetransmits, maxPacketLifeTime, protocol, negotiated }) => ({
            label,
            ordered,
            maxRetransmits,
            maxPacketLifeTime,
            protocol,
            negotiated,
          }));
        }, wanted);
        await bob.waitFor("channels.length === 3 && channels.every(({ heard }) => heard.length === 1)");
        const heard = await bob.evaluate(() =>
          channels.map(({ label, ordered, maxRetransmits, maxPacketLifeTime, protocol, negotiated }) => ({
            label,
            ordered,
            maxRetransmits,
            maxPacketLifeTime,
            protocol,
            negotiated,
          })),
        );
        const byLabel = (channels) => Object.fromEntries(channels.map((channel) => [channel.label, channel]));
        assert.deepEqual(byLabel(heard), byLabel(told));
        assert.deepEqual(byLabel(heard).position, {
          label: "position",
          ordered: false,
          maxRetransmits: 0,
          maxPacketLifeTime: null,
          protocol: "",
          negotiated: false,
        });
        assert.deepEqual(await bob.evaluate("channels.map(({ heard }) => heard[0]).sort()"), ["by patient", "by plain", "by position"]);
        // The channel is negotiated: the browsers announce nothing, so each side sets the options itself.
        for (const page of [ada, bob]) {
          await page.evaluate(() => {
            window.both = peer.createDataChannel("both", { negotiated: true, id: 9, ordered: false, maxRetransmits: 0 });
            both.onmessage = ({ data }) => (window.reply = data);
          });
        }
        for (const page of [ada, bob]) await page.waitFor("both.readyState === 'open'");
        await ada.evaluate("both.send('ping')");
        await bob.waitFor("window.reply === 'ping'");
        await bob.evaluate("both.send('pong')");
        await ada.waitFor("window.reply === 'pong'");
        for (const page of [ada, bob]) assert.deepEqual(await page.evaluate("[both.ordered, both.maxRetransmits, both.id]"), [false, 0, 9]);
        assert.equal(await bob.evaluate("channels.length"), 3);
      }));

    test("stats() tells which way the packets go, and how", () =>
      connected(kinds, async (ada, bob) => {
        await ada.evaluate(async () => {
          const channel = peer.createDataChannel("bulk");
          window.channel = channel;
          await new Promise((done) => (channel.onopen = done));
          channel.send("x".repeat(50_000));
        });
        await bob.waitFor("channels[0]?.heard.length === 1");
        for (const [side, page] of [ada, bob].entries()) {
          const grown = side === 0 ? "bytesSent" : "bytesReceived";
          const stats = await page.waitFor(
            `peer.stats().then((stats) => stats.${grown} > 50_000 && stats.roundTripTimeMs >= 0 && stats)`,
            null,
            { what: `stats of ${kinds[side]}` },
          );
          assert.deepEqual(
            Object.keys(stats).filter((key) => key !== "availableOutgoingBitrate"),
            ["state", "path", "localCandidateType", "remoteCandidateType", "protocol", "roundTripTimeMs", "bytesSent", "bytesReceived"],
          );
          assert.deepEqual([stats.state, stats.path, stats.protocol], ["connected", "direct", "udp"]);
          for (const type of [stats.localCandidateType, stats.remoteCandidateType])
            assert.ok(["host", "prflx", "srflx"].includes(type), type);
          assert.ok(stats.roundTripTimeMs >= 0 && stats.roundTripTimeMs < 2000, `${stats.roundTripTimeMs} ms`);
          assert.ok(stats.bytesSent > 0 && stats.bytesReceived > 0, JSON.stringify(stats));
        }
      }));
  });
}

for (const kind of ["chromium", "firefox"]) {
  describe(kind, () => {
    test("quality is told while somebody listens, and there is no timer otherwise", () =>
      connected([kind, "chromium"], async (page, other) => {
        await page.evaluate(() => {
          window.timers = new Set();
          const { setInterval, clearInterval } = window;
          window.setInterval = (...given) => {
            const timer = setInterval(...given);
            timers.add(timer);
            return timer;
          };
          window.clearInterval = (timer) => {
            timers.delete(timer);
            clearInterval(timer);
          };
          window.told = [];
          window.listen = ({ stats }) => told.push(stats);
        });
        const timers = () => page.evaluate("timers.size");
        await page.evaluate("peer.addEventListener('statechange', listen)");
        await page.evaluate("peer.removeEventListener('statechange', listen)");
        assert.equal(await timers(), 0, "nobody listens to quality");
        await page.evaluate("void [peer.addEventListener('quality', listen), peer.addEventListener('quality', listen)]");
        assert.equal(await timers(), 1);
        const [stats] = await page.waitFor("told.length >= 2 && told", null, { what: "quality, twice" });
        assert.deepEqual([stats.state, stats.path], ["connected", "direct"]);
        // A listener for both phases counts as two.
        await page.evaluate(
          "void [peer.addEventListener('quality', listen, { capture: true }), peer.removeEventListener('quality', listen)]",
        );
        assert.equal(await timers(), 1);
        await page.evaluate("peer.removeEventListener('quality', listen, true)");
        assert.equal(await timers(), 0, "nobody listens any more");
        const count = await page.evaluate("told.length");
        // A listener for one event, an object, and a listener with a signal.
        await page.evaluate(() => {
          window.once = { handleEvent: ({ stats }) => (window.toldOnce = stats) };
          peer.addEventListener("quality", once, { once: true });
        });
        assert.equal(await timers(), 1);
        await page.waitFor("window.toldOnce");
        assert.equal(await timers(), 0, "the one that listened once was told");
        await page.evaluate(() => {
          window.stop = new AbortController();
          peer.addEventListener("quality", listen, { signal: stop.signal });
        });
        assert.equal(await timers(), 1);
        await page.evaluate("stop.abort()");
        assert.equal(await timers(), 0, "the signal fired");
        await page.evaluate("peer.addEventListener('quality', listen, { signal: stop.signal })");
        assert.equal(await timers(), 0, "the signal had fired before");
        await page.evaluate("peer.addEventListener('quality', null)");
        assert.equal(await timers(), 0, "that is nobody");
        // The event ends with the connection, on whichever side the connection is closed.
        await page.evaluate("peer.addEventListener('quality', listen)");
        await other.evaluate("peer.close()");
        await page.waitFor("peer.state === 'closed'");
        assert.equal(await timers(), 0, "the connection is closed");
        await page.evaluate("new Promise((done) => setTimeout(done, 2500))");
        assert.equal(await page.evaluate("told.length"), count);
        // Or with the client.
        await page.evaluate(
          (id) => {
            window.peer = client.peer(id);
            return peer.connect();
          },
          await other.evaluate("client.peerId"),
        );
        // A peer whose connection ends before it is connected gets an error.
        await other.waitFor("client.remotePeers[0]?.state === 'connected'");
        const again = await page.evaluate(() => {
          peer.addEventListener("quality", listen);
          const during = timers.size;
          client.close();
          return [during, timers.size];
        });
        assert.deepEqual(again, [1, 0]);
      }));

    test("a closed peer says that it is closed", () =>
      connected([kind, "chromium"], async (page) => {
        const peerId = await page.evaluate("peer.id");
        await page.evaluate("(window.sender = peer.addTrack(picture()), peer.close())");
        for (const act of [
          "peer.addTrack(picture())",
          "peer.removeTrack(sender)",
          "peer.replaceTrack(sender, null)",
          "peer.addTransceiver('audio')",
          "peer.createDataChannel('late')",
          "peer.stats()",
          "peer.connect()",
        ]) {
          const { name, code, retryable, context } = await outcome(page, `() => ${act}`);
          assert.deepEqual([name, code, retryable, context?.peerId], ["SignalingError", "closed", false, peerId], act);
        }
      }));

    test("a sender of another connection is refused", () =>
      connected([kind, "chromium"], async (page) => {
        const { code, message } = await outcome(page, async () => {
          const another = new RTCPeerConnection();
          const sender = another.addTrack(picture());
          try {
            await peer.replaceTrack(sender, null);
          } finally {
            another.close();
          }
        });
        assert.equal(code, "invalid-argument");
        assert.match(message, /sender is of another connection/);
      }));
  });
}
