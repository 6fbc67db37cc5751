import type { Handler, Client as Module } from "#glue";
import { dictionary, json, text, timeout } from "./arguments.js";
import { Calls, type Listed, promised } from "./calls.js";
import type { ClientState, SignalingClientEvents } from "./client_events.js";
import { SignalingError, internal, invalidArgument, signalingError } from "./errors.js";
import { TypedEventTarget, emit } from "./events.js";
import { type HeadStart, headStart, startWebRtc } from "./head_start.js";
import type { Identity } from "./identity.js";
import { type Instance, enter } from "./instance.js";
import { load } from "./load.js";
import { type SignalingClientOptions, settings } from "./options.js";
import { type PeerPage, type PeerQuery, peerInfo } from "./peer_info.js";
import { checkQuery } from "./peer_query.js";
import { Peers } from "./peers.js";
import { received } from "./received.js";
import { RemotePeer } from "./remote_peer.js";
import { Room } from "./room.js";
import { Signals } from "./signals.js";
import { socketOf, webSocket } from "./transport.js";

/** A client of one signaling server. Nothing happens before `connect()`. */
export class SignalingClient extends TypedEventTarget<SignalingClientEvents> {
  /** Signaling for an `RTCPeerConnection` of one's own. */
  readonly signals: Signals = new Signals({
    offer: (to, sdp) => this.#send((module, call) => module.sendOffer(call, to, sdp)),
    answer: (to, sdp) => this.#send((module, call) => module.sendAnswer(call, to, sdp)),
    candidate: (to, candidate) => this.#send((module, call) => module.sendCandidate(call, to, candidate)),
  });
  readonly #identity: Identity;
  readonly #begin: () => HeadStart | undefined;
  readonly #start: (instance: Instance) => Module;
  readonly #calls = new Calls();
  /** The numbers of the calls of `connect()` that wait. */
  readonly #connecting = new Set<number>();
  readonly #peers = new Peers();
  readonly #rooms = new Map<string, Room>();
  #instance: Instance | undefined;
  #module: Module | undefined;
  #headStart: HeadStart | undefined;
  #loading: Promise<void> | undefined;
  /** What the transport threw, or its promise rejected with, at the last attempt: the module is told a text at most. */
  #thrown: unknown;
  #state: ClientState = "idle";

