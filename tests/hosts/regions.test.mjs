// Two servers of two regions, each with a Redis of its own: the nearest peers come first, and a room spans both.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { makeNamespace } from "../harness/namespace.mjs";
import { startRedis } from "../harness/redis.mjs";
import { startServer } from "../harness/server.mjs";
import { runProgram } from "./support/node_program.mjs";

let namespace;
const started = [];
let urls;
before(async () => {
  namespace = await makeNamespace();
  const stores = { eu: await startRedis(namespace), us: await startRedis(namespace) };
  started.push(...Object.values(stores).map((redis) => () => redis.close()));
  const SIGNALPOST_REDIS = Object.entries(stores)
    .map(([region, { url }]) => `${region}=${url}`)
    .join();
  const servers = {};
  for (const SIGNALPOST_REGION of ["eu", "us"]) {
    const server = await startServer(namespace, { env: { SIGNALPOST_REDIS, SIGNALPOST_REGION } });
    started.push(() => server.stop("SIGKILL"));
    servers[SIGNALPOST_REGION] = server;
  }
  urls = Object.fromEntries(Object.entries(servers).map(([region, { port }]) => [region, `ws://localhost:${port}/signal`]));
});
after(async () => {
  for (const end of started.reverse()) await end();
  namespace?.remove();
});

test("findPeers lists the nearest first, and members of both regions meet in a room", async () => {
  const told = await runProgram(
    namespace,
    `import { WebSocket as Ws } from "ws";
    const urls = ${JSON.stringify(urls)};
    await initialize(bytes());
    const at = (region, peerId) => new SignalingClient(urls[region], { transport: (url) => new Ws(url), peerId });
    const clients = [at("us", "a"), at("eu", "b"), at("us", "c"), at("eu", "d")];
    for (const client of clients) await client.connect();
    const [a, b] = clients;
    const listed = async (client, query) => {
      const ids = [];
      let cursor;
      do {
        const page = await client.findPeers({ ...query, limit: 1, ...(cursor !== undefined && { cursor }) });
        ids.push(...page.peers.map(({ id }) => id));
        ({ cursor } = page);
      } while (cursor !== undefined);
      return ids.join("");
    };
    told.byId = [await listed(a, {}), await listed(b, { nearest: false })];
    told.nearest = [await listed(a, { nearest: true }), await listed(b, { nearest: true })];
    const room = await a.join("both");
    const heard = new Promise((done) => room.addEventListener("message", ({ from, data }) => done([from, data])));
    const other = await b.join("both");
    told.members = other.peers.map(({ id }) => id);
    await other.broadcast("hello");
    told.heard = await heard;
    for (const client of clients) client.close();`,
  );
  assert.deepEqual(told, {
    byId: ["bcd", "acd"],
    nearest: ["cbd", "dac"],
    members: ["a"],
    heard: ["b", "hello"],
  });
});
