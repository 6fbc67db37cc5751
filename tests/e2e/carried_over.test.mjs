// What the application made on a connection is on the one that takes its place: tracks, transceivers and channels, with their options. Here the
// test itself replaces both connections of a pair and negotiates the new ones, so that nothing but the facade is at work.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { blank, equip, startClient } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox"])));
after(() => world?.close());

/** Connects two clients of one page: `ada` and `bob` are their remote peers, `told` what each heard of the other. */
async function meet(names) {
  const { SignalingClient } = signalpostModule;
  const other = new SignalingClient("/signal", { peerId: names[1] });
  await other.connect();
  window.told = { ada: [], bob: [] };
  window.arrived = { ada: {}, bob: {} };
  /** Notes every event of one side's peer. */
  window.listen = (side, peer) => {
    peer.addEventListener("track", ({ track, streams, replaced }) =>
      told[side].push(`${track.kind} ${streams.map(({ id }) => id)} ${replaced}`),
    );
    peer.addEventListener("datachannel", ({ channel, replaced }) => {
      arrived[side][channel.label] = channel;
      told[side].push(`${channel.label} ${replaced}`);
    });
    peer.addEventListener("replaced", ({ connection, previous }) => {
      told[side].push(`replaced ${connection === peer.connection} ${previous.signalingState}`);
    });
  };
  other.addEventListener("peer", ({ peer }) => {
    window.bob = peer;
    listen("bob", peer);
    const back = picture();
    peer.addTrack(back, new MediaStream([back]));
    peer.createDataChannel("both", { negotiated: true, id: 5 });
    window.ofBob = peer.connection.createDataChannel("of bob");
  });
  window.ada = client.peer(names[1]);
  listen("ada", ada);
}

/** Puts new connections in the place of both, and negotiates them, with candidates in the descriptions. The former ones stay open. */
async function replaceBoth() {
  const fresh = [new RTCPeerConnection(), new RTCPeerConnection()];
  for (const connection of fresh) connection.createDataChannel("signalpost", { negotiated: true, id: 0 });
  ada.replaced(fresh[0]);
  bob.replaced(fresh[1]);
  const described = async (connection) => {
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== "complete") await new Promise((done) => setTimeout(done, 10));
    return connection.localDescription;
  };
  const [one, two] = fresh;
  for (const [from, to] of [
    [one, two],
    [two, one],
  ]) {
    await to.setRemoteDescription(await described(from));
    await from.setRemoteDescription(await described(to));
  }
}

let names = 0;

