import type { Client as Module } from "#glue";
import { json, text } from "./arguments.js";
import { Ask } from "./ask.js";
import { type CallOptions, callOptions, promised } from "./call_options.js";
import { Calls, type Listed } from "./calls.js";
import type { ClientState, SignalingClientEventMap } from "./client_events.js";
import { SignalingError, internal, invalidArgument } from "./errors.js";
import { TypedEventTarget, emit } from "./events.js";
import { startWebRtc } from "./head_start.js";
import type { Identity } from "./identity.js";
import type { Instance } from "./instance.js";
import { KnownPeers } from "./known_peers.js";
import { ROOM_NAME_BYTES } from "./limits.js";
import { load } from "./load.js";
import { type SignalingClientOptions, settings } from "./options.js";
import { type PeerInfo, type PeerPage, type PeerQuery, peerInfo } from "./peer_info.js";
import { checkQuery } from "./peer_query.js";
import { Peers } from "./peers.js";
import { CONNECT_PEER_MS, RemotePeer, timeline } from "./remote_peer.js";
import type { Room } from "./room.js";
import { Rooms } from "./rooms.js";
import { Signals } from "./signals.js";
import { SocketOpener } from "./socket_opener.js";
import { Told, type Telling } from "./told.js";

/** How long `connect()` may take, and any other call that waits for the module to be loaded. */
const CONNECT_MS = 20_000;

