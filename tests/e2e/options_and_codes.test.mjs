// The effect of options, and the error codes that need more than a bad argument: each is provoked in a page, in both browsers.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { equipLink } from "./support/link.mjs";
import { blank, loadModule, outcome, startClient } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

const SLOW_READER = fileURLToPath(new URL("support/slow_reader.mjs", import.meta.url));

let world;
before(async () => (world = await makeWorld(["chromium", "firefox", "chromium"])));
after(() => world?.close());

let names = 0;
const fresh = (name) => `${name}-${++names}`;
const pagesOf = (kinds, body) => withPages(world.pick(...kinds), [blank(world.server)], body);

for (const kind of ["chromium", "firefox"]) {
  describe(`options in ${kind}`, () => {
    /** Tries to reach a server that does not exist, nine times at most. */
    const tries = (page, reconnect) =>
      page.evaluate(async (reconnect) => {
        const at = [];
        const transport = () => {
          at.push(performance.now());
          const link = { send() {}, close() {} };
          setTimeout(() => link.onclose({ code: 1006 }));
          return link;
        };
        const client = new signalpostModule.SignalingClient("/signal", { reconnect: { maxAttempts: 8, ...reconnect }, transport });
        const { code, retryable } = await client.connect({ timeoutMs: 60_000 }).catch((error) => error);
        return { code, retryable, state: client.state, attempts: at.length, ms: at.at(-1) - at[1] };
      }, reconnect);

    test("reconnect: each of them bounds the waits, and attempts end", () =>
      pagesOf([kind], async (page) => {
        await loadModule(page);
        // After the first retry, which never waits long, seven waits follow: by default 11 s on average.
        for (const reconnect of [
          { baseMs: 20, factor: 1 },
          { baseMs: 60_000, maxMs: 20 },
          { baseMs: 60_000, maxVisibleMs: 20 },
        ]) {
          const { ms, ...told } = await tries(page, reconnect);
          assert.deepEqual(told, { code: "server-unreachable", retryable: true, state: "idle", attempts: 9 }, JSON.stringify(reconnect));
          assert.ok(ms < 2000, `${JSON.stringify(reconnect)}: ${ms} ms`);
        }
        assert.equal((await tries(page, { maxAttempts: 2 })).attempts, 3);
      }));

    test("candidates: what is sent in one batch", () =>
      pagesOf([kind], async (page) => {
        await loadModule(page);
        await equipLink(page);
        /** Returns how many candidates each frame holds, soon and later: the first of its kind alone, then five more. */
        const batches = (candidates) =>
          page.evaluate(
            async ({ id, candidates }) => {
              await start({ peerId: id, candidates });
              const wait = (ms) => new Promise((done) => setTimeout(done, ms));
              for (let port = 1; port <= 6; port += 1) {
                client.signals
                  .sendIceCandidate(id, { candidate: `candidate:1 1 udp 2122260223 192.0.2.1 ${port} typ host`, sdpMid: "0" })
                  .catch(() => {});
                await wait(port === 1 ? 30 : 5);
              }
              const sizes = () => sent.flatMap(({ payload }) => payload?.candidates?.length ?? []);
              await wait(200);
              const soon = sizes();
              await wait(1200);
              const later = sizes();
              client.close();
              sent.length = 0;
              return { soon, later };
            },
            { id: fresh("ada"), candidates },
          );
        assert.deepEqual(await batches({}), { soon: [1, 5], later: [1, 5] }, "by default");
        assert.deepEqual(await batches({ batchMs: 1000, batchSize: 10 }), { soon: [1], later: [1, 5] }, "as the time says");
        assert.deepEqual(await batches({ batchMs: 10_000, batchSize: 2 }), { soon: [1, 2, 2], later: [1, 2, 2] }, "as the size says");
      }));

    test("candidates.maxPerGeneration: no more than that leave", () =>
      pagesOf([kind, "chromium"], async (page, other) => {
        await loadModule(page);
        await equipLink(page);
        // The browser's own candidates, and twelve more.
        const count = (id, candidates) =>
          page.evaluate(
            async ({ id, to, candidates }) => {
              await start({ peerId: id, candidates });
              const peer = client.peer(to);
              peer.connect({ timeoutMs: 5000 }).catch(() => {});
              while (!sent.some(({ type }) => type === "offer")) await new Promise((done) => setTimeout(done, 10));
              const [, usernameFragment] = /a=ice-ufrag:(\S+)/.exec(peer.connection.localDescription.sdp);
              for (let port = 1; port <= 12; port += 1) {
                const candidate = new RTCIceCandidate({
                  candidate: `candidate:1 1 udp 2122260223 192.0.2.1 ${port} typ host`,
                  sdpMid: "0",
                  usernameFragment,
                });
                peer.connection.dispatchEvent(new RTCPeerConnectionIceEvent("icecandidate", { candidate }));
              }
              await new Promise((done) => setTimeout(done, 500));
              const told = sent.flatMap(({ payload }) => [
                ...(payload?.candidates ?? []),
                ...(payload?.sdp?.match(/^a=candidate/gm) ?? []),
              ]);
              client.close();
              sent.length = 0;
              return told.length;
            },
            { id, to, candidates },
          );
        // No peer answers: the side with the lower id sets its offer at once.
        const to = fresh("silent");
        await loadModule(other);
        await equipLink(other);
        await other.evaluate(async (peerId) => {
          await start({ peerId });
          window.isMute = true;
        }, to);
        const many = await count(fresh("ada"), { maxPerGeneration: 10 });
        assert.ok(many > 3 && many <= 10, `${many} candidates`);
        assert.equal(await count(fresh("ada"), { maxPerGeneration: 3 }), 3);
      }));

    test("gathering.mode: trickle is what happens by default", () =>
      pagesOf([kind, "chromium"], async (page, other) => {
        const ids = ["ada", "bob"].map(fresh);
        await startClient(page, { peerId: ids[0], gathering: { mode: "trickle" } });
        await startClient(other, { peerId: ids[1], gathering: { mode: "complete", timeoutMs: 500 } });
        await page.evaluate((id) => client.peer(id).connect(), ids[1]);
        assert.equal(await page.evaluate("client.remotePeers[0].state"), "connected");
      }));
  });

  describe(`codes in ${kind}`, () => {
    test("link-lost: the session ends while it is used", () =>
      pagesOf([kind], async (page) => {
        await loadModule(page);
        await equipLink(page);
        await page.evaluate((peerId) => start({ peerId }), fresh("ada"));
        const lost = await outcome(page, () => {
          window.isMute = true;
          // A position that the server never reached: it begins a new session.
          window.rewrite = (frame) => (frame.type === "hello" ? { ...frame, payload: { ...frame.payload, received: 1_000_000 } } : frame);
          const sending = client.peer("bob").send("hello");
          cut();
          window.isMute = false;
          return sending;
        });
        assert.deepEqual([lost.code, lost.retryable], ["link-lost", true]);
        await page.waitFor("client.state === 'connected'");
        assert.deepEqual(await page.evaluate("heard"), ["connecting", "connected", "reconnecting link-lost", "connected"]);
      }));

    test("superseded: another session that holds the key has the id", () =>
      pagesOf([kind], async (page) => {
        await loadModule(page);
        await equipLink(page);
        await page.evaluate((peerId) => start({ peerId }), fresh("ada"));
        const answers = await page.evaluate(async () => {
          const { payload } = sent.find(({ type }) => type === "hello");
          const { key } = received.find(({ type }) => type === "welcome").payload;
          const socket = new WebSocket(`${location.origin.replace("http", "ws")}/signal`);
          window.other = socket;
          await new Promise((done) => (socket.onopen = done));
          const claim = (session) =>
            new Promise((done) => {
              socket.onmessage = ({ data }) => {
                const frame = JSON.parse(data);
                if (frame.type !== "heartbeat") done(frame);
              };
              socket.send(
                JSON.stringify({
                  type: "hello",
                  payload: { ...payload, key, attempt: payload.attempt + 1, peer: { ...payload.peer, session } },
                }),
              );
            });
          // Half of the results of `^` are negative. A session number is never negative: the server refuses this `hello`, and no client loses its id.
          const refused = await claim(-1);
          const state = client.state;
          const welcome = await claim((payload.peer.session ^ 1) >>> 0);
          return [refused.payload.code, state, welcome.type, welcome.payload.resumed];
        });
        assert.deepEqual(answers, ["invalid-message", "connected", "welcome", false]);
        await page.waitFor("client.state === 'idle'");
        assert.deepEqual(await page.evaluate("heard"), ["connecting", "connected", "idle superseded"]);
      }));

    test("outbox-full: too many questions without an answer", () =>
      pagesOf([kind], async (page) => {
        await loadModule(page);
        await equipLink(page);
        await page.evaluate((peerId) => start({ peerId }), fresh("ada"));
        const codes = await page.evaluate(async () => {
          window.isMute = true;
          const asked = Array.from({ length: 257 }, () => client.findPeers().catch(({ code, retryable }) => `${code} ${retryable}`));
          const last = await asked[256];
          client.close();
          return [last, ...new Set(await Promise.all(asked.slice(0, 256)))];
        });
        assert.deepEqual(codes, ["outbox-full true", "closed false"]);
      }));

    test("too-many-rooms: 32 are the most", () =>
      pagesOf([kind], async (page) => {
        await startClient(page, { peerId: fresh("ada") });
        const room = fresh("room");
        await page.evaluate(async (room) => {
          window.rooms = await Promise.all(Array.from({ length: 32 }, (_, at) => client.join(`${room}-${at}`)));
        }, room);
        const refused = await outcome(page, (room) => client.join(`${room}-more`), room);
        assert.deepEqual([refused.code, refused.retryable], ["too-many-rooms", false]);
        await page.evaluate(`rooms[0].leave().then(() => client.join("${room}-more")).then(() => {})`);
      }));

    test("upgrade-required: no common version", () =>
      pagesOf([kind], async (page) => {
        await loadModule(page);
        await equipLink(page);
        const refused = await outcome(page, () => {
          window.rewrite = (frame) => (frame.type === "hello" ? { ...frame, payload: { ...frame.payload, versions: [99, 100] } } : frame);
          return start({});
        });
        assert.deepEqual([refused.code, refused.retryable], ["upgrade-required", false]);
        assert.deepEqual(await page.evaluate("heard"), ["connecting", "idle upgrade-required"]);
      }));

    test("peer-busy: the peer reads too slowly", () =>
      pagesOf([kind], async (page) => {
        await startClient(page, { peerId: fresh("ada") });
        const slow = fresh("slow");
        const child = world.namespace.spawn(process.execPath, [SLOW_READER, String(world.server.port), slow]);
        try {
          await new Promise((done, fail) => {
            child.stdout.once("data", done);
            child.once("exit", () => fail(new Error("the slow reader ended")));
          });
          const busy = await outcome(
            page,
            async (slow) => {
              const sdp = `v=0\r\na=${"x".repeat(200_000)}\r\n`;
              for (let count = 0; count < 200; count += 1) await client.signals.sendOffer(slow, { type: "offer", sdp });
            },
            slow,
          );
          assert.deepEqual([busy.code, busy.retryable], ["peer-busy", true], JSON.stringify(busy));
          assert.equal(await page.evaluate("client.state"), "connected");
        } finally {
          child.kill("SIGKILL");
        }
      }));

    test("connection-gone: the other side does not want to", () =>
      pagesOf([kind, "chromium"], async (page, other) => {
        const ids = ["ada", "bob"].map(fresh);
        await startClient(page, { peerId: ids[0] });
        await startClient(other, { peerId: ids[1] });
        await other.evaluate("client.addEventListener('peer', ({ peer }) => peer.close())");
        const gone = await outcome(
          page,
          (id) => {
            const peer = client.peer(id);
            window.told = [];
            peer.addEventListener("error", ({ error }) => told.push(error.code));
            peer.addEventListener("open", () => told.push("open"));
            return peer.connect();
          },
          ids[1],
        );
        assert.deepEqual([gone.code, gone.retryable], ["connection-gone", true]);
        assert.deepEqual(await page.evaluate("told"), [], "the promise says it");
        const unheard = await outcome(
          page,
          async (id) => {
            const stop = new AbortController();
            const peer = client.peer(id);
            const told = new Promise((done) => peer.addEventListener("error", ({ error }) => done(error.code)));
            peer.connect({ signal: stop.signal }).catch(() => {});
            stop.abort();
            return told;
          },
          ids[1],
        );
        assert.equal(unheard.value, "connection-gone", "nobody waits any more");
        // A peer that opens emits `open`.
        const told = await outcome(
          other,
          async (id) => {
            const peer = client.peer(id);
            const open = new Promise((done) => peer.addEventListener("open", () => done("open"), { once: true }));
            await peer.connect();
            return open;
          },
          ids[0],
        );
        assert.equal(told.value, "open");
      }));

    test("connection-failed: there is no path", () =>
      pagesOf([kind, "chromium"], async (page, other) => {
        const ids = ["ada", "bob"].map(fresh);
        // The options allow only relays, and there is none.
        await startClient(page, { peerId: ids[0], rtc: { iceTransportPolicy: "relay" } });
        await startClient(other, { peerId: ids[1] });
        const failed = await outcome(page, (id) => client.peer(id).connect({ timeoutMs: 30_000 }), ids[1]);
        assert.deepEqual([failed.code, failed.retryable], ["connection-failed", true]);
        assert.ok(failed.ms < 14_000, `${failed.ms} ms`);
        assert.match(failed.message, /add a TURN server/);
      }));
  });
}
