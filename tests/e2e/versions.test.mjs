// Clients and servers of different versions: an old server with this client, old and newer clients with this server. Each ignores
// what it does not know.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { equipFakeServer } from "./support/fake_server.mjs";
import { watch } from "./support/hostile.mjs";
import { blank, loadModule } from "./support/pages.mjs";
import { equipRaw } from "./support/raw_session.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox"], { serverArgs: ["--region", "eu-west"] })));
after(() => world?.close());

const KINDS = ["chromium", "firefox"];
const inPage = (kind, body, arg) =>
  withPages(world.pick(kind), [blank(world.server)], async (page) => {
    await loadModule(page);
    for (const equipment of [watch, equipFakeServer, equipRaw]) await equipment(page);
    const told = await page.evaluate(body, arg);
    assert.deepEqual(await page.evaluate("problems"), []);
    return told;
  });

describe("a server of version 1", () => {
  for (const kind of KINDS) {
    test(`${kind}: the client connects, talks, loses its socket and builds everything again`, async () => {
      const told = await inPage(kind, async () => {
        const server = fakeServer({ version: 1, answers: true });
        const client = new signalpostModule.SignalingClient("/x", { transport: server.transport, peerId: "mia" });
        const heard = [];
        client.addEventListener("statechange", ({ state }) => heard.push(state));
        client.addEventListener("resume", ({ resumed }) => heard.push(`resumed ${resumed}`));
        client.addEventListener("error", ({ error }) => heard.push(error.code));
        client.addEventListener("message", ({ data }) => heard.push(data));
        await client.connect();
        const room = await client.join("lobby");
        await client.peer("eve").send("one");
        server.tell({ type: "message", from: "eve", payload: { data: '"from eve"' } });
        server.end(1006);
        await until(
          () =>
            client.state === "connected" && server.sockets.length === 2 && server.sent.filter(({ type }) => type === "join").length === 2,
        );
        await client.peer("eve").send("two");
        await room.broadcast("three");
        const { peers } = await client.findPeers();
        server.tell({ type: "message", from: "eve", payload: { data: '"again"' } });
        client.close();
        return { heard, sent: server.sent, peers };
      });
      const heard = ["connecting", "connected", "from eve", "reconnecting", "connected", "resumed false", "again", "closed"];
      assert.deepEqual([...told.heard].sort(), [...heard].sort());
      const ofSocket = (number) => told.sent.filter(({ socket }) => socket === number);
      const kinds = (number) =>
        ofSocket(number)
          .map(({ type }) => type)
          .filter((type) => !type.startsWith("heartbeat"));
      assert.deepEqual(kinds(1), ["hello", "join", "message"]);
      assert.deepEqual(kinds(2), ["hello", "join", "message", "broadcast", "peer-discovery", "close", "bye"]);
      const [first, second] = [1, 2].map((number) => ofSocket(number)[0].payload);
      assert.deepEqual([first.versions, first.received, second.received], [[1, 2], undefined, undefined]);
      assert.deepEqual([second.key, second.peer], [first.key, first.peer], "the key is what it was: version 1 gives no other");
      for (const frame of told.sent) assert.equal(frame.ack, undefined, `version 1 acknowledges nothing: ${JSON.stringify(frame)}`);
      const afterWelcome = told.sent.filter(({ type }) => ["message", "broadcast", "peer-discovery"].includes(type));
      for (const frame of afterWelcome) assert.equal(frame.seq, undefined, `version 1 numbers nothing: ${JSON.stringify(frame)}`);
    });
  }
});

