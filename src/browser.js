// What the shell asks of the browser, each in the few bytes that JavaScript takes for it. Nothing is decided here. Each class
// tells one function, `heard`, what happens: a kind, two numbers and a value, as its methods say; after `close()` nothing.

const ignore = () => {};

/** Listens, and keeps in `undo` how to stop. */
function listen(undo, target, name, heard) {
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

  /** A connection, or what the browser threw, as text: a bad configuration, no network, too many connections. */
  connect(configuration, heard) {
    try {
      return new Connection(configuration, heard);
    } catch (thrown) {
      return String(thrown);
    }
  },
};

const CONNECTION_STATES = ["new", "connecting", "connected", "disconnected", "failed", "closed"];
const SIGNALING_STATES = ["stable", "have-local-offer", "have-remote-offer"];

/** An `RTCPeerConnection` (W3C WebRTC §4) with the SDK's own data channel, whose id is the same at both ends: nobody waits for it. */
class Connection {
  constructor(configuration, heard) {
    const object = new RTCPeerConnection(configuration);
    const channel = object.createDataChannel("signalpost", { negotiated: true, id: 0 });
    const complete = () => object.iceGatheringState === "complete";
    const on = (target, name, tell) => listen(this.undo, target, name, tell);
    this.undo = [];
    this.object = object;
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

  restartIce() {
    this.object.restartIce();
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
      if (object.signalingState !== "closed") result = method === "createOffer" ? made : object.localDescription;
    } catch (thrown) {
      kind = 7;
      result = String(thrown);
    }
    this.heard(kind, operation, SIGNALING_STATES.indexOf(object.signalingState), result);
  }

  close() {
    this.heard = ignore;
    for (const stop of this.undo) stop();
    this.object.close();
  }
}

/** The sockets (RFC 6455, WHATWG WebSockets), each by its number, or what the application gave in their place. */
export class Sockets {
  /** Heard: 0 open, 1 with a message's data, 2 with the close code; and of which socket. */
  constructor(transport, heard) {
    this.transport = transport;
    this.heard = heard;
    this.all = new Map();
  }

  open(id) {
    // 1006: no close frame was seen (RFC 6455 §7.1.5).
    const over = ({ code }) => {
      this.all.delete(id);
      this.heard(2, code ?? 1006, id);
    };
    try {
      const socket = this.transport();
      this.all.set(id, socket);
      socket.onopen = () => this.heard(0, 0, id);
      socket.onmessage = ({ data }) => this.heard(1, 0, id, data);
      socket.onclose = over;
    } catch {
      over({});
    }
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
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(code);
    } catch {}
  }

  close() {
    for (const id of this.all.keys()) this.end(id, 1000);
  }
}

/**
 * One timer. What is due at once comes with the next macrotask, through a `MessageChannel`: `setTimeout` waits at least 4 ms when
 * nested, and a second in a hidden tab.
 */
export class Timer {
  constructor(heard) {
    const { port1, port2 } = new MessageChannel();
    this.heard = heard;
    this.port = port2;
    this.settings = 0;
    // A macrotask cannot be taken back: only that of the last setting counts.
    port1.onmessage = ({ data }) => data === this.settings && heard(0, 0, 0);
  }

  /** Wakes once after so many milliseconds, and no more as it was set before; negative: never. */
  set(milliseconds) {
    this.settings++;
    clearTimeout(this.timeout);
    if (milliseconds === 0) this.port.postMessage(this.settings);
    if (milliseconds > 0) this.timeout = setTimeout(this.heard, milliseconds, 0, 0, 0);
  }

  close() {
    this.set(-1);
    this.port.close();
  }
}

/**
 * The page and the network. Heard: 0 online, 1 offline, 2 visible, 3 hidden, 4 goes on, 5 frozen, 6 leaves. A worker has no
 * document.
 */
export class Page {
  constructor(global, heard) {
    const { document } = global;
    const on = (target, name, kind) => listen(this.undo, target, name, (event) => heard(kind(event), 0, 0));
    this.undo = [];
    on(global, "online", () => 0);
    on(global, "offline", () => 1);
    on(global, "pagehide", ({ persisted }) => (persisted ? 5 : 6));
    // A page that is loaded shows itself too.
    listen(this.undo, global, "pageshow", ({ persisted }) => persisted && heard(2, 0, 0));
    if (document) {
      on(document, "visibilitychange", () => (document.hidden ? 3 : 2));
      on(document, "freeze", () => 5);
      on(document, "resume", () => 4);
    }
  }

  close() {
    for (const stop of this.undo) stop();
  }
}
