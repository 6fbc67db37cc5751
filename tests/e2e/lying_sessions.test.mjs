// A server that lies about sessions: impossible numbers, acknowledgements, welcomes and delays. The client is never stuck, delivers
// no message twice or out of order, and works as soon as the server stops lying.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { equipFakeServer } from "./support/fake_server.mjs";
import { watch } from "./support/hostile.mjs";
import { blank, loadModule } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox"])));
after(() => world?.close());

/** In a page: `start()` makes a server with sessions and a client of it that is connected and in a room; both are global then. */
const equipClient = (page) =>
  page.evaluate(() => {
    window.start = async ({ connects = true } = {}) => {
      const server = fakeServer({ version: 2, answers: true });
      window.server = server;
      const options = { transport: server.transport, peerId: "mia", reconnect: { baseMs: 20, maxMs: 200 } };
      const client = new signalpostModule.SignalingClient("/x", options);
      window.client = client;
      window.heard = [];
      client.addEventListener("message", ({ data }) => heard.push(data));
      client.addEventListener("resume", ({ resumed }) => heard.push(`resumed ${resumed}`));
      client.addEventListener("error", ({ error }) => heard.push(error.code));
      if (!connects) return;
      await client.connect();
      await client.join("lobby");
    };
    window.letter = (data) => ({ type: "message", from: "eve", payload: { data: JSON.stringify(data) } });
    /** Checks that the client works once the server stops lying. */
    window.works = async () => {
      const kinds = [];
      for (const promise of [client.findPeers(), client.join("hall"), client.peer("eve").send("x")]) kinds.push(await ended(promise, 6000));
      return [...kinds, client.state];
    };
    window.hellos = () => server.sent.filter(({ type }) => type === "hello");
  });
const WORKS = ["done", "done", "done", "connected"];

const inPage = (kind, body, arg) =>
  withPages(world.pick(kind), [blank(world.server)], async (page) => {
    await loadModule(page);
    for (const equipment of [watch, equipFakeServer, equipClient]) await equipment(page);
    const told = await page.evaluate(body, arg);
    assert.deepEqual(await page.evaluate("[...problems, window.client?.close()].filter(Boolean)"), []);
    return told;
  });