  /**
   * @param url The server's endpoint: `ws:`, `wss:`, `http:`, `https:`, or relative to the page. A relative one can be given where
   * there is no page too, on a server that renders pages; `connect()` needs the page.
   * @throws {SignalingError} `invalid-argument`; the message names the option, its value and what is allowed.
   */
  constructor(url: string | URL, options?: SignalingClientOptions) {
    super();
    const { endpoint, transport, identity, peer, configuration, timing } = settings(url, options);
    this.#identity = identity;
    this.#begin = () => headStart(transport, endpoint());
    const failed = (reason: unknown) => void (this.#thrown = reason);
    const open = () => {
      failed(undefined);
      return socketOf(transport(endpoint()), this.#refused, failed);
    };
    this.#start = (instance) => {
      instance.clients.add(this.#ended);
      this.#instance = instance;
      return this.#guarded(
        () =>
          new instance.Client(
            this.#handler(),
            {
              ...timing,
              peer: { ...peer, id: identity.id },
              key: identity.key,
              // Each page has room for as many attempts to register.
              attempt: (identity.pages << 16) >>> 0,
            },
            configuration,
            endpoint(),
            transport === webSocket ? undefined : open,
          ),
      );
    };
  }

  /** The own peer id. Where `session.storage` is `"tab"` and a duplicated tab has it already, another from the end of `connect()` on. */
  get peerId(): string {
    return this.#identity.id;
  }

  /** The state of the link to the server. */
  get state(): ClientState {
    return this.#state;
  }

  /** The remote peers that there are connections to. */
  get remotePeers(): readonly RemotePeer[] {
    return this.#peers.all;
  }

  /**
   * Loads the module if it is not loaded, connects and registers. A link that is lost later is regained by
   * itself. Calling it while connecting or connected joins the call before.
   *
   * @throws {SignalingError} `server-unreachable`, `socket-unavailable`, `server-full`, `timeout`, `aborted`, `peer-id-taken`, `upgrade-required`,
   * `load-failed`, `closed`, …
   */
  connect(options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number }): Promise<void> {
    return promised(() => this.#connect(options));
  }

  async #connect(options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number }): Promise<void> {
    const { signal, timeoutMs } = dictionary("options", options);
    const milliseconds = timeout(timeoutMs, 20_000);
    if (this.#state === "closed") throw new SignalingError("closed");
    let waiting = 0;
    await this.#calls
      .start(
        async (call) => {
          this.#connecting.add((waiting = call));
          if (!this.#module) this.#headStart ??= this.#begin();
          const began = performance.now();
          const late = () => this.#calls.reject(call, new SignalingError("timeout", true, { detail: "load-failed" }));
          const timer = setTimeout(late, milliseconds);
          this.#loading = this.#load(call);
          startWebRtc();
          await this.#loading.finally(() => clearTimeout(timer));
          // Nothing is begun for a call that was aborted meanwhile, or a client that was closed.
          if (!this.#calls.has(call)) return;
          const left = Math.max(0, milliseconds - (performance.now() - began));
          this.#guarded(() => this.#live().connect(call, left));
        },
        (call) => this.#tell((module) => module.cancel(call)),
        signal,
      )
      .finally(() => {
        this.#connecting.delete(waiting);
        if (this.#connecting.size > 0) return;
        this.#headStart?.close();
        this.#headStart = undefined;
      });
  }

  /** The module is started, unless nobody waits any more. */
  async #load(call: number): Promise<void> {
    const [instance] = await Promise.all([load(), this.#identity.claim()]);
    if (this.#calls.has(call)) this.#module ??= this.#start(instance);
  }

  /** Looks for peers. */
  findPeers(query: PeerQuery = {}, options?: { readonly signal?: AbortSignal }): Promise<PeerPage> {
    return promised(async () => {
      checkQuery(query);
      const listed = await this.#call((module, call) => module.findPeers(call, query), dictionary("options", options).signal);
      const peers = listed.peers.map(peerInfo);
      return listed.cursor === undefined ? { peers } : { peers, cursor: listed.cursor };
    });
  }

  /** Enters a room; resolves when its list is complete. */
  join(name: string, options?: { readonly signal?: AbortSignal }): Promise<Room> {
    return promised(() => this.#join(name, options));
  }

  async #join(name: string, options?: { readonly signal?: AbortSignal }): Promise<Room> {
    const { signal } = dictionary("options", options);
    let room = this.#rooms.get(text("name", name));
    if (!room) {
      room = new Room(name, {
        leave: () => this.#leave(name),
        broadcast: (data) => {
          const text = json("data", data);
          return this.#send((module, call) => module.broadcast(call, name, text));
        },
      });
      this.#rooms.set(name, room);
    }
    const entered = room;
    entered.holds++;
    try {
      await this.#call(
        (module, call) => module.join(call, name),
        signal,
        ({ peers }) => {
          entered.holds++;
          entered.fill(peers.map(peerInfo));
        },
      );
    } finally {
      // Who is in, or has another call that waits, stays.
      if (!--entered.holds && this.#rooms.get(name) === entered) this.#rooms.delete(name);
    }
    return room;
  }

  /**
   * The connection to a peer, made if there is none. Nothing is sent before its `connect()`.
   *
   * @throws {SignalingError} `invalid-state` before `connect()`, `connection-unavailable`, `invalid-argument`
   */
  peer(id: string): RemotePeer {
    const existing = this.#peers.get(text("id", id));
    if (existing) return existing;
    const module = this.#live();
    if (!globalThis.RTCPeerConnection) {
      throw new SignalingError("connection-unavailable", false, { peerId: id, detail: "this host has no RTCPeerConnection" });
    }
    const connection = this.#guarded(() => module.openPeer(id));
    if (!connection) {
      throw id === this.peerId
        ? invalidArgument("a peer cannot connect to itself")
        : new SignalingError("connection-unavailable", true, { peerId: id });
    }
    const peer = new RemotePeer(id, connection, {
      connect: async (milliseconds, signal) => {
        if (peer.state === "closed") throw new SignalingError("closed", false, { peerId: id });
        await this.#call((module, call) => module.connectPeer(call, id, milliseconds), signal);
      },
      send: (data, receipt) => {
        const text = json("data", data);
        return this.#send((module, call) => module.send(call, id, text, receipt));
      },
      restartIce: () => {
        if (this.#peers.get(id) === peer) this.#guarded(() => module.restartIce(id));
      },
      close: () => {
        if (this.#peers.get(id) !== peer) return;
        this.#peers.end(peer);
        this.#tell((module) => module.closePeer(id));
      },
      timeline: () => this.#guarded(() => module.timeline(id)),
    });
    // The module may have told of it meanwhile.
    this.#peers.add(peer);
    return peer;
  }

  /** Closes the link and every connection, for good. Everything that waits is rejected with `closed`. */
  close(): void {
    const module = this.#module;
    if (this.#state === "closed") return;
    // From now on nothing else is told: the module may be on the stack, telling the application something.
    this.#state = "closed";
    this.#forgetRooms();
    for (const peer of this.#peers.all) this.#peers.end(peer);
    if (module) {
      this.#tell((module) => module.close());
      this.#module = undefined;
      queueMicrotask(() => module.free());
    } else {
      this.#changed("closed", "closed");
    }
    // A call that waits for the module to be loaded.
    this.#calls.fail(new SignalingError("closed"));
  }

  /** `using client = new SignalingClient(…)` closes it at the end of the block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #live(): Module {
    if (this.#state === "closed") throw new SignalingError("closed");
    if (!this.#module) throw new SignalingError("invalid-state", false, { detail: "client.connect() first" });
    return this.#module;
  }

  /** Makes a call of the module; `begin` calls the function that starts it. */
  #call(begin: (module: Module, call: number) => void, signal?: AbortSignal, take?: (listed: Listed) => void): Promise<Listed> {
    return this.#calls.start(
      (call) => {
        const act = () => {
          const module = this.#live();
          this.#guarded(() => begin(module, call));
        };
        // After `connect()` nothing has to wait for its end.
        if (this.#module || !this.#loading) return act();
        return this.#loading.then(() => {
          if (this.#calls.has(call)) act();
        });
      },
      (call) => this.#tell((module) => module.cancel(call)),
      signal,
      take,
    );
  }

  /** A module that ended (`Instance`) needs to be told nothing. */
  #tell(act: (module: Module) => void): void {
    try {
      if (this.#module) act(this.#module);
    } catch {
      // Whoever waits is told by `#ended`.
    }
  }

  async #send(begin: (module: Module, call: number) => void): Promise<void> {
    await this.#call(begin);
  }

  async #leave(name: string): Promise<void> {
    const room = this.#rooms.get(name);
    if (!room) return;
    this.#rooms.delete(name);
    room.left();
    await this.#send((module, call) => module.leave(call, name));
  }

  #forgetRooms(): void {
    for (const room of this.#rooms.values()) room.left();
    this.#rooms.clear();
  }

  #guarded<T>(act: () => T): T {
    return enter(this.#instance, act);
  }

  /** A transport answered what is no socket: nothing is tried again for the calls of `connect()` that wait. */
  readonly #refused = (error: unknown): void => {
    if (this.#connecting.size === 0) queueMicrotask(() => emit(this, "error", { error }));
    for (const call of this.#connecting) {
      this.#calls.reject(call, error as SignalingError);
      this.#tell((module) => module.cancel(call));
    }
  };

  /** The instance of the module ended, and all that it held is closed. */
  readonly #ended = (cause: unknown): void => {
    const error = internal(cause);
    const peers = this.#peers.clear();
    this.#state = "closed";
    this.#module = undefined;
    this.#forgetRooms();
    this.#calls.fail(error);
    for (const peer of peers) peer.changed("closed", error.code);
    this.#changed("closed", error.code);
    emit(this, "error", { error });
  };

  #changed(state: ClientState, reason: string): void {
    if (this.#state === "closed" && state !== "closed") return;
    this.#state = state;
    if (state === "closed") {
      this.#instance?.clients.delete(this.#ended);
      this.#identity.close();
    }
    emit(this, "statechange", { state, reason });
  }

  #handler(): Handler {
    return {
      resolved: (call) => this.#calls.resolve(call, { peers: [], cursor: undefined }),
      listed: (call, peers, cursor) => this.#calls.resolve(call, { peers, cursor }),
      rejected: (call, failure) => this.#calls.reject(call, signalingError(failure, undefined, this.#thrown)),
      stateChanged: (state, reason) => this.#changed(state as ClientState, reason),
      failed: (peerId, failure) => {
        const error = signalingError(failure, peerId);
        if (peerId) this.#peers.about(peerId)?.failed(error);
        emit(this, "error", { error });
      },
      resumed: (resumed, reason) => emit(this, "resume", { resumed, reason }),
      keyChanged: (key) => this.#identity.save(key),
      peerJoined: (room, peer) => this.#rooms.get(room)?.joined(peerInfo(peer)),
      peerAway: (room, peer, reason) => this.#rooms.get(room)?.changed(peer, "peeraway", reason),
      peerBack: (room, peer) => this.#rooms.get(room)?.changed(peer, "peerback", ""),
      peerLeft: (room, peer, reason) => this.#rooms.get(room)?.changed(peer, "peerleave", reason),
      message: (from, text) =>
        received(this, from, text, (data) => {
          this.#peers.get(from)?.received(data);
          emit(this, "message", { from, data });
        }),
      broadcast: (from, room, text) => received(this, from, text, (data) => this.#rooms.get(room)?.received(from, data)),
      offer: (from, sdp) => this.signals.described(from, "offer", sdp),
      answer: (from, sdp) => this.signals.described(from, "answer", sdp),
      candidates: (from, candidates, end) => this.signals.found(from, candidates, end),
      peerConnected: (id) => {
        // Nothing may be thrown into the module.
        try {
          emit(this, "peer", { peer: this.peer(id) });
        } catch (error) {
          // The module itself tells of a connection that cannot be made.
          if ((error as SignalingError).code !== "connection-unavailable") emit(this, "error", { error });
        }
      },
      peerStateChanged: (id, state, reason) => {
        const peer = this.#peers.about(id);
        if (state === "closed") this.#peers.forget(peer);
        peer?.changed(state as RTCPeerConnectionState, reason);
      },
      peerOpened: (id) => this.#peers.about(id)?.opened(),
      takeSocket: () => {
        this.#thrown = undefined;
        return this.#headStart?.take();
      },
      socketFailed: (thrown) => void (this.#thrown = thrown),
    };
  }
}
