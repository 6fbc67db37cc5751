import { dictionary, oneOf } from "./arguments.js";
import { Belongings } from "./belongings.js";
import { type CallOptions, bounded, promised } from "./call_options.js";
import { SignalingError, invalidArgument } from "./errors.js";
import { emit } from "./events.js";
import type { PeerOutlook } from "./network.js";
import { type PeerStats, peerStats } from "./peer_stats.js";
import type { PeerInfo } from "./peer_info.js";
import { MeasuredEventTarget } from "./quality.js";
import type { RemotePeerEventMap } from "./remote_peer_events.js";

/** How long each phase of a connection took, in milliseconds; `undefined` for a phase that has not happened. */
export interface Timeline {
  /** The lookup that found the peer (`join()` or `findPeers()`). It came before the start of the connection, so no other phase includes it. */
  readonly discovery: number | undefined;
  /** From the start until the offer was sent or arrived. */
  readonly offer: number | undefined;
  /** From the start until the answer was sent or arrived. */
  readonly answer: number | undefined;
  /** From the start until the other side's first candidate arrived. */
  readonly firstCandidate: number | undefined;
  /** From the start until `connectionState` was `"connected"`. */
  readonly pair: number | undefined;
  /** From the start until data could flow. */
  readonly open: number | undefined;
  /** The last 16 times that a lost path was restored, the oldest first. */
  readonly recoveries: readonly Recovery[];
}

/** How a lost path was restored. */
export interface Recovery {
  /** From the state `"disconnected"` until data flowed again, in milliseconds. */
  readonly ms: number;
  /** Whether another connection took the place of the one that was lost. */
  readonly replaced: boolean;
}

/** The phases as the module knows them. */
type Phases = Omit<Timeline, "recoveries">;

/** Nothing has happened. */
const NOTHING: Phases = {
  discovery: undefined,
  offer: undefined,
  answer: undefined,
  firstCandidate: undefined,
  pair: undefined,
  open: undefined,
};

/** The options of `RemotePeer.send()`. */
export interface SendOptions extends CallOptions {
  /** Whether the promise waits until the other side's client has the message, and not only its queue at the server. Default false. */
  readonly receipt?: boolean;
}

/** @internal The calls of a peer to its client. */
export interface PeerCalls {
  connect(options: CallOptions | undefined): Promise<void>;
  send(data: unknown, receipt: boolean, options: CallOptions | undefined): Promise<void>;
  restartIce(): void;
  close(): void;
  /** `undefined` where the module has no connection. */
  timeline(): Phases | undefined;
  outlook(): PeerOutlook | undefined;
  info(): PeerInfo | undefined;
}

/** @internal How long `connect()` may take. */
export const CONNECT_PEER_MS = 15_000;

/** The most recoveries that are kept. */
const MAX_RECOVERIES = 16;

/** The connection to one other peer. There is no initiator: either side may connect, or both at once. */
export class RemotePeer extends MeasuredEventTarget<RemotePeerEventMap> {
  readonly #calls: PeerCalls;
  #state: RTCPeerConnectionState = "new";
  #timeline = NOTHING;
  readonly #recoveries: Recovery[] = [];
  /** When the path was lost that is not restored, and whether the connection was replaced since. */
  #lost: { at: number; replaced: boolean } | undefined;
  #info: PeerInfo | undefined;
  #connection: RTCPeerConnection;
  #belongings: Belongings;
  #listening: AbortController;
  /** The sender of the present connection that took each former sender's place. */
  readonly #successors = new WeakMap<RTCRtpSender, RTCRtpSender>();

  /** @internal */
  constructor(
    /** Its peer id. */
    readonly id: string,
    connection: RTCPeerConnection,
    calls: PeerCalls,
  ) {
    super();
    this.#calls = calls;
    this.#info = calls.info();
    this.#note();
    this.#connection = connection;
    this.#listening = new AbortController();
    this.#belongings = new Belongings(connection, this.#listening.signal);
    this.#listen();
  }