describe("what is carried over", () => {
  for (const kind of ["chromium", "firefox"]) {
    test(`in ${kind}: tracks, transceivers and channels, and each side knows them again`, { timeout: 60_000 }, () =>
      withPages(world.pick(kind), [blank(world.server)], async (page) => {
        const [ada, bob] = ["ada", "bob"].map((name) => `${name}-carried-${++names}`);
        await startClient(page, { peerId: ada });
        await equip(page);
        await page.evaluate(meet, [ada, bob]);
        await page.evaluate(async () => {
          const [camera, screen, gone] = [picture(), picture(), picture()];
          window.stream = new MediaStream([camera]);
          window.senders = { camera: ada.addTrack(camera, stream), gone: ada.addTrack(gone), paused: ada.addTrack(picture(), stream) };
          const sendEncodings = [{ maxBitrate: 300_000, scaleResolutionDownBy: 2 }];
          window.shared = ada.connection.addTransceiver(screen, { direction: "sendonly", streams: [stream], sendEncodings });
          window.stopped = ada.addTransceiver("audio");
          window.listening = ada.addTransceiver("audio", { direction: "recvonly" });
          ada.createDataChannel("both", { negotiated: true, id: 5 });
          window.own = ada.createDataChannel("own", { ordered: false, maxRetransmits: 3, protocol: "a protocol" });
          own.binaryType = "arraybuffer";
          own.bufferedAmountLowThreshold = 77;
          window.endedHere = ada.createDataChannel("closed here");
          ada.createDataChannel("closed there");
          await ada.connect();
        });
        await page.waitFor("arrived.bob['closed there']?.readyState === 'open' && endedHere.readyState === 'open' && told.ada.length >= 2");
        await page.evaluate(async () => {
          ada.removeTrack(senders.gone);
          await ada.replaceTrack(senders.paused, null);
          const parameters = senders.camera.getParameters();
          parameters.encodings[0].maxBitrate = 123_000;
          await senders.camera.setParameters(parameters);
          stopped.stop();
          endedHere.close();
          arrived.bob["closed there"].close();
        });
        // What one side closed is gone for good, once the connection has outlived it by a second.
        await page.waitFor("ada.connection.signalingState === 'stable' && stopped.currentDirection === 'stopped'");
        await page.waitFor("new Promise((done) => setTimeout(() => done(true), 1500))");
        await page.evaluate("void (told.ada.length = told.bob.length = 0)");
        await page.evaluate(replaceBoth);
        await page.waitFor("arrived.bob.own?.readyState === 'open' && arrived.ada['of bob']?.readyState === 'open'");
        await page.waitFor("told.bob.length >= 7", null, { what: "all that was there before" });
        const seen = await page.evaluate(() => {
          const transceivers = ada.connection.getTransceivers().map(({ sender, direction, receiver }) => {
            const bitrates = sender
              .getParameters()
              .encodings.map(({ maxBitrate = "", scaleResolutionDownBy = 1 }) => `${maxBitrate}/${scaleResolutionDownBy}`);
            return `${receiver.track.kind} ${direction} ${sender.track ? "track" : "-"} ${bitrates}`;
          });
          const { ordered, maxRetransmits, protocol, binaryType, bufferedAmountLowThreshold } = arrived.ada.own;
          const options = { ordered, maxRetransmits, protocol, binaryType, bufferedAmountLowThreshold };
          return { transceivers, options, told: JSON.parse(JSON.stringify(told)), id: arrived.ada.both.id, stream: stream.id };
        });
        const { stream } = seen;
        assert.deepEqual(seen.transceivers.slice(0, 4), [
          "video sendrecv track 123000/1",
          "video sendrecv - /1",
          "video sendonly track 300000/2",
          "audio recvonly - /1",
        ]);
        assert.deepEqual(seen.options, {
          ordered: false,
          maxRetransmits: 3,
          protocol: "a protocol",
          binaryType: "arraybuffer",
          bufferedAmountLowThreshold: 77,
        });
        assert.equal(seen.id, 5);
        assert.equal(seen.told.ada[0], "replaced true stable", "before anything else, and before the former one is closed");
        assert.deepEqual(seen.told.ada.slice(1, 3), ["both true", "own true"], "at once, in the order of their creation");
        const last = seen.told.ada.map((text) => text.split(" ").at(-1));
        assert.ok(!last.includes("false"), `ada: ${seen.told.ada}`);
        assert.ok(seen.told.ada.includes("of bob true"));
        assert.deepEqual(
          seen.told.bob.filter((text) => !text.startsWith("video")).sort(),
          [
            "both true",
            "of bob true",
            "own true",
            "replaced true stable",
            ...seen.told.bob.filter((text) => text.startsWith("audio")),
          ].sort(),
        );
        assert.ok(seen.told.bob.includes(`video ${stream} true`), `bob: ${seen.told.bob}`);
        assert.ok(!seen.told.bob.some((text) => text.endsWith("false")), `bob: ${seen.told.bob}`);

        // The senders of before still name what they sent, and what comes now is new.
        await page.evaluate(async () => {
          window.later = picture();
          await ada.replaceTrack(senders.paused, later);
          ada.removeTrack(senders.camera);
        });
        assert.deepEqual(
          await page.evaluate(() => ada.connection.getSenders().map(({ track }) => (track === later ? "later" : track ? "track" : "-"))),
          ["-", "later", "track", "-", ...(await page.evaluate("ada.connection.getSenders().slice(4).map(() => '-')"))],
        );
        await page.evaluate("void ada.createDataChannel('new')");
        await page.waitFor("told.bob.includes('new false')");
      }),
    );
  }
});
