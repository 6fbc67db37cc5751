// What goes wrong with candidates and their servers in real browsers: TURN servers that refuse or do not answer, a page with more
// connections than its browser allows, candidates that no connection has a place for. Each is typed, told to `debug`, and survived.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { HOST, SDP } from "./support/hostile.mjs";
import { blank, loadModule, outcome, startClient } from "./support/pages.mjs";
import { startPlain } from "./support/plain.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox", "chromium"])));
after(() => world?.close());

const COTURN = "/usr/bin/turnserver";
/** Starts coturn inside the namespace for the user "u" with the password "right". */
async function startTurn(t) {
  const port = await world.namespace.freePort();
  const child = world.namespace.spawn(COTURN, [
    ...["-n", "--no-cli", "--no-tls", "--no-dtls", "--log-file=stdout", "--pidfile=/dev/null", "--realm=example.org", "--lt-cred-mech"],
    ...["--user=u:right", "--listening-ip=10.9.0.1", "--relay-ip=10.9.0.1", `--listening-port=${port}`],
  ]);
  t.after(() => child.kill("SIGKILL"));
  await sleep(500);
  return `turn:10.9.0.1:${port}`;
}

/** A client whose steps are kept in `window.steps`. */
const startTraced = async (page, options) => {
  await loadModule(page);
  await page.evaluate(async (options) => {
    window.steps = [];
    window.failures = [];
    const debug = ({ action, id, detail }) => steps.push([action, id, detail].join(" "));
    window.client = new signalpostModule.SignalingClient("/signal", { ...options, debug });
    client.addEventListener("error", ({ error }) => failures.push(error.message));
    await client.connect();
  }, options);
};

/** Lets the other side answer with a description of which no candidate ever comes. */
const MUTE = `() => {
  const add = RTCPeerConnection.prototype.addIceCandidate;
  RTCPeerConnection.prototype.addIceCandidate = async function () {};
  const set = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
    return set.call(this, { type, sdp: sdp.replace(/a=candidate:.*\\r\\n/g, "") });
  };
}`;

for (const kind of ["chromium", "firefox"]) {
  describe(kind, () => {
    test(
      "wrong credentials and a silent server are in the census of the failure, and told to debug",
      { skip: !existsSync(COTURN) && "coturn is missing" },
      (t) =>
        withPages(world.pick(kind, "chromium"), [blank(world.server)], async (page, other) => {
          const turn = await startTurn(t);
          const iceServers = [
            { urls: turn, username: "u", credential: "wrong" },
            // A port at which nothing listens.
            { urls: "stun:10.9.0.1:3999" },
          ];
          for (const it of [page, other]) await it.evaluate(`(${MUTE})()`);
          await startClient(other, { peerId: `${kind}-zoe` });
          await startTraced(page, { peerId: `${kind}-ada`, rtc: { iceServers } });
          const failed = await outcome(page, (peer) => client.peer(peer).connect(), `${kind}-zoe`);
          assert.equal(failed.code, "connection-failed");
          assert.equal(failed.retryable, true);
          const { own, remote, errors } = failed.context.candidates;
          assert.ok(own.found.host > 0 && own.found.relay === 0, JSON.stringify(own));
          assert.ok(own.used.host > 0, JSON.stringify(own));
          assert.ok(remote.found.host > 0, JSON.stringify(remote));
          assert.deepEqual(
            errors.find(({ code }) => code === 401),
            { code: 401, servers: 1 },
            JSON.stringify(errors),
          );
          assert.match(failed.context.detail, /own: \d host, \d srflx, 0 relay \(.*401 from 1 server.*\); other: \d host/);
          const steps = await page.evaluate("steps");
          assert.ok(
            steps.some((step) => /^candidate-error \d+ 401 from turn:10\.9\.0\.1/.test(step)),
            steps.join("\n"),
          );
          assert.equal(await page.evaluate("client.state"), "connected");
        }),
    );

    test("candidates of no media section and without one, an answer without an offer: ignored, told to debug, and the connection stays", () =>
      withPages(world.pick(kind, "chromium"), [blank(world.server)], async (page, plainPage) => {
        const [victim, liar] = [`${kind}-victim`, `a-${kind}-liar`];
        await startTraced(page, { peerId: victim });
        await startPlain(plainPage, liar);
        await page.evaluate((liar) => client.peer(liar).connect(), liar);
        await plainPage.evaluate(
          async ({ victim, HOST, SDP }) => {
            const { connection, remote, pc } = plain.connections.get(victim);
            const usernameFragment = /a=ice-ufrag:(\S+)/.exec(pc.localDescription.sdp)[1];
            const route = { connection, target: remote };
            const candidate = (port, more) => ({ candidate: HOST.replace(" 9 ", ` ${port} `), usernameFragment, ...more });
            const send = (candidates) => plain.send("ice-candidate", { ...route, candidates }, victim);
            send([candidate(1, { sdpMid: "nobody" }), candidate(2, { sdpMLineIndex: 77 }), candidate(3, {})]);
            send([candidate(4, { sdpMid: "0", usernameFragment: "dead" })]);
            for (let at = 0; at < 20; at += 1) {
              send(Array.from({ length: 10 }, (_, of) => candidate(1000 + 10 * at + of, { sdpMid: "0" })));
            }
            plain.send("answer", { ...route, number: 1, sdp: SDP }, victim);
          },
          { victim, HOST, SDP },
        );
        await page.waitFor('steps.some((step) => step.includes("an answer without an offer"))');
        const steps = await page.evaluate('steps.filter((step) => step.startsWith("ignore"))');
        assert.ok(
          steps.some((step) => step.endsWith("names no media section")),
          steps.join("\n"),
        );
        assert.ok(steps.filter((step) => step.endsWith("too many")).length >= 150, steps.join("\n"));
        const added = await page.evaluate('steps.filter((step) => step.endsWith("addIceCandidate")).length');
        assert.ok(added <= 60, `${added} candidates reached the browser`);
        assert.deepEqual(await page.evaluate("failures"), []);
        assert.equal(await page.evaluate((liar) => client.peer(liar).state, liar), "connected");
      }));
  });
}

test("too many connections: typed, retryable, and the next call works once some are closed", () =>
  withPages(world.pick("chromium", "firefox"), [blank(world.server)], async (page, other) => {
    await startClient(other, { peerId: "spare-zoe" });
    await startClient(page, { peerId: "spare-ada" });
    const made = await page.evaluate(() => {
      window.hoard = [];
      try {
        while (hoard.length < 2000) hoard.push(new RTCPeerConnection());
      } catch {
        // Now there is no more.
      }
      return hoard.length;
    });
    assert.ok(made > 10 && made < 2000, `${made} connections`);
    const failed = await outcome(page, () => client.peer("spare-zoe").connect());
    assert.deepEqual([failed.name, failed.code, failed.retryable], ["SignalingError", "connection-unavailable", true]);
    const [told] = await page.waitFor("failures.length > 0 && failures");
    assert.match(told, /connection-unavailable: .*PeerConnection/);
    await page.evaluate(async () => {
      for (const connection of hoard.splice(0)) connection.close();
      await new Promise((done) => setTimeout(done, 500));
    });
    const again = await outcome(page, () => client.peer("spare-zoe").connect());
    assert.equal(again.code, undefined, again.message);
    assert.equal(await page.evaluate('client.peer("spare-zoe").state'), "connected");
  }));
