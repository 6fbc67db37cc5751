// The SDK refuses, by name, a value that JSON would change: in messages and metadata.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import vm from "node:vm";
import { FakeSocket } from "./support/fake_socket.mjs";
import { scriptUrl, wasmFile } from "./support/node_program.mjs";

const { SignalingClient, initialize } = await import(scriptUrl);

class Point {
  x = 1;
}

const circle = {};
circle.self = circle;

/** Each value, and the place of the wrong part that the refusal names after the argument's name. */
const REFUSED = [
  [new Uint8Array(3), ""],
  [{ bytes: new Uint8Array(3) }, ".bytes"],
  [{ list: [1, new Float64Array(2).buffer] }, ".list[1]"],
  [new Map([["a", 1]]), ""],
  [{ seen: new Set() }, ".seen"],
  [NaN, ""],
  [{ at: [{ x: 1, y: -Infinity }] }, ".at[0].y"],
  [new Date(NaN), ""],
  [{ when: new Date(NaN) }, ".when"],
  [() => {}, ""],
  [{ act() {} }, ".act"],
  [Symbol("a"), ""],
  [{ kind: Symbol("a") }, ".kind"],
  [1n, ""],
  [[1, 2n], "[1]"],
  [[1, undefined], "[1]"],
  [/a/, ""],
  [new Error("a"), ""],
  [Promise.resolve(), ""],
  [undefined, ""],
  [circle, ""],
  [{ toJSON: () => new Map() }, ""],
  [vm.runInNewContext("({ inner: new Map() })"), ".inner"],
];

/** Each value, and the value that arrives. */
const TAKEN = [
  [null, null],
  ["text", "text"],
  [0.5, 0.5],
  [false, false],
  [[], []],
  [{ left: undefined, kept: 1 }, { kept: 1 }],
  [new Date(0), "1970-01-01T00:00:00.000Z"],
  [new URL("https://example.org/"), "https://example.org/"],
  [new Point(), { x: 1 }],
  [Object.assign(Object.create(null), { a: [1] }), { a: [1] }],
  [vm.runInNewContext("({ a: [new Date(0)] })"), { a: ["1970-01-01T00:00:00.000Z"] }],
];

let client;
let room;
const socket = new FakeSocket();
before(async () => {
  await initialize(readFileSync(wasmFile));
  client = new SignalingClient("ws://localhost/signal", { peerId: "ada", transport: () => socket });
  await client.connect({ timeoutMs: 3000 });
  room = await client.join("messages");
  // A peer needs a substitute for the browser's connection.
  globalThis.RTCPeerConnection = class extends EventTarget {
    createDataChannel = () => new EventTarget();
    close() {}
  };
});
after(() => client?.close());

const WAYS = {
  "room.broadcast()": { name: "data", give: (value) => room.broadcast(value) },
  "peer.send()": { name: "data", give: (value) => client.peer("bob").send(value) },
  metadata: { name: "metadata", give: async (metadata) => new SignalingClient("ws://localhost/signal", { metadata }).close() },
};

for (const [way, { name, give }] of Object.entries(WAYS)) {
  describe(way, () => {
    test("refuses by name what JSON would change into something else", async () => {
      for (const [value, place] of REFUSED) {
        if (name === "metadata" && value === undefined) continue;
        const told = await give(value).then(
          () => "taken",
          ({ code, context }) => `${code}: ${context?.detail}`,
        );
        assert.ok(told.startsWith(`invalid-argument: ${name}${place} is `), `${name}${place}: ${told}`);
        assert.match(told, /, allowed is what JSON can hold( in 1024 bytes)?$/);
      }
    });

    if (name === "metadata") {
      test("takes what JSON keeps, and what has toJSON()", async () => {
        for (const [value] of TAKEN) await give(value);
      });
    } else {
      test("sends what JSON keeps, and what has toJSON()", async () => {
        for (const [value, arrives] of TAKEN.slice(0, 9)) {
          await give(value);
          assert.deepEqual(JSON.parse(socket.frames.at(-1).payload.data), arrives);
        }
      });
    }
  });
}
