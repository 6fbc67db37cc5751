// The errors when the module cannot be loaded: a script that does not know its address, a module of another
// build, hosts that lack a global, objects of another realm.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { describe, test } from "node:test";
import vm from "node:vm";
import { transform } from "esbuild";
import { packageDirectory, scriptUrl, wasmFile } from "./support/node_program.mjs";

const wasm = readFileSync(wasmFile);
const script = readFileSync(path.join(packageDirectory, "signalpost.js"), "utf8");

/** Imports the package again: each test loads its own module. */
let copies = 0;
const fresh = () => import(`${scriptUrl}?copy=${++copies}`);

const failure = async (act) => {
  try {
    await act();
  } catch (error) {
    return { name: error.name, code: error.code, retryable: error.retryable, detail: error.context?.detail ?? String(error) };
  }
  return undefined;
};

/** Makes a module of another build: its custom section has another id. */
function ofAnotherBuild() {
  const [section] = WebAssembly.Module.customSections(new WebAssembly.Module(wasm), "signalpost-build");
  const id = Buffer.from(section);
  const other = Buffer.from(wasm);
  other.write("0".repeat(id.length), other.lastIndexOf(id));
  return { other, id: id.toString() };
}

/** A module that has nothing to do with the package: an empty one. */
const EMPTY = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

describe("a module of another build", () => {
  test("says so, and the next try takes the right one", async () => {
    const { initialize } = await fresh();
    const { other, id } = ofAnotherBuild();
    for (const [wrong, build] of [
      [other, "0".repeat(16)],
      [EMPTY, "unknown"],
    ]) {
      assert.deepEqual(await failure(() => initialize(wrong)), {
        name: "SignalingError",
        code: "load-failed",
        retryable: true,
        detail: `the script is of build ${id}, the module of build ${build}: serve both from one build`,
      });
    }
    assert.equal(await failure(() => initialize(wasm)), undefined);
  });

  test("that is served once is not kept: the same address is asked again, past the HTTP cache", async () => {
    const { initialize } = await fresh();
    const { other } = ofAnotherBuild();
    const asked = [];
    const server = createServer((request, response) => {
      asked.push(request.headers["cache-control"] ?? "");
      response.writeHead(200, { "content-type": "application/wasm" });
      response.end(asked.length === 1 ? other : wasm);
    });
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    try {
      const address = `http://127.0.0.1:${server.address().port}/signalpost_bg.wasm`;
      assert.equal((await failure(() => initialize(address)))?.code, "load-failed");
      assert.equal(await failure(() => initialize(address)), undefined);
      assert.deepEqual(asked, ["", "no-cache"]);
    } finally {
      server.close();
    }
  });

  test("given as a compiled module says so too", async () => {
    const { initialize } = await fresh();
    assert.match((await failure(() => initialize(new WebAssembly.Module(ofAnotherBuild().other))))?.detail, /serve both from one build/);
    assert.equal(await failure(() => initialize(WebAssembly.compile(wasm))), undefined);
  });
});

/** The globals of a page that a new realm lacks; the ones from Node then belong to another realm, like those of jest. */
const PAGE = [
  "EventTarget",
  "Event",
  "AbortController",
  "AbortSignal",
  "URL",
  "performance",
  "crypto",
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
  "queueMicrotask",
  "console",
  "WebSocket",
];
/** The globals that jsdom, or an older jsdom, does not have. */
const NOT_IN_JSDOM = ["TextEncoder", "TextDecoder", "MessageChannel", "fetch", "Request", "Response"];

/** Runs the package as one classic script, in a new realm with these globals. */
async function inRealm(names, format = "iife") {
  const { code } = await transform(script, { format, globalName: format === "iife" ? "signalpost" : undefined, logLevel: "silent" });
  const globals = Object.fromEntries(names.filter((name) => name in globalThis).map((name) => [name, globalThis[name]]));
  const module = { exports: {} };
  const context = vm.createContext({ ...globals, module, exports: module.exports });
  vm.runInContext(code, context);
  return { context, signalpost: format === "iife" ? vm.runInContext("signalpost", context) : module.exports };
}

for (const format of ["iife", "cjs"]) {
  test(`a bundle as ${format}, which knows no address of its own, names initialize()`, async () => {
    const { signalpost } = await inRealm([...PAGE, ...NOT_IN_JSDOM], format);
    const client = new signalpost.SignalingClient("ws://localhost/signal", { transport: () => ({ send() {}, close() {} }) });
    const expected = {
      name: "SignalingError",
      code: "load-failed",
      retryable: false,
      detail: "this script does not know its own address: pass the module, or its address, to initialize()",
    };
    for (const act of [() => client.connect(), () => signalpost.initialize()]) assert.deepEqual(await failure(act), expected);
    assert.equal(await failure(() => signalpost.initialize(wasm)), undefined);
  });
}

describe("a realm like jest's with jsdom", () => {
  test("metadata, addresses and bytes of another realm are taken", async () => {
    const { signalpost } = await inRealm([...PAGE, "TextEncoder", "TextDecoder"]);
    const metadata = [{}, { name: "Ada" }, ["ü", "😀", "\ud83d"]];
    for (const given of metadata) new signalpost.SignalingClient("ws://localhost/signal", { metadata: given }).close();
    new signalpost.SignalingClient(new URL("ws://localhost/signal")).close();
    assert.equal(await failure(() => signalpost.initialize(wasm)), undefined);
  });

  test("a compiled module and a response of another realm are taken", async () => {
    for (const source of [() => WebAssembly.compile(wasm), () => new Response(wasm)]) {
      const { signalpost } = await inRealm([...PAGE, "TextEncoder", "TextDecoder"]);
      assert.equal(await failure(() => signalpost.initialize(source())), undefined);
    }
  });

  test("a connection needs no MessageChannel", async () => {
    const { signalpost } = await inRealm([...PAGE, "TextEncoder", "TextDecoder"]);
    await signalpost.initialize(wasm);
    const transport = () => {
      const socket = {
        send: (text) => {
          const { type } = JSON.parse(text);
          if (type === "hello") setTimeout(() => socket.onmessage({ data: JSON.stringify({ type: "welcome", payload: { version: 1 } }) }));
        },
        close: () => {},
      };
      setTimeout(() => socket.onopen({}));
      return socket;
    };
    const client = new signalpost.SignalingClient("ws://localhost/signal", { transport });
    await client.connect({ timeoutMs: 5000 });
    assert.equal(client.state, "connected");
    client.close();
  });

  for (const missing of ["TextEncoder", "TextDecoder", "fetch"]) {
    test(`a missing ${missing} is named`, async () => {
      const { signalpost } = await inRealm([...PAGE, ...NOT_IN_JSDOM].filter((name) => name !== missing));
      const told = await failure(() => signalpost.initialize(missing === "fetch" ? "http://127.0.0.1:1/signalpost_bg.wasm" : wasm));
      assert.deepEqual([told?.name, told?.code, told?.retryable], ["SignalingError", "unsupported", false]);
      assert.match(told.detail, new RegExp(`^there is no ${missing} here: `));
    });
  }
});