describe("versions", () => {
  const UNKNOWN = { unknown: { deep: [1, { more: null }] }, from: undefined };

  test("the highest that both speak is taken; without a common one the end is terminal", async () => {
    const told = await inPage("chromium", async () => {
      const answers = [];
      for (const versions of [
        [1, 1],
        [1, 2],
        [2, 2],
        [1, 9],
        [2, 65535],
        [3, 4],
        [0, 0],
      ]) {
        const raw = await dial({ id: `v-${versions}`, versions });
        const { type, payload } = raw.welcome;
        answers.push([type, payload.version ?? payload.code, Object.keys(payload).sort().join()]);
        if (type === "error") answers.at(-1).push(await raw.closed);
        else raw.drop();
      }
      return answers;
    });
    const v1 = ["welcome", 1, "region,version"];
    const v2 = ["welcome", 2, "key,received,region,resumed,version"];
    const none = ["error", "upgrade-required", "code,message,ref", 4501];
    assert.deepEqual(told, [v1, v2, v2, v2, v2, none, none]);
  });

  test("a client of version 1 hears of no session, whatever the version of its peer", async () => {
    const told = await inPage("chromium", async () => {
      const [old, young] = [await dial({ id: "old", versions: [1, 1] }), await dial({ id: "young" })];
      old.say({ type: "join", id: 2, payload: { room: "mixed" } });
      await old.next();
      young.tell({ type: "join", id: 2, payload: { room: "mixed" } });
      await young.next();
      young.tell(text("old", "with a receipt", { payload: { data: "with a receipt", receipt: true } }));
      young.tell(text("old", "without"));
      await Promise.all([old.next(), young.next(), young.next()]);
      // Version 1 does not know `seq` and `ack`, and ignores them.
      old.say(text("young", "numbered", { seq: 7, ack: 99 }));
      old.say(text("young", "the same number", { seq: 7 }));
      old.say({ type: "heartbeat" });
      await new Promise((done) => setTimeout(done, 100));
      await young.drop();
      await new Promise((done) => setTimeout(done, 200));
      const back = await dial({ id: "young", key: young.key, received: young.top });
      await new Promise((done) => setTimeout(done, 200));
      back.say({ type: "bye" });
      await back.closed;
      await new Promise((done) => setTimeout(done, 200));
      const { all } = old;
      const key = old.key;
      await old.drop();
      // The registration ended with its socket: the id is free at once.
      const other = await dial({ id: "old", versions: [1, 1], key: "another key of 16 bytes" });
      return { all, key, other: other.welcome.type, young: young.all.map(brief) };
    });
    const known = ["type", "from", "to", "id", "timestamp", "payload"];
    for (const frame of told.all)
      assert.deepEqual(
        Object.keys(frame).filter((name) => !known.includes(name)),
        [],
        JSON.stringify(frame),
      );
    const types = told.all.map(({ type }) => type).filter((type) => !type.startsWith("heartbeat"));
    assert.deepEqual(types, ["welcome", "joined", "peer-joined", "message", "sent", "sent", "peer-left", "peer-joined", "peer-left"]);
    const message = told.all.find(({ type }) => type === "message");
    assert.deepEqual(message.payload, { data: "without" });
    assert.ok(
      told.young.some(([type, code]) => type === "error" && code === "upgrade-required"),
      "version 1 gives no receipts",
    );
    const data = told.young.filter(([type]) => type === "message").map(([, data]) => data);
    assert.deepEqual(data, ["numbered", "the same number"]);
    assert.equal(told.other, "welcome");
  });

  test("what the server does not know is passed over, wherever it is, and keeps its place in the order", async () => {
    const told = await inPage(
      "chromium",
      async (UNKNOWN) => {
        const raw = await dial({ id: "early", payload: UNKNOWN });
        raw.tell({ type: "join", id: 2, ...UNKNOWN, payload: { room: "lobby", ...UNKNOWN } });
        raw.tell({ type: "of-a-later-version", id: 3, payload: UNKNOWN });
        raw.say({ type: "ack", ack: raw.top, payload: UNKNOWN });
        raw.tell({ type: "leave", id: 4, payload: { room: "lobby" } });
        return [await raw.next(), await raw.next(), await raw.next()].map(brief);
      },
      UNKNOWN,
    );
    assert.deepEqual(told, [
      ["joined", "lobby", null, 1],
      ["error", "unknown-type", null, 2],
      ["left", "lobby", null, 3],
    ]);
  });

  for (const kind of KINDS) {
    test(`${kind}: what the client does not know is passed over, and keeps its place in the order`, async () => {
      const told = await inPage(kind, async () => {
        const server = fakeServer({ version: 2, answers: true });
        const { welcome } = server;
        server.welcome = (hello) => ({ ...welcome(hello), unknown: [1, { deep: true }] });
        const client = new signalpostModule.SignalingClient("/x", { transport: server.transport, peerId: "mia" });
        const heard = [];
        client.addEventListener("message", ({ data }) => heard.push(data));
        client.addEventListener("error", ({ error }) => heard.push(error.code));
        await client.connect();
        server.number({ type: "message", from: "eve", payload: { data: "1", unknown: null }, unknown: "x" });
        server.number({ type: "of-a-later-version", from: "eve", payload: { unknown: 5 } });
        server.tell({ type: "of-a-later-version" });
        server.number({ type: "message", from: "eve", payload: { data: "2" } });
        await until(() => server.sent.some(({ ack }) => ack === 3));
        client.close();
        return { heard, sockets: server.sockets.length };
      });
      assert.deepEqual(told, { heard: [1, 2], sockets: 1 });
    });
  }
});