for (const kind of ["chromium", "firefox"]) {
  describe(`the client in ${kind}`, () => {
    test("closes on a gap with 4005 and resumes; nothing is delivered twice or out of order", async () => {
      const told = await inPage(kind, async () => {
        await start();
        server.number(letter("one"));
        const at = server.seq;
        server.tell({ ...letter("three"), seq: at + 2 });
        server.tell({ ...letter("two, too late"), seq: at + 1 });
        await until(() => hellos().length === 2 && client.state === "connected");
        for (const [data, seq] of [
          ["one", at],
          ["two", at + 1],
          ["two", at + 1],
          ["three", at + 2],
        ])
          server.tell({ ...letter(data), seq });
        server.seq = at + 2;
        return { heard, at, received: hellos()[1].payload.received, code: server.sockets[0].closedWith, works: await works() };
      });
      assert.deepEqual([told.received, told.code], [told.at, 4005]);
      assert.deepEqual(told.heard, ["one", "resumed true", "two", "three"]);
      assert.deepEqual(told.works, WORKS);
    });

    test("believes no acknowledgement of what it has not sent", async () => {
      const told = await inPage(kind, async () => {
        await start();
        server.isDeaf = true;
        const sending = client.peer("eve").send("kept");
        await until(() => server.told("message"));
        server.tell({ type: "ack", ack: 4_000_000_000 });
        server.tell({ type: "heartbeat-ack", ack: server.told("message").seq + 1 });
        server.isDeaf = false;
        server.end(1006);
        await until(() => hellos().length === 2 && server.sent.filter(({ type }) => type === "message").length === 2);
        return {
          seqs: server.sent.filter(({ type }) => type === "message").map(({ seq }) => seq),
          sending: await ended(sending),
          works: await works(),
        };
      });
      assert.equal(told.seqs[0], told.seqs[1]);
      assert.deepEqual([told.sending, told.works], ["done", WORKS]);
    });

    test("is welcomed once", async () => {
      const told = await inPage(kind, async () => {
        await start();
        const welcome = { version: 2, key: "f".repeat(64), resumed: false, received: 0 };
        for (const more of [{}, { resumed: true }, { version: 1 }, { version: 9 }])
          server.tell({ type: "welcome", payload: { ...welcome, ...more } });
        server.number(letter("after"));
        const works1 = await works();
        server.end(1006);
        await until(() => hellos().length >= 2 && client.state === "connected");
        return { heard, works: [works1, await works()], resumed: hellos()[1].payload.received };
      });
      assert.ok(told.heard.includes("after"), JSON.stringify(told.heard));
      assert.equal(typeof told.resumed, "number");
      assert.deepEqual(told.works, [WORKS, WORKS]);
    });

    const WELCOMES = {
      "resumes what the client never had": [{ resumed: true }, {}],
      "has received what was never sent": [{ received: 4_000_000_000 }, { resumed: true, received: 4_000_000_000 }],
      "forgot what it acknowledged": [{}, { resumed: true, received: 0 }],
      "has a reason nobody knows": [{ reason: "moon" }, { resumed: false, reason: "x".repeat(500) }],
      "speaks a version that nobody asked for": [{ version: 9 }, { version: 7 }],
      "goes back to version 1": [{}, { version: 1, key: undefined, resumed: undefined, received: undefined }],
    };
    for (const [name, lies] of Object.entries(WELCOMES)) {
      test(`is never stuck after a welcome that ${name}`, async () => {
        const told = await inPage(
          kind,
          async (lies) => {
            await start({ connects: false });
            const { welcome } = server;
            // Each lie for one socket, then the truth.
            const left = [...lies];
            server.welcome = (hello) => ({ ...welcome(hello), ...left.shift() });
            const connecting = await ended(client.connect({ timeoutMs: 8000 }), 9000);
            const joining = await ended(client.join("lobby"), 9000);
            server.end(1006);
            await until(() => hellos().length >= 2 && client.state === "connected");
            await new Promise((done) => setTimeout(done, 300));
            // A lie may have left both ends with other numbers; on the next socket the server does not lie.
            server.seq = server.received = 0;
            server.welcome = ({ payload }) => ({
              version: 2,
              key: "e".repeat(64),
              resumed: false,
              ...(payload.received === undefined ? {} : { reason: "session-expired" }),
              received: 0,
            });
            server.end(1006);
            await until(() => client.state === "connected" && hellos().at(-1).socket === server.sockets.length);
            const { sockets } = server;
            return { connecting, joining, works: await works(), sockets: sockets.length };
          },
          lies,
        );
        assert.notEqual(told.connecting, "waits");
        assert.notEqual(told.joining, "waits");
        assert.deepEqual(told.works, WORKS);
        assert.ok(told.sockets < 12, `${told.sockets} sockets`);
      });
    }

    test("does not hurry when a server that resumes has lost the tail again and again", async () => {
      const told = await inPage(kind, async () => {
        await start();
        const { welcome } = server;
        server.welcome = (hello) => {
          queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => server.tell({ ...letter("beyond"), seq: server.seq + 5 }))));
          return welcome(hello);
        };
        server.end(1006);
        await new Promise((done) => setTimeout(done, 3000));
        const tries = server.sockets.length;
        server.welcome = welcome;
        server.end(1006);
        await until(() => client.state === "connected" && hellos().at(-1).socket === server.sockets.length);
        return { tries, heard, works: await works() };
      });
      assert.ok(told.tries >= 3 && told.tries < 60, `${told.tries} sockets in 3 s`);
      assert.ok(!told.heard.includes("beyond"));
      assert.deepEqual(told.works, WORKS);
    });

    test("is not sent away for ever by a delay that is absurd", async () => {
      const told = await inPage(kind, async () => {
        await start();
        server.tell({ type: "reconnect", payload: { after: 4_294_967_295 } });
        server.end(4000);
        const state = client.state;
        // The page's own wake-up takes precedence over the server's wish.
        await new Promise((done) => setTimeout(done, 100));
        dispatchEvent(new Event("online"));
        await until(() => client.state === "connected", 10_000);
        const once = await works();
        for (const after of [0, -1, 1.5, "soon", null]) server.tell({ type: "reconnect", payload: { after } });
        const stays = client.state;
        server.end(4000);
        await until(() => client.state === "connected" && hellos().at(-1).socket === server.sockets.length, 10_000);
        return { state, once, stays, again: await works(), sockets: server.sockets.length };
      });
      assert.deepEqual([told.state, told.once, told.stays, told.again], ["reconnecting", WORKS, "connected", WORKS]);
      assert.ok(told.sockets < 6, `${told.sockets} sockets`);
    });

    test("takes no frame whose number is none for one in the order", async () => {
      const told = await inPage(kind, async () => {
        await start();
        const before = server.seq;
        for (const seq of [0, -1, 1.5, "1", {}, 4_294_967_296]) server.tell({ ...letter(`odd ${seq}`), seq });
        const { state } = client;
        const sockets = server.sockets.length;
        server.number(letter("right"));
        await until(() => heard.includes("right"));
        return { before, state, sockets, heard, works: await works() };
      });
      assert.deepEqual([told.state, told.sockets, told.works], ["connected", 1, WORKS]);
      const delivered = told.heard.filter((data) => data === "right" || data.startsWith("odd"));
      assert.deepEqual(delivered, ["right"]);
    });

    test("is not flooded by acknowledgements, receipts and absences of nobody", async () => {
      const told = await inPage(kind, async () => {
        await start();
        const before = server.sent.length;
        for (let at = 0; at < 2000; at += 1) {
          server.tell({ type: "ack", ack: at % 3 });
          server.number({ type: "received", payload: { ref: at } });
          server.number({ type: "sent", payload: { ref: 90_000 + at } });
          server.number({ type: "peer-away", from: `p${at}`, payload: { room: at % 2 ? "lobby" : "nowhere", reason: "lost" } });
          server.number({ type: "peer-left", from: `p${at}`, payload: { room: "lobby", reason: "lost" } });
        }
        await new Promise((done) => setTimeout(done, 300));
        const said = server.sent.slice(before).filter(({ type }) => type !== "ack");
        const acked = Math.max(...server.sent.map(({ ack }) => ack ?? 0));
        return { said: said.length, acks: server.sent.length - before - said.length, acked, seq: server.seq, works: await works() };
      });
      assert.equal(told.acked, told.seq);
      assert.ok(told.said < 20 && told.acks <= told.seq / 16 + 5, `${told.said} frames, ${told.acks} acks`);
      assert.deepEqual(told.works, WORKS);
    });
  });
}
