import type { Client as Module } from "#glue";
import { json, text } from "./arguments.js";
import { type CallOptions, callOptions, promised } from "./call_options.js";
import { Calls, type Listed } from "./calls.js";
import type { ClientState, SignalingClientEventMap } from "./client_events.js";
import { EarlyConnections } from "./early_connections.js";
import { SignalingError, internal, invalidArgument } from "./errors.js";
import { TypedEventTarget, emit } from "./events.js";
import { type Parts, handler } from "./handler.js";
import { startWebRtc } from "./head_start.js";
import { IceServers } from "./ice_servers.js";
import type { Identity } from "./identity.js";
import { type Instance, enter } from "./instance.js";
import { KnownPeers } from "./known_peers.js";
import { ROOM_NAME_BYTES } from "./limits.js";
import { load } from "./load.js";
import { type SignalingClientOptions, settings } from "./options.js";
import { type NetworkVerdict, peerOutlook, serverUrls } from "./network.js";
import type { PeerPage, PeerQuery } from "./peer_info.js";
import { checkQuery } from "./peer_query.js";
import { Peers } from "./peers.js";
import { CONNECT_PEER_MS, RemotePeer } from "./remote_peer.js";
import type { Room } from "./room.js";
import { Rooms } from "./rooms.js";
import { Signals } from "./signals.js";
import { SocketOpener } from "./socket_opener.js";

/** How long `connect()` may take, and any other call that waits for the module to be loaded. */
const CONNECT_MS = 20_000;

/** Calls the function of the module that starts a call; `left`: how many milliseconds it may take, where the application says so. */
type Begin = (module: Module, call: number, left: number | undefined) => void;

