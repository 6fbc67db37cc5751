// What the shell asks of the browser, each in the few bytes that JavaScript takes for it. Nothing is decided here. Each class
// tells one function, `heard`, what happens: a kind, two numbers and a value, as its methods say; after `close()` nothing.
// `Browser` adds whose it is, and `src/heard.rs` has the kinds.

const ignore = () => {};

/** Listens, and keeps in `undo` how to stop. The global object of Node tells no events. */
function listen(undo, target, name, heard) {
  if (!target.addEventListener) return;
  target.addEventListener(name, heard);
  undo.push(() => target.removeEventListener(name, heard));
}

/** What may throw. Nothing is thrown into the module: what catches there weighs more. */
export const safely = {
  /** What a JSON text says; nothing when it is none. */
  parse(text) {
    try {
      return JSON.parse(text);
    } catch {}
  },

  /** A member; nothing where it cannot be read. */
  member(object, name) {
    try {
      return object[name];
    } catch {}
  },
};

const CONNECTION_STATES = ["new", "connecting", "connected", "disconnected", "failed", "closed"];
const SIGNALING_STATES = ["stable", "have-local-offer", "have-remote-offer"];

/** An `RTCPeerConnection` (W3C WebRTC §4) with the SDK's own data channel, whose id is the same at both ends: nobody waits for it. */
class Connection {
  constructor(configuration, heard) {
    if (!globalThis.RTCPeerConnection) throw "this host has no RTCPeerConnection";
    const object = new RTCPeerConnection(configuration);
    const channel = object.createDataChannel("signalpost", { negotiated: true, id: 0 });
    const complete = () => object.iceGatheringState === "complete";
    const on = (target, name, tell) => listen(this.undo, target, name, tell);
    this.undo = [];
    this.object = object;
    this.channel = channel;
    this.heard = heard;
    on(object, "negotiationneeded", () => heard(0, 0, 0));
    on(object, "icecandidate", ({ candidate }) => {
      // Firefox says the end as "" and then as null, Chromium as null; "" ends one media section.
      if (candidate?.candidate) heard(1, 0, 0, candidate);
      else if (!candidate || complete()) heard(2, 0, 0);
    });
    on(object, "icegatheringstatechange", () => complete() && heard(2, 0, 0));
    on(object, "connectionstatechange", () => heard(3, 0, CONNECTION_STATES.indexOf(object.connectionState)));
    on(channel, "open", () => heard(4, 0, 0));
    on(channel, "close", () => heard(5, 0, 0));
  }

  /**
   * Calls an asynchronous method with a description, a candidate or nothing, or none where `method` is "". Its end is heard as 6
   * with the operation, the signaling state's number and the description that was made or is set, or as 7 with what was thrown.
   */
  async operate(operation, method, type, text) {
    const { object } = this;
    let kind = 6;
    let result;
    try {
      const made = await object[method]?.(type ? { type, sdp: text } : text ? JSON.parse(text) : undefined);
      // After `close()` Firefox throws where a description is asked for.
      if (object.signalingState !== "closed") result = method.startsWith("create") ? made : object.localDescription;
    } catch (thrown) {
      kind = 7;
      result = String(thrown);
    }
    this.heard(kind, operation, SIGNALING_STATES.indexOf(object.signalingState), result);
  }

  /** Sends something. Heard so many milliseconds later: 20 with how many bytes have arrived meanwhile, of whatever kind. */
  async probe(milliseconds) {
    let bytes = 0;
    try {
      const count = async (sign) => (await this.object.getStats()).forEach(({ bytesReceived }) => (bytes += sign * (bytesReceived | 0)));
      await count(-1);
      this.channel.send("");
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      await count(1);
    } catch {}
    this.heard(20, bytes, 0);
  }

  close() {
    this.heard = ignore;
    for (const stop of this.undo) stop();
    this.object.close();
  }
}

/** Nothing is heard of a socket any more. */
function silence(socket) {
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.onerror = ignore;
}

