// The path of a pair as both sides see it, with a real TURN server: one side knows its own relay, the other side may see a stranger.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { toolPath } from "../../tools/toolchain.mjs";
import { blank, startClient } from "./support/pages.mjs";
import { PAIRS, makeWorld, withPages } from "./support/world.mjs";

const ADDRESS = "10.9.0.1";
const PORT = 3478;

let world;
before(async () => {
  // A side that may only be relayed does not look the names up behind which browsers hide their addresses.
  world = await makeWorld(["chromium", "chromium", "firefox", "firefox"], {
    chromiumArgs: ["--disable-features=WebRtcHideLocalIpsWithMdns"],
    firefoxPrefs: { "media.peerconnection.ice.obfuscate_host_addresses": false },
  });
  const options = ["-n", "--lt-cred-mech", "-u", "u:p", "-r", "test", "-L", ADDRESS, "-p", PORT, "--no-cli", "--no-tls", "--no-dtls"];
  const files = ["--pidfile", "/dev/null", "--userdb", `/dev/shm/${world.namespace.name}.db`, "--log-file", "stdout"];
  world.namespace.spawn(toolPath("coturn"), [...options, ...files].map(String)).stdout.resume();
});
after(() => world?.close());

const turn = (transport) => ({
  iceTransportPolicy: "relay",
  iceServers: [{ urls: `turn:${ADDRESS}:${PORT}?transport=${transport}`, username: "u", credential: "p" }],
});

/** Connects a pair whose first side has this configuration; returns what both say of their path once it is told by the event. */
const paths = (kinds, rtc) =>
  withPages(world.pick(...kinds), [blank(world.server)], async (...pages) => {
    for (const [at, page] of pages.entries()) {
      await startClient(page, { peerId: ["ada", "bob"][at], ...(at === 0 && rtc && { rtc }) });
      await page.evaluate(() => {
        window.told = [];
        window.listen = (peer) => {
          window.peer = peer;
          peer.addEventListener("pathchange", ({ path, previous, stats }) => told.push({ path, previous: previous ?? null, ...stats }));
        };
        client.addEventListener("peer", ({ peer }) => listen(peer));
        // The other side's relay is known by its checks before it is named.
        const { addIceCandidate } = RTCPeerConnection.prototype;
        RTCPeerConnection.prototype.addIceCandidate = async function (init) {
          if (/ typ relay/.test(init?.candidate)) await new Promise((done) => setTimeout(done, 700));
          return addIceCandidate.call(this, init);
        };
      });
    }
    await pages[0].evaluate("listen(client.peer('bob')), peer.connect()");
    const said = [];
    for (const page of pages) {
      said.push(await page.waitFor("told.length === 1 && told[0]", null, { what: "the path" }));
      assert.deepEqual(await page.evaluate("peer.timeline.recoveries"), []);
    }
    return said;
  });

for (const { name, kinds } of PAIRS) {
  describe(name, () => {
    for (const order of kinds[0] === kinds[1] ? [kinds] : [kinds, [...kinds].reverse()]) {
      for (const transport of ["udp", "tcp"]) {
        test(`${order[0]} is relayed over ${transport}, and both sides say so`, async (t) => {
          const [own, theirs] = await paths(order, turn(transport));
          t.diagnostic(`${own.localCandidateType}–${own.remoteCandidateType}, ${theirs.localCandidateType}–${theirs.remoteCandidateType}`);
          assert.deepEqual([own.path, own.previous, own.relayProtocol], ["relay", null, transport]);
          assert.deepEqual([theirs.path, theirs.previous, theirs.relayProtocol ?? null], ["relay", null, null]);
        });
      }
    }

    test("a direct pair", async () => {
      for (const { path, previous, relayProtocol = null } of await paths(kinds)) {
        assert.deepEqual([path, previous, relayProtocol], ["direct", null, null]);
      }
    });
  });
}