/** A client of one signaling server. It does nothing before `connect()`. */
export class SignalingClient extends TypedEventTarget<SignalingClientEventMap> {
  /** Signaling for your own `RTCPeerConnection`. */
  readonly signals: Signals = new Signals({
    description: (to, isOffer, sdp, options) => this.#send(isOffer ? Ask.Offer : Ask.Answer, to, sdp, options),
    candidate: (to, candidate, options) => this.#send(Ask.Candidate, to, candidate, options),
  });
  readonly #identity: Identity;
  readonly #opener: SocketOpener;
  readonly #start: (instance: Instance) => Module;
  readonly #calls = new Calls();
  /** The numbers of the calls of `connect()` that wait. */
  readonly #connecting = new Set<number>();
  readonly #peers = new Peers();
  readonly #rooms = new Rooms({
    join: async (name, options, take) => {
      await this.#ask(Ask.Join, name, undefined, options, ({ peers }) => take(this.#noted(peers)));
    },
    leave: (name, options) => this.#send(Ask.Leave, name, undefined, options),
    broadcast: (name, text, options) => this.#send(Ask.Broadcast, name, text, options),
  });
  readonly #known = new KnownPeers();
  #instance: Instance | undefined;
  #module: Module | undefined;
  #loading: Promise<void> | undefined;
  #state: ClientState = "idle";

  /**
   * @param url The server's endpoint: `ws:`, `wss:`, `http:`, `https:`, or relative to the page. You may pass a relative one
   * without a page too, on a server that renders pages, but `connect()` needs the page.
   * @throws {SignalingError} `invalid-argument`; the message names the option, its value and the values that are allowed.
   */
  constructor(url: string | URL, options?: SignalingClientOptions) {
    super();
    const { endpoint, transport, identity, peer, configuration, numbers } = settings(url, options);
    this.#identity = identity;
    this.#opener = new SocketOpener(transport, endpoint, this.#refused);
    this.#start = (instance) => {
      instance.clients.add(this.#ended);
      this.#instance = instance;
      return this.#guarded(() => {
        const module: Module = new instance.Client({
          transport: this.#opener.open,
          key: identity.key,
          peer: { ...peer, id: identity.id },
          configuration,
          handler: this.#handler(),
          heard: (...all: Parameters<Module["hear"]>) => module.hear(...all),
          global: globalThis,
          numbers: [...numbers, identity.pages],
        });
        return module;
      });
    };
  }

  /** The own peer id. If `session.storage` is `"tab"` and a duplicated tab already has the id, it is another one from the end of `connect()` on. */
  get peerId(): string {
    return this.#identity.id;
  }

  /** The state of the link to the server. */
  get state(): ClientState {
    return this.#state;
  }

  /** The remote peers to which there are connections. */
  get remotePeers(): readonly RemotePeer[] {
    return this.#peers.all;
  }

  /**
   * Loads the module if it is not loaded, connects and registers. The client restores a link that is lost later by
   * itself. A second call while the client is connecting or connected waits for the same result. `timeoutMs` is 20000 by default.
   *
   * @throws {SignalingError} `server-unreachable`, `socket-unavailable`, `server-full`, `timeout`, `aborted`, `peer-id-taken`, `upgrade-required`,
   * `load-failed`, `closed`, …
   */
  connect(options?: CallOptions): Promise<void> {
    return promised(() => this.#connect(options));
  }

  async #connect(options?: CallOptions): Promise<void> {
    const { signal, timeoutMs = CONNECT_MS } = callOptions(options);
    if (this.#state === "closed") throw new SignalingError("closed");
    let waiting = 0;
    await this.#calls
      .start(
        async (call) => {
          waiting = call;
          this.#connecting.add(call);
          if (!this.#module) this.#opener.beginEarly();
          this.#loading = this.#load(call);
          startWebRtc();
          const left = await this.#loaded(call, timeoutMs);
          // Nothing is begun for a call that was aborted meanwhile, or a client that was closed.
          if (left !== undefined) this.#guarded(() => this.#live().command(Ask.Connect, call, left, "", undefined));
        },
        (call) => this.#tell(Ask.Cancel, call),
        signal,
      )
      .finally(() => {
        this.#connecting.delete(waiting);
        if (this.#connecting.size === 0) this.#opener.endEarly();
      });
  }

  /** The module is started, unless nobody waits any more. */
  async #load(call: number): Promise<void> {
    const [instance] = await Promise.all([load(), this.#identity.claim()]);
    if (this.#calls.has(call)) this.#module ??= this.#start(instance);
  }

  /** Waits for the module, but not for longer than this; answers how much of the time is left, unless the call has ended meanwhile. */
  async #loaded(call: number, milliseconds: number): Promise<number | undefined> {
    const began = performance.now();
    const late = () => this.#calls.reject(call, new SignalingError("timeout", true, { detail: "load-failed" }));
    const timer = setTimeout(late, milliseconds);
    await this.#loading?.finally(() => clearTimeout(timer));
    return this.#calls.has(call) ? Math.max(0, milliseconds - (performance.now() - began)) : undefined;
  }

  /**
   * Looks for peers. `timeoutMs` is 15000 by default.
   *
   * @throws {SignalingError} `timeout`, `aborted`, `outbox-full`, `invalid-argument`, `invalid-state` before `connect()`, `closed`
   */
  findPeers(query: PeerQuery = {}, options?: CallOptions): Promise<PeerPage> {
    return promised(async () => {
      checkQuery(query);
      const listed = await this.#ask(Ask.FindPeers, "", query, options);
      const peers = this.#noted(listed.peers);
      return listed.cursor === undefined ? { peers } : { peers, cursor: listed.cursor };
    });
  }

  /**
   * Enters a room. Resolves when the list of its members is complete. `timeoutMs` is 15000 by default.
   *
   * @throws {SignalingError} `rate-limited`, `too-many-rooms`, `server-full`, `timeout`, `aborted`, `outbox-full`, `invalid-argument`,
   * `invalid-state` before `connect()`, `closed`
   */
  join(name: string, options?: CallOptions): Promise<Room> {
    return promised(async () => this.#rooms.join(text("name", name, ROOM_NAME_BYTES), options));
  }

  /**
   * Returns the connection to a peer, and creates it if there is none. The client sends nothing before its `connect()`.
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
    const connection: RTCPeerConnection | undefined = this.#guarded(() => module.command(Ask.OpenPeer, 0, 0, id, undefined));
    if (!connection) {
      throw id === this.peerId
        ? invalidArgument("a peer cannot connect to itself")
        : new SignalingError("connection-unavailable", true, { peerId: id });
    }
    const ask = (what: Ask) => this.#peers.get(id) === peer && this.#guarded(() => module.command(what, 0, 0, id, undefined));
    const peer = new RemotePeer(id, connection, {
      connect: async (options) => {
        if (peer.state === "closed") throw new SignalingError("closed", false, { peerId: id });
        await this.#call((module, call, left = CONNECT_PEER_MS) => module.command(Ask.ConnectPeer, call, left, id, undefined), options);
      },
      send: (data, receipt, options) => this.#send(Ask.Message, id, json("data", data), options, +receipt),
      restartIce: () => ask(Ask.RestartIce),
      close: () => {
        if (this.#peers.get(id) !== peer) return;
        this.#peers.end(peer);
        this.#tell(Ask.ClosePeer, 0, id);
      },
      timeline: () => timeline((phase) => this.#guarded(() => module.command(Ask.Timeline, 0, phase, id, undefined))),
      info: () => this.#rooms.member(id) ?? this.#known.get(id),
    });
    // The module may have told of it meanwhile.
    this.#peers.add(peer);
    return peer;
  }

  /** Closes the link and every connection, for good. Every pending call rejects with `closed`. */
  close(): void {
    const module = this.#module;
    if (this.#state === "closed") return;
    // From now on nothing else is told: the module may be on the stack, telling the application something.
    this.#state = "closed";
    this.#rooms.clear();
    for (const peer of this.#peers.all) this.#peers.end(peer);
    if (module) {
      this.#tell(Ask.Close, 0);
      this.#module = undefined;
      queueMicrotask(() => module.free());
    } else {
      this.#changed("closed", "closed");
    }
    // A call that waits for the module to be loaded.
    this.#calls.fail(new SignalingError("closed"));
  }

  /** Closes the client; `using client = new SignalingClient(…)` calls this at the end of the block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #live(): Module {
    if (this.#state === "closed") throw new SignalingError("closed");
    if (!this.#module) throw new SignalingError("invalid-state", false, { detail: "client.connect() first" });
    return this.#module;
  }

  /**
   * Calls the module for a promise. `act` is given how many milliseconds are left of `timeoutMs`. After `connect()` was called nothing
   * has to wait for its end.
   */
  async #call(
    act: (module: Module, call: number, left: number | undefined) => void,
    options?: CallOptions,
    take?: (listed: Listed) => void,
  ): Promise<Listed> {
    const { signal, timeoutMs } = callOptions(options);
    return this.#calls.start(
      (call) => {
        const run = (left: number | undefined) => {
          const module = this.#live();
          this.#guarded(() => act(module, call, left));
        };
        if (this.#module || !this.#loading) return run(timeoutMs);
        return this.#loaded(call, timeoutMs ?? CONNECT_MS).then((left) => {
          if (left !== undefined) run(timeoutMs && left);
        });
      },
      (call) => this.#tell(Ask.Cancel, call),
      signal,
      take,
    );
  }

  #ask(
    ask: Ask,
    to: string,
    given: unknown,
    options: CallOptions | undefined,
    take?: (listed: Listed) => void,
    receipt = 0,
  ): Promise<Listed> {
    const act = (module: Module, call: number, left: number | undefined) => {
      module.command(ask, call, receipt, to, given);
      if (left !== undefined) module.command(Ask.Limit, call, left, "", undefined);
    };
    return this.#call(act, options, take);
  }

  /** A module that ended (`Instance`) needs to be told nothing. */
  #tell(ask: Ask, call: number, to = ""): void {
    try {
      this.#module?.command(ask, call, 0, to, undefined);
    } catch {
      // Whoever waits is told by `#ended`.
    }
  }

  async #send(ask: Ask, to: string, given: unknown, options: CallOptions | undefined, receipt = 0): Promise<void> {
    await this.#ask(ask, to, given, options, undefined, receipt);
  }

  /** The entries of a list, which are remembered. */
  #noted(listed: readonly object[]): readonly PeerInfo[] {
    const peers = listed.map(peerInfo);
    this.#known.note(peers);
    return peers;
  }

  /** What the module throws is the caller's mistake, unless it ended (`Instance`). */
  #guarded<T>(act: () => T): T {
    try {
      return act();
    } catch (thrown) {
      const over = this.#instance?.over;
      throw over ? internal(over.cause) : invalidArgument(thrown);
    }
  }

  /** A transport answered what is no socket: nothing is tried again for the calls of `connect()` that wait. */
  readonly #refused = (error: unknown): void => {
    if (this.#connecting.size === 0) queueMicrotask(() => emit(this, "error", { error }));
    for (const call of this.#connecting) {
      this.#calls.reject(call, error as SignalingError);
      this.#tell(Ask.Cancel, call);
    }
  };

  /** The instance of the module ended, and all that it held is closed. */
  readonly #ended = (cause: unknown): void => {
    const error = internal(cause);
    const peers = this.#peers.clear();
    this.#state = "closed";
    this.#module = undefined;
    this.#rooms.clear();
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

  #handler(): Record<Told, Telling> {
    return {
      [Told.Resolved]: (call, peers, cursor) =>
        this.#calls.resolve(call, { peers: peers ? JSON.parse(peers) : [], cursor: cursor || undefined }),
      [Told.Rejected]: (call, code, detail, retryable) => {
        const cause = code === "socket-unavailable" || code === "server-unreachable" ? this.#opener.thrown : undefined;
        this.#calls.reject(call, new SignalingError(code, !!retryable, detail ? { detail } : {}, cause));
      },
      [Told.State]: (_, state, reason) => this.#changed(state as ClientState, reason),
      [Told.Error]: (retryable, peerId, code, detail) => {
        const error = new SignalingError(code, !!retryable, { ...(peerId && { peerId }), ...(detail && { detail }) });
        this.#peers.about(peerId)?.failed(error);
        emit(this, "error", { error });
      },
      [Told.PeersJoined]: (_, room, peers) => {
        for (const peer of this.#noted(JSON.parse(peers))) this.#rooms.get(room)?.joined(peer);
      },
      [Told.PeerChanged]: (how, room, peer, reason) =>
        this.#rooms.get(room)?.changed(peer, (["peerleave", "peeraway", "peerback"] as const)[how]!, reason),
      [Told.Message]: (_, from, room, text) => {
        let data: unknown;
        try {
          data = JSON.parse(text);
        } catch (cause) {
          const error = new SignalingError("invalid-message", false, { peerId: from, detail: "a message is not JSON" }, cause);
          return emit(this, "error", { error });
        }
        if (room) return this.#rooms.get(room)?.received(from, data);
        this.#peers.get(from)?.received(data);
        emit(this, "message", { from, data });
      },
      [Told.Description]: (_, from, type, sdp) => this.signals.described(from, type, sdp),
      [Told.Candidates]: (end, from, found) => this.signals.found(from, JSON.parse(found), !!end),
      [Told.Peer]: (_, id) => {
        // Nothing may be thrown into the module.
        try {
          emit(this, "peer", { peer: this.peer(id) });
        } catch (error) {
          // The module itself tells of a connection that cannot be made.
          if ((error as SignalingError).code !== "connection-unavailable") emit(this, "error", { error });
        }
      },
      [Told.PeerState]: (_, id, state, reason) => {
        const peer = this.#peers.about(id);
        if (state === "closed") this.#peers.forget(peer);
        peer?.changed(state as RTCPeerConnectionState, reason);
      },
      [Told.PeerOpen]: (_, id) => this.#peers.about(id)?.opened(),
      [Told.Resumed]: (resumed, reason) => emit(this, "resume", { resumed: !!resumed, reason }),
      [Told.Key]: (_, key) => this.#identity.save(key),
    };
  }
}
