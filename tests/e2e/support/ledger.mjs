// What a page has open: listeners, timers, sockets, ports, connections, and what the module holds. Nothing here waits for the
// garbage collector, and nothing that is watched is kept from it.
import { readFileSync } from "node:fs";
import { exportNames } from "../../../tools/optimize.mjs";
import { inject } from "./pages.mjs";

/** In a page, before the package is there: `window.ledger`. */
const LEDGER = (names) => {
  const native = { setTimeout: window.setTimeout.bind(window), clearTimeout: window.clearTimeout.bind(window) };
  const count = {};
  const watched = [Window, Document, WebSocket, MessagePort, AbortSignal, RTCPeerConnection, RTCDataChannel];
  const add = (what, by) => {
    count[what] = (count[what] ?? 0) + by;
    if (count[what] === 0) delete count[what];
  };

  const known = new WeakMap();
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const entry = (target, type, options) => {
    const capture = typeof options === "object" ? Boolean(options?.capture) : Boolean(options);
    const ofTarget = known.get(target) ?? known.set(target, new Map()).get(target);
    const key = `${type} ${capture}`;
    const callbacks = ofTarget.get(key) ?? ofTarget.set(key, new Set()).get(key);
    return { capture, callbacks, what: `${target.constructor.name} listens to ${type}` };
  };
  EventTarget.prototype.addEventListener = function (type, callback, options) {
    const target = this ?? window;
    addEventListener.call(target, type, callback, options);
    const { callbacks, capture, what } = entry(target, type, options);
    if (!watched.some((one) => target instanceof one)) return;
    if (!callback || callbacks.has(callback) || options?.signal?.aborted) return;
    callbacks.add(callback);
    add(what, 1);
    const forget = () => callbacks.delete(callback) && add(what, -1);
    if (options?.signal) addEventListener.call(options.signal, "abort", forget, { once: true });
    if (options?.once) addEventListener.call(target, type, forget, { once: true, capture });
  };
  EventTarget.prototype.removeEventListener = function (type, callback, options) {
    const target = this ?? window;
    removeEventListener.call(target, type, callback, options);
    const { callbacks, what } = entry(target, type, options);
    if (callbacks.delete(callback)) add(what, -1);
  };

  for (const name of ["Timeout", "Interval"]) {
    const [set, clear] = [window[`set${name}`], window[`clear${name}`]];
    const running = new Set();
    const ended = (id) => running.delete(id) && add(name, -1);
    window[`set${name}`] = (act, ms, ...given) => {
      const fire = () => {
        if (name === "Timeout") ended(id);
        act(...given);
      };
      const id = set.call(window, fire, ms);
      running.add(id);
      add(name, 1);
      return id;
    };
    window[`clear${name}`] = (id) => {
      clear.call(window, id);
      ended(id);
    };
  }

  const sockets = [];
  const made = (name, told) => {
    window[name] = new Proxy(window[name], {
      construct(target, given) {
        const object = new target(...given);
        told(object);
        return object;
      },
    });
  };
  // One end of a channel closes the other.
  const ends = new WeakMap();
  for (const Closed of [RTCPeerConnection, MessagePort]) {
    const { close } = Closed.prototype;
    Closed.prototype.close = function (...given) {
      close.apply(this, given);
      const [what] = ends.get(this)?.splice(0) ?? [];
      if (what) add(what, -1);
    };
  }
  const opened = (what, ...objects) => {
    const end = [what];
    for (const object of objects) ends.set(object, end);
    add(what, 1);
  };
  made("RTCPeerConnection", (connection) => opened("RTCPeerConnection", connection));
  made("MessageChannel", ({ port1, port2 }) => opened("MessageChannel", port1, port2));
  made("WebSocket", (socket) => sockets.push(socket));

  const instances = [];
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = async (...given) => {
    const instance = await instantiate.apply(WebAssembly, given);
    instances.push(instance.exports);
    return instance;
  };
  /** The page's objects and functions that the module holds, each as often as it is held. */
  const held = () => {
    const table = instances.at(-1)[names.__wbindgen_externrefs];
    const all = Array.from({ length: table.length }, (_, at) => table.get(at));
    return all.filter((one) => typeof one === "function" || (typeof one === "object" && one !== null));
  };
  let lasting = [];
  /** How many of them the module holds besides those that last. */
  const passing = () => {
    const known = [...lasting];
    return held().filter((one) => {
      const at = known.findIndex((reference) => reference.deref() === one);
      if (at >= 0) known.splice(at, 1);
      return at < 0;
    }).length;
  };

  /** The bytes that the module has allocated, to about a kilobyte: how much less than its memory can still be had. */
  const allocated = (exports) => {
    const [memory, malloc, free] = ["memory", "__wbindgen_malloc", "__wbindgen_free"].map((name) => exports[names[name]]);
    const bytes = memory.buffer.byteLength;
    const size = 256;
    const blocks = [];
    while (memory.buffer.byteLength === bytes) blocks.push(malloc(size, 1));
    for (const block of blocks) free(block, size, 1);
    // With what the allocator adds to each; the last is in memory that was added for it.
    return bytes - (blocks.length - 1) * (blocks.at(-2) - blocks.at(-3));
  };

  window.uncaught = [];
  addEventListener.call(window, "error", ({ message }) => uncaught.push(message));
  addEventListener.call(window, "unhandledrejection", ({ reason }) => uncaught.push(String(reason)));

  const objects = [];
  window.ledger = {
    sleep: (ms) => new Promise((done) => native.setTimeout(done, ms)),
    /** Returns what is open, by name; closed sockets whose callbacks the client did not remove count too. */
    open() {
      const calling = sockets.filter(({ onopen, onmessage, onclose }) => onopen ?? onmessage ?? onclose).length;
      const open = sockets.filter(({ readyState }) => readyState !== WebSocket.CLOSED).length;
      return { ...count, ...(open > 0 && { WebSocket: open }), ...(calling > 0 && { "WebSocket calls": calling }) };
    },
    /** Returns what is open when the last socket is closed, which depends on the server too; everything else does not. */
    async settled() {
      for (const end = performance.now() + 5000; ledger.open().WebSocket && performance.now() < end; ) await ledger.sleep(10);
      return ledger.open();
    },
    /** Watches an object; `kept()` collects garbage, if the browser lets a page do so, and returns how many objects of each class are left. */
    watch: (object) => objects.push(new WeakRef(object)),
    async kept() {
      if (!window.gc) return {};
      await window.gc({ type: "major", execution: "async" });
      const kept = {};
      for (const object of objects) {
        const name = object.deref()?.constructor.name;
        if (name) kept[name] = (kept[name] ?? 0) + 1;
      }
      return kept;
    },
    /** Returns how many sockets there were. */
    sockets: () => sockets.length,
    /** Takes all that the module holds now for what it holds as long as it lives, and returns its classes. */
    lasting() {
      lasting = held().map((one) => new WeakRef(one));
      return held()
        .map((one) => one.constructor.name)
        .sort();
    },
    /** Returns how many instances of the module there were, what the last one has allocated, and how much it holds besides what lasts. */
    module: () => ({ instances: instances.length, bytes: allocated(instances.at(-1)), objects: passing() }),
  };
};

/** Gives the page `window.ledger` and `window.uncaught`; to be called before the package is loaded. */
export const keepLedger = (page) => inject(page, `(${LEDGER})(${readFileSync(exportNames(), "utf8")})`);