/** Whether a report is about this URL; it may leave the query out. */
const isSame = (url, blocked) => {
  const [mine, theirs] = [url, blocked].map((text) => String(text).replace(/[?#].*/, ""));
  return mine === theirs;
};

/** The sockets (RFC 6455, WHATWG WebSockets), each by its number, or what the application gave in their place. */
class Sockets {
  /** Heard: 9 open, 10 with a message's data, 11 with the close code, 22 with why there is no socket; and of which socket. */
  constructor(transport, global, heard) {
    this.transport = transport;
    this.heard = heard;
    this.all = new Map();
    this.undo = [];
    // Of a document or a worker (Content Security Policy Level 3, §5.5). Of a socket that a policy forbids Chromium tells nothing
    // else, not even `close`; Firefox throws.
    listen(this.undo, global.document ?? global, "securitypolicyviolation", ({ disposition, effectiveDirective, blockedURI }) => {
      if (disposition !== "enforce" || effectiveDirective !== "connect-src") return;
      for (const [id, { url }] of this.all) {
        if (isSame(url, blockedURI)) this.none(id, `the page's Content-Security-Policy forbids ${url} (connect-src)`);
      }
    });
  }

  /** There is none where the transport throws, as `WebSocket` does for a URL that is none. */
  open(id) {
    try {
      const socket = this.transport();
      this.all.set(id, socket);
      socket.onopen = () => {
        socket.onerror = ignore;
        this.heard(9, 0, id);
      };
      socket.onmessage = ({ data }) => this.heard(10, 0, id, data);
      // 1006: no close frame was seen (RFC 6455 §7.1.5).
      socket.onclose = ({ code }) => {
        this.all.delete(id);
        this.heard(11, code ?? 1006, id);
      };
      // Node's WebSocket tells with an error alone that it cannot be opened. The npm package ws throws where nobody listens to errors.
      socket.onerror = () => {
        const { onclose } = socket;
        silence(socket);
        onclose?.({});
      };
    } catch (thrown) {
      this.none(id, String(thrown));
    }
  }

  none(id, why) {
    this.end(id);
    this.heard(22, 0, id, why);
  }

  /** What closes drops it silently, as the standard says. */
  send(id, text) {
    try {
      this.all.get(id).send(text);
    } catch {}
  }

  end(id, code) {
    const socket = this.all.get(id);
    this.all.delete(id);
    try {
      silence(socket);
      socket.close(code);
    } catch {}
  }

  close() {
    for (const stop of this.undo) stop();
    for (const id of this.all.keys()) this.end(id, 1000);
  }
}

/**
 * Calls a function with a number in the next macrotask, through a `MessageChannel` where the host has them: `setTimeout` waits at
 * least 4 ms when nested, and a second in a hidden tab.
 */
class NextTask {
  constructor(run) {
    this.run = run;
    if (!globalThis.MessageChannel) return;
    const { port1, port2 } = new MessageChannel();
    this.port = port2;
    port1.onmessage = ({ data }) => {
      // In Node a port that listens keeps the process alive: no longer than something is to come.
      if (data === this.posted) port1.unref?.();
      this.run(data);
    };
    port1.unref?.();
    this.keepAlive = () => port1.ref?.();
  }

  post(number) {
    if (!this.port) return void setTimeout(() => this.run(number));
    this.posted = number;
    this.keepAlive();
    this.port.postMessage(number);
  }

  close() {
    this.run = ignore;
    this.port?.close();
  }
}

/** One timer. What is due at once comes with the next macrotask. Heard: 12. */
class Timer {
  constructor(heard) {
    this.settings = 0;
    // The wall clock goes on while the machine sleeps; the other may stand still.
    let ahead = Date.now() - performance.now();
    this.wake = () => {
      const jump = ahead - (ahead = Date.now() - performance.now());
      if (Math.abs(jump) > 2000) heard(17, 0, 0);
      heard(12, 0, 0);
    };
    // A macrotask cannot be taken back: only that of the last setting counts.
    this.nextTask = new NextTask((setting) => setting === this.settings && heard(12, 0, 0));
  }

  /**
   * Wakes once after so many milliseconds, and no more as it was set before; negative: never. A page that is seen is woken every 2 s
   * at the latest, to look at the clocks: timers stand still while the machine sleeps.
   */
  set(milliseconds) {
    this.settings++;
    clearTimeout(this.timeout);
    if (milliseconds === 0) this.nextTask.post(this.settings);
    const wait = globalThis.document?.hidden === false ? Math.min(milliseconds, 2000) : milliseconds;
    if (milliseconds > 0) this.timeout = setTimeout(this.wake, wait);
  }

  close() {
    this.set(-1);
    this.nextTask.close();
  }
}

/**
 * The page and the network. Heard: 13 online, 14 offline, 15 visible, 16 hidden, 17 goes on, 18 frozen, 19 leaves, 21 may leave.
 * A worker has no document.
 */
class Page {
  constructor(global, heard) {
    const { document } = global;
    const on = (target, name, kind) => listen(this.undo, target, name, (event) => heard(kind(event), 0, 0));
    this.undo = [];
    on(global, "online", () => 13);
    on(global, "offline", () => 14);
    // Firefox closes the sockets of a page right after this, whether or not the page is left then.
    on(global, "beforeunload", () => 21);
    // A page that may come back is frozen first.
    on(global, "pagehide", ({ persisted }) => (persisted && heard(18, 0, 0), 19));
    // A page that is loaded shows itself too.
    listen(this.undo, global, "pageshow", ({ persisted }) => persisted && heard(15, 0, 0));
    if (document) {
      on(document, "visibilitychange", () => (document.hidden ? 16 : 15));
      on(document, "freeze", () => 18);
      on(document, "resume", () => 17);
    }
  }

  close() {
    for (const stop of this.undo) stop();
  }
}

/** What one client has of the browser. */
export class Browser {
  constructor(settings) {
    const whose = (id) => (what, number, state, value) => this.heard(what, id, number, state, value);
    const own = whose(0);
    this.settings = settings;
    this.whose = whose;
    this.heard = settings.heard;
    this.sockets = new Sockets(settings.transport, settings.global, (what, number, id, value) => this.heard(what, id, number, 0, value));
    this.connections = new Map();
    this.timer = new Timer(own);
    this.page = new Page(settings.global, own);
  }

  /** The numbers are those of `Act` in `src/browser.rs`, which says what they mean. */
  act(what, id, number, a, b, c) {
    const connection = this.connections.get(id);
    switch (what) {
      case 0:
        return this.close();
      case 1:
        return this.settings.handler[id](number, a, b, c);
      case 2:
        return this.timer.set(number);
      case 3:
        return this.sockets.open(id);
      case 4:
        return this.sockets.send(id, a);
      case 5:
        return this.sockets.end(id, number);
      case 6:
        return this.connect(id);
      case 7:
        return connection?.operate(number, a, b, c);
      case 8:
        return connection?.object.restartIce();
      case 9:
        connection?.close();
        return this.connections.delete(id);
      case 10:
        return connection?.probe(number);
    }
    return connection?.object;
  }

  /** Heard where the browser throws: 8 with what, a bad configuration, no network, too many connections. */
  connect(id) {
    const heard = this.whose(id);
    try {
      this.connections.set(id, new Connection(this.settings.configuration, heard));
    } catch (thrown) {
      heard(8, 0, 0, String(thrown));
    }
  }

  close() {
    this.heard = ignore;
    for (const part of [this.timer, this.page, this.sockets, ...this.connections.values()]) part.close();
  }
}