/** A client of one signaling server. It does nothing before `connect()`. */
export class SignalingClient extends TypedEventTarget<SignalingClientEventMap> {
  /** Signaling for your own `RTCPeerConnection`. */
  readonly signals: Signals = new Signals({
    offer: (to, sdp, options) => this.#send((module, call) => module.sendOffer(call, to, sdp), options),
    answer: (to, sdp, options) => this.#send((module, call) => module.sendAnswer(call, to, sdp), options),
    candidate: (to, candidate, options) => this.#send((module, call) => module.sendCandidate(call, to, candidate), options),
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
      await this.#limited(
        (module, call) => module.join(call, name),
        options,
        ({ peers }) => take(this.#known.note(peers)),
      );
    },
    leave: (name, options) => this.#send((module, call) => module.leave(call, name), options),
    broadcast: (name, text, options) => this.#send((module, call) => module.broadcast(call, name, text), options),
  });
  readonly #known = new KnownPeers();
  readonly #configuration: RTCConfiguration;
  readonly #early: EarlyConnections;
  readonly #iceServers: IceServers;
  #instance: Instance | undefined;
  #module: Module | undefined;
  #loading: Promise<void> | undefined;
  #state: ClientState = "idle";
  #network: NetworkVerdict | undefined;

  /**
   * @param url The server's endpoint: `ws:`, `wss:`, `http:`, `https:`, or relative to the page. You may pass a relative one
   * without a page too, on a server that renders pages, but `connect()` needs the page.
   * @throws {SignalingError} `invalid-argument`; the message names the option, its value and the values that are allowed.
   */
  constructor(url: string | URL, options?: SignalingClientOptions) {
    super();
    const { endpoint, transport, identity, peer, configuration, iceServers, timing, traced } = settings(url, options);
    this.#identity = identity;
    this.#configuration = configuration;
    this.#early = new EarlyConnections(configuration);
    this.#iceServers = new IceServers(iceServers, configuration, {
      connections: () => this.#peers.all.map(({ connection }) => connection),
      failed: (error) => emit(this, "error", { error }),
      changed: () => this.#tell(() => this.#servers()),
    });
    this.#opener = new SocketOpener(transport, endpoint, this.#refused);
    const parts: Parts = {
      client: this,
      calls: this.#calls,
      peers: this.#peers,
      rooms: this.#rooms,
      known: this.#known,
      identity,
      opener: this.#opener,
      early: this.#early,
      iceServers: this.#iceServers,
      changed: (state, reason) => this.#changed(state, reason),
      network: (verdict) => (this.#network = verdict),
    };
    this.#start = (instance) => {
      instance.clients.add(this.#ended);
      this.#instance = instance;
      return this.#guarded(
        () =>
          new instance.Client(
            handler(parts, traced),
            { ...timing, peer: { ...peer, id: identity.id }, key: identity.key, pages: identity.pages },
            configuration,
            endpoint(),
            this.#opener.ofTransport,
          ),
      );
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

  /**
   * How the network of this client maps addresses, and what says so. `undefined` before `connect()`, while it is being found out (within a second), and
   * if `rtc.iceServers` has no STUN or TURN server.
   */
  get network(): NetworkVerdict | undefined {
    return this.#network;
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
          if (left !== undefined) this.#guarded(() => this.#live().connect(call, left));
        },
        (call) => this.#tell((module) => module.cancel(call)),
        signal,
      )
      .finally(() => {
        this.#connecting.delete(waiting);
        if (this.#connecting.size === 0) this.#opener.endEarly();
      });
  }

  /** The module is started, unless nobody waits any more. */
  async #load(call: number): Promise<void> {
    const [instance] = await Promise.all([load(), this.#identity.claim(), this.#iceServers.fresh()]);
    if (!this.#calls.has(call) || this.#module) return;
    this.#module = this.#start(instance);
    this.#servers();
    for (const id of this.#early.peerIds) this.#guarded(() => this.#module?.openPeer(id));
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
      const listed = await this.#limited((module, call) => module.findPeers(call, query), options);
      const peers = this.#known.note(listed.peers);
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
   * You may add tracks, channels and listeners at once, also before the `connect()` of the client.
   *
   * @throws {SignalingError} `connection-unavailable`, `invalid-argument`, `closed`
   */
  peer(id: string): RemotePeer {
    const existing = this.#peers.get(text("id", id));
    if (existing) return existing;
    if (this.#state === "closed") throw new SignalingError("closed");
    if (!globalThis.RTCPeerConnection) {
      throw new SignalingError("connection-unavailable", false, { peerId: id, detail: "this host has no RTCPeerConnection" });
    }
    if (id === this.peerId) throw invalidArgument("a peer cannot connect to itself");
    const module = this.#module;
    const connection = module ? this.#guarded(() => module.openPeer(id)) : this.#early.open(id);
    if (!connection) throw new SignalingError("connection-unavailable", true, { peerId: id });
    const peer = new RemotePeer(id, connection, {
      connect: async (options) => {
        if (peer.state === "closed") throw new SignalingError("closed", false, { peerId: id });
        await this.#call((module, call, left = CONNECT_PEER_MS) => module.connectPeer(call, id, left), options);
      },
      send: (data, receipt, options) => {
        const text = json("data", data);
        return this.#send((module, call) => module.send(call, id, text, receipt), options);
      },
      restartIce: () => {
        if (this.#peers.get(id) === peer) this.#guarded(() => this.#module?.restartIce(id));
      },
      close: () => {
        if (this.#peers.get(id) !== peer) return;
        this.#peers.end(peer);
        if (!this.#endEarly(peer)) this.#tell((module) => module.closePeer(id));
      },
      outlook: () => peerOutlook(this.#guarded(() => this.#module?.outlook(id))),
      timeline: () => this.#guarded(() => this.#module?.timeline(id)),
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
    // From now on the application gets no other event: the module may be on the stack, in the middle of an event.
    this.#state = "closed";
    this.#rooms.clear();
    for (const peer of this.#peers.all) this.#peers.end(peer);
    if (module) {
      this.#tell((module) => module.close());
      this.#module = undefined;
      queueMicrotask(() => module.free());
    } else {
      for (const id of this.#early.peerIds) this.#endEarly(this.#peers.about(id));
      this.#changed("closed", "closed");
    }
    // A call that waits for the module to be loaded.
    this.#calls.fail(new SignalingError("closed"));
  }

  /** Closes the client; `using client = new SignalingClient(…)` calls this at the end of the block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Closes a connection that the module has not taken over. Returns whether it is one. */
  #endEarly(peer: RemotePeer | undefined): boolean {
    if (!peer || !this.#early.take(peer.id)) return false;
    peer.connection.close();
    this.#peers.forget(peer);
    peer.changed("closed", "closed");
    return true;
  }

  /** Tells the module which servers the configuration has. */
  #servers(): void {
    this.#guarded(() => this.#module?.iceServers(serverUrls(this.#configuration)));
  }

  #live(): Module {
    if (this.#state === "closed") throw new SignalingError("closed");
    if (!this.#module) throw new SignalingError("invalid-state", false, { detail: "client.connect() first" });
    return this.#module;
  }

  /**
   * Makes a call of the module; `begin` calls the function that starts it, and is given how many milliseconds are left of `timeoutMs`.
   * After `connect()` was called nothing has to wait for its end.
   */
  async #call(begin: Begin, options?: CallOptions, take?: (listed: Listed) => void): Promise<Listed> {
    const { signal, timeoutMs } = callOptions(options);
    return this.#calls.start(
      (call) => {
        const act = (left: number | undefined) => {
          const module = this.#live();
          this.#guarded(() => begin(module, call, left));
        };
        if (this.#module || !this.#loading) return act(timeoutMs);
        return this.#loaded(call, timeoutMs ?? CONNECT_MS).then((left) => {
          if (left !== undefined) act(timeoutMs && left);
        });
      },
      (call) => this.#tell((module) => module.cancel(call)),
      signal,
      take,
    );
  }

  /** Makes a call whose default time limit is the module's. */
  #limited(begin: Begin, options: CallOptions | undefined, take?: (listed: Listed) => void): Promise<Listed> {
    const act: Begin = (module, call, left) => {
      begin(module, call, left);
      if (left !== undefined) module.limit(call, left);
    };
    return this.#call(act, options, take);
  }

  /** Calls the module, unless there is none. A module that ended (`Instance`) throws, and needs no call. */
  #tell(act: (module: Module) => void): void {
    try {
      if (this.#module) act(this.#module);
    } catch {
      // `#ended` rejects the calls that wait.
    }
  }

  async #send(begin: Begin, options: CallOptions | undefined): Promise<void> {
    await this.#limited(begin, options);
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
      this.#iceServers.close();
    }
    emit(this, "statechange", { state, reason });
  }
}
