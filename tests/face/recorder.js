// Takes the place of signalpost.js in the end-to-end tests and passes everything on. It writes to the console, once for each page, what
// the page uses of the public face, and the harness keeps it (tests/harness/face.mjs).
import * as plain from "./signalpost_plain.js";
export * from "./signalpost_plain.js";

/** The methods of each class; package.mjs fills them in. */
const METHODS = {};
const MARK = "signalpost-face";

/** One set for the page, however many copies of this script it loads. */
globalThis[Symbol.for(MARK)] ??= new Set();
const noted = globalThis[Symbol.for(MARK)];
function note(kind, name) {
  const entry = `${kind} ${name}`;
  if (noted.has(entry)) return;
  noted.add(entry);
  console.debug(`${MARK} ${entry}`);
}

const isPlain = (value) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  // The object may be of another realm: its `Object.prototype` is not the one of this script.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};

function noteOptions(way, value) {
  if (!isPlain(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    note("option", `${way}${key}`);
    if (typeof inner === "string" && inner.length < 32) note("option", `${way}${key}=${inner}`);
    noteOptions(`${way}${key}.`, inner);
  }
}

/** Notes a call that ended: a method counts when it succeeded, an option unless it was refused. */
function noteCall(name, given, error) {
  if (error === undefined) note("method", name);
  else if (error?.name === "SignalingError") note("code", error.code);
  if (error?.code === "invalid-argument") return;
  for (const [at, value] of given.entries()) noteOptions(`${name} ${at} `, value);
}

/** How many calls of the package are running: a call that the package makes itself does not count as one of the page. */
let depth = 0;
function recorded(name, inner, made = (value) => value) {
  return function (...given) {
    if (depth > 0) return made(inner.apply(this, given));
    depth += 1;
    let value;
    try {
      value = inner.apply(this, given);
    } catch (error) {
      noteCall(name, given, error);
      throw error;
    } finally {
      depth -= 1;
    }
    if (value instanceof Promise) {
      value.then(
        (settled) => {
          made(settled);
          noteCall(name, given);
        },
        (error) => noteCall(name, given, error),
      );
    } else {
      made(value);
      noteCall(name, given);
    }
    return value;
  };
}

/** The event types for which each target ever had a listener. */
const asked = new WeakMap();
const watched = new WeakSet();

/** Watches all objects of a class, from the moment at which a page gets the first. */
function watch(object, name) {
  const prototype = object && Object.getPrototypeOf(object);
  if (!prototype || watched.has(prototype)) return object;
  watched.add(prototype);
  const { addEventListener, dispatchEvent } = prototype;
  prototype.addEventListener = function (type, listener, options) {
    if (!asked.has(this)) asked.set(this, new Set());
    asked.get(this).add(type);
    return addEventListener.call(this, type, listener, options);
  };
  prototype.dispatchEvent = function (event) {
    if (name === "SignalingClient" && event.type === "peer") watch(event.peer, "RemotePeer");
    if (asked.get(this)?.has(event.type)) {
      note("event", `${name}:${event.type}`);
      if (event.error?.code) note("code", event.error.code);
      if (event.type === "statechange" && event.reason) note("code", event.reason);
    }
    return dispatchEvent.call(this, event);
  };
  for (const method of METHODS[name]) {
    const key = method === "[Symbol.dispose]" ? Symbol.dispose : method;
    const inner = key === undefined ? undefined : prototype[key];
    if (inner === undefined) continue;
    const made = { peer: "RemotePeer", join: "Room" }[method];
    prototype[key] = recorded(`${name}.${method}`, inner, made && ((value) => watch(value, made)));
  }
  return object;
}

export const SignalingClient = new Proxy(plain.SignalingClient, {
  construct(_, given, target) {
    depth += 1;
    let client;
    try {
      client = Reflect.construct(plain.SignalingClient, given, target);
    } catch (error) {
      noteCall("SignalingClient.constructor", given, error);
      throw error;
    } finally {
      depth -= 1;
    }
    noteCall("SignalingClient.constructor", given);
    if (METHODS.Signals) watch(client.signals, "Signals");
    return watch(client, "SignalingClient");
  },
});
export const initialize = recorded("initialize", plain.initialize);