  /**
   * The browser's own object, for everything that this class does not offer. Leave its descriptions and candidates to Signalpost. It is another
   * object after the event `replaced`.
   */
  get connection(): RTCPeerConnection {
    return this.#connection;
  }

  /** The newest description of the peer in a list of this client (of a room or of `findPeers()`); `undefined` if no list named the peer. */
  get info(): PeerInfo | undefined {
    this.#info = this.#calls.info() ?? this.#info;
    return this.#info;
  }

  /** The `connectionState` of the connection. It is `"connected"` from the moment when data can flow; browsers report that some milliseconds later. */
  get state(): RTCPeerConnectionState {
    return this.#state;
  }

  /** What the networks of both ends let expect of the connection, by the newest verdicts. `undefined` before the `connect()` of the client and when the peer is closed. */
  get outlook(): PeerOutlook | undefined {
    return this.#calls.outlook();
  }

  /** How long each phase took so far. */
  get timeline(): Timeline {
    this.#note();
    return { ...this.#timeline, recoveries: [...this.#recoveries] };
  }

  /**
   * Connects to the peer. Resolves when data can flow. Both sides may call it. `timeoutMs` is 15000 by default.
   *
   * @throws {SignalingError} `peer-not-found`, `connection-failed`, `timeout`, `aborted`, `closed`, …
   */
  connect(options?: CallOptions): Promise<void> {
    return promised(() => this.#calls.connect(options));
  }

  /**
   * Sends a track (W3C WebRTC `addTrack`). You may call it at any time, also before `connect()`.
   *
   * @throws {SignalingError} `closed`. Errors of the browser about the track pass through, here and in the methods below.
   */
  addTrack(track: MediaStreamTrack, ...streams: MediaStream[]): RTCRtpSender {
    return this.#live().addTrack(track, ...streams);
  }

  /** Stops sending a track. The sender may be one from before the event `replaced`. */
  removeTrack(sender: RTCRtpSender): void {
    this.#live().removeTrack(this.#present(sender));
  }

  /**
   * Sends another track of the same kind, or nothing, in place of the present one, without a negotiation. The browser may replace
   * the track even if the call is aborted. The sender may be one from before the event `replaced`. Without `timeoutMs` the browser takes the time that it needs.
   */
  replaceTrack(sender: RTCRtpSender, track: MediaStreamTrack | null, options?: CallOptions): Promise<void> {
    return bounded(async () => {
      const present = this.#present(sender);
      if (!this.#live().getSenders().includes(present)) throw invalidArgument("sender is of another connection");
      await present.replaceTrack(track);
    }, options);
  }

  /** Adds a transceiver (W3C WebRTC `addTransceiver`) with its direction, streams and encodings. */
  addTransceiver(trackOrKind: MediaStreamTrack | string, init?: RTCRtpTransceiverInit): RTCRtpTransceiver {
    return this.#live().addTransceiver(trackOrKind, init);
  }

  /**
   * Creates a data channel. Negotiated channels may use any id except 0; once connected, use ids from 100 on. The channel is reliable and
   * ordered unless `ordered`, `maxRetransmits` or `maxPacketLifeTime` say otherwise.
   */
  createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
    return this.#live().createDataChannel(label, options);
  }

  /** Returns the present statistics of the connection. Without `timeoutMs` the browser takes the time that it needs. */
  stats(options?: CallOptions): Promise<PeerStats> {
    return bounded(async () => peerStats(this.#live()), options);
  }

  /**
   * Sends a message through the server, whether the peers are connected or not. Use it for small and rare messages. The other side gets
   * the message once and in order, even over lost links, as long as both sessions live. It is a `message` event of the other client, and of
   * its `RemotePeer` if it has one. Resolves when the message is in the other side's queue at the server, or with `receipt` when the other side has it.
   * `timeoutMs` is 150000 by default: the time that a lost link may need to come back.
   *
   * @param data Any value that JSON can hold in 4096 bytes. The method refuses a value that JSON would change.
   * @throws {SignalingError} `peer-not-found`, `rate-limited`, `message-too-large`, `peer-busy`, `link-lost` (the session
   * ended, and the message may have arrived), `outbox-full`, `timeout`, `aborted`, `invalid-argument`, `closed`
   */
  send(data: unknown, options?: SendOptions): Promise<void> {
    return promised(async () => {
      const { receipt } = dictionary("options", options);
      await this.#calls.send(data, oneOf("receipt", receipt, [false, true]), options);
    });
  }

  /** Restarts ICE (RFC 8445 §9): looks for a new path and closes nothing. */
  restartIce(): void {
    this.#calls.restartIce();
  }

  /** Closes the connection and tells the other side. */
  close(): void {
    this.#calls.close();
  }

  /** Closes the peer; `using peer = client.peer(…)` calls this at the end of the block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal Closes the peer for the application: `state` is `"closed"` at once, and the event follows those that came before. */
  end(): void {
    this.#note();
    this.#state = "closed";
  }

  /** @internal */
  changed(state: RTCPeerConnectionState, reason: string): void {
    // A change from before the application closed the peer does not count any more.
    if (this.#state === "closed" && state !== "closed") return;
    this.#state = state;
    if (state === "disconnected") this.#lost ??= { at: performance.now(), replaced: false };
    if (state === "connected" && this.#lost) {
      const { at, replaced } = this.#lost;
      this.#lost = undefined;
      this.#recoveries.push({ ms: performance.now() - at, replaced });
      this.#recoveries.splice(0, this.#recoveries.length - MAX_RECOVERIES);
    }
    if (state === "closed") this.#listening.abort();
    this.#note();
    emit(this, "statechange", { state, reason });
  }

  /**
   * @internal The module made another connection in the place of the present one, and closes that one afterwards. Whatever the application
   * made is made on the new one now, before anything is negotiated.
   */
  replaced(connection: RTCPeerConnection): void {
    if (this.#state === "closed" || connection === this.#connection) return;
    this.#listening.abort();
    const [previous, before] = [this.#connection, this.#belongings];
    if (this.#lost) this.#lost.replaced = true;
    this.#connection = connection;
    this.#listening = new AbortController();
    this.#belongings = new Belongings(connection, this.#listening.signal);
    const channels = before.carryOver(this.#belongings, this.#successors);
    this.#listen();
    emit(this, "replaced", { connection, previous });
    for (const channel of channels) this.#opened(channel, true);
  }

  /** @internal */
  received(data: unknown): void {
    emit(this, "message", { data });
  }

  /** @internal */
  opened(): void {
    if (this.#state === "closed") return;
    this.#note();
    emit(this, "open");
  }

  #live(): RTCPeerConnection {
    if (this.#state === "closed") throw new SignalingError("closed", false, { peerId: this.id });
    return this.#connection;
  }

  #listen(): void {
    const heard = (event: RTCTrackEvent) => {
      const replaced = this.#belongings.track(event);
      const { receiver, track, transceiver, streams } = event;
      const told = new RTCTrackEvent("track", { receiver, track, transceiver, streams: [...streams] });
      this.dispatchEvent(Object.assign(told, { replaced }));
    };
    this.#connection.addEventListener("track", heard, this.#listening);
    const opened = ({ channel }: RTCDataChannelEvent) => this.#opened(channel, this.#belongings.channel(channel));
    this.#connection.addEventListener("datachannel", opened, this.#listening);
  }

  #opened(channel: RTCDataChannel, replaced: boolean): void {
    this.dispatchEvent(Object.assign(new RTCDataChannelEvent("datachannel", { channel }), { replaced }));
  }

  /** Returns the sender of the present connection that does what this one did. */
  #present(sender: RTCRtpSender): RTCRtpSender {
    const next = this.#successors.get(sender);
    return next ? this.#present(next) : sender;
  }

  /** The module forgets a connection that is closed; what it took can still be read here. */
  #note(): void {
    if (this.#state !== "closed") this.#timeline = this.#calls.timeline() ?? NOTHING;
  }

  /** @internal */
  failed(error: SignalingError): void {
    emit(this, "error", { error });
  }
}
