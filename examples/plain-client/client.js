// A Signalpost client in plain JavaScript, written from docs/protocol.md alone: the socket, the rooms and the signs of life.
import { Connection, Emitter } from "./connection.js";

const NEGOTIATION = ["offer", "answer", "ice-candidate", "invite", "reject", "close"];
const random32 = () => crypto.getRandomValues(new Uint32Array(1))[0] || 1;
/** A text of which `<` compares the UTF-8 bytes. */
const bytes = (text) => String.fromCharCode(...new TextEncoder().encode(text));

/** Events: `open`, `down`, `ended`, `connection`, and the protocol's own (`error`, `peer-joined`, `message`, …); `detail` holds the rest. */
export class PlainClient extends Emitter {
  session = random32();
  connections = new Map();
  #key = Array.from({ length: 4 }, () => random32().toString(16).padStart(8, "0")).join("");
  #rooms = new Set();
  #asked = new Map();
  #waiting = [];
  #frames = 0;
  #attempts = 0;
  #ended = false;
  #socket;
  #isOpen = () => this.#socket?.readyState === WebSocket.OPEN;
  #silentSince = 0;
  #questionAt = 0;

  constructor(url, id, { metadata, rtc = {} } = {}) {
    Object.assign(super(), { url, id, metadata, rtc });
    this.#open();
    this.ticking = setInterval(() => this.#tick(), 500);
  }

  /** Enters a room, now and after every reconnect; resolves with `{ peers, cursor }`, those that are in it. */
  join = (room) => this.ask("join", { room });
  leave = (room) => this.ask("leave", { room });
  /** The connection to a peer, begun if there is none. */
  connect = (peer) => this.connections.get(peer) ?? this.#create(peer);

  close() {
    for (const connection of this.connections.values()) connection.close();
    this.send("bye");
    this.#end("closed");
  }

  /** A frame that wants no answer; kept until the socket is open. */
  send(type, payload, to, id) {
    const frame = { type, id, to, payload };
    if (this.#isOpen()) this.#write(frame);
    else if (id === undefined && this.#waiting.length < 256) this.#waiting.push(frame);
    return frame;
  }

  /** A frame that wants one: its payload, or an error with its code. Asked again on a new socket. */
  async ask(type, payload) {
    if (type === "join") this.#rooms.add(payload.room);
    if (type === "leave") this.#rooms.delete(payload.room);
    if (this.#ended) throw new Error("closed");
    const frame = this.send(type, payload, undefined, ++this.#frames);
    return new Promise((resolve, reject) => this.#asked.set(frame.id, { frame, resolve, reject }));
  }

  #write(frame) {
    this.#socket.send(JSON.stringify(frame));
    if (frame.type !== "heartbeat-ack" && frame.type !== "bye") this.#silentSince ||= Date.now();
  }

  #open() {
    const socket = new WebSocket(this.url);
    [this.#socket, this.#silentSince, this.#questionAt] = [socket, 0, 0];
    socket.onopen = () => {
      const peer = { id: this.id, session: this.session, metadata: this.metadata };
      this.#write({ type: "hello", payload: { versions: [1, 1], key: this.#key, peer } });
      for (const room of this.#rooms) this.#write({ type: "join", payload: { room } });
      for (const { frame } of this.#asked.values()) this.#write(frame);
      for (const frame of this.#waiting.splice(0)) this.#write(frame);
      for (const connection of this.connections.values()) connection.repeat();
    };
    socket.onmessage = ({ data }) => socket === this.#socket && this.#receive(JSON.parse(data));
    socket.onclose = ({ code }) => socket === this.#socket && this.#lost(code);
  }

  #lost(code) {
    this.#socket.close();
    this.#socket = undefined;
    this.emit("down", code);
    if (code >= 4500) return this.#end(code);
    setTimeout(() => this.#ended || this.#open(), Math.min(250 * 2 ** this.#attempts++, 8000) * (0.5 + Math.random()));
  }

  #end(reason) {
    this.#ended = true;
    clearInterval(this.ticking);
    this.#socket?.close();
    for (const { reject } of this.#asked.values()) reject(new Error("closed"));
    this.emit("ended", reason);
  }

  #tick() {
    const isLong = (since) => since > 0 && this.#isOpen() && Date.now() - since >= 1500;
    if (isLong(this.#questionAt)) return this.#lost(1006);
    if (this.#questionAt > 0 || !isLong(this.#silentSince)) return;
    this.#questionAt = Date.now();
    this.send("heartbeat");
  }

  #receive({ type, from, to, payload: given }) {
    const payload = given ?? {};
    const asked = this.#asked.get(payload.ref);
    this.#asked.delete(payload.ref);
    this.#silentSince = this.#questionAt = 0;
    if (type === "heartbeat") return this.send("heartbeat-ack");
    if (NEGOTIATION.includes(type) && !payload.own) return this.#signal(type, from, payload);
    if (type === "welcome") this.#attempts = 0;
    if (type === "error") asked?.reject(Object.assign(new Error(payload.message), payload));
    else asked?.resolve(payload);
    this.emit(type === "welcome" ? "open" : type, { from, to, ...payload });
  }

  /** Finds the connection that a message is for. */
  #signal(type, from, payload) {
    const known = this.connections.get(from);
    const { connection, target, session, number } = payload;
    const isForAnother = target != null && target !== known?.connection;
    const isSame = (known, told) => (known ?? told) === (told ?? known);
    const isFromKnown = known && isSame(known.remote, connection) && isSame(known.remoteSession, session);
    if (isForAnother && ["offer", "answer", "invite"].includes(type)) {
      this.send("reject", { connection: known?.connection ?? 0, target: connection, number: number ?? 0, code: "connection-gone" }, from);
    } else if ((type === "offer" || type === "invite") && !isFromKnown) {
      known?.end("the other side started again");
      this.#create(from).receive(type, payload);
    } else if (known && !isForAnother && (isFromKnown || type === "reject" || type === "answer")) {
      known.receive(type, payload);
    }
  }

  #create(peer) {
    const connection = new Connection(this, peer, bytes(this.id) > bytes(peer), random32());
    this.connections.set(peer, connection);
    connection.addEventListener("end", () => this.connections.get(peer) === connection && this.connections.delete(peer));
    this.emit("connection", connection);
    return connection;
  }
}
