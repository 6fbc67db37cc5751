import { dictionary, oneOf, timeout } from "./arguments.js";
import { promised } from "./calls.js";
import { type ErrorCode, SignalingError, invalidArgument } from "./errors.js";
import { emit } from "./events.js";
import { type PeerStats, peerStats } from "./peer_stats.js";
import { MeasuredEventTarget } from "./quality.js";

/** How long each phase of a connection took, in milliseconds; `undefined` for what has not happened. */
export interface Timeline {
  /** The lookup that found the peer (join or `findPeers`); before the connection began, so not part of the rest. */
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
}

/** Nothing has happened. */
const NOTHING: Timeline = {
  discovery: undefined,
  offer: undefined,
  answer: undefined,
  firstCandidate: undefined,
  pair: undefined,
  open: undefined,
};

/** The events of a `RemotePeer`. */
export interface RemotePeerEvents {
  /** A remote track arrived (W3C WebRTC `track`). */
  readonly track: RTCTrackEvent;
  /** The other side created a data channel. */
  readonly datachannel: RTCDataChannelEvent;
  /**
   * `state` changed. `reason` tells why: `"path-lost"` when it is `"disconnected"` (nothing arrives any more, which may pass),
   * `"connection-failed"` when it is `"failed"` (the path was given up: `restartIce()` looks for another), an error code when it
   * is `"closed"` (`"closed"`: by this side, `"connection-gone"`: by the other), and `""` otherwise.
   */
  readonly statechange: Event & { readonly state: RTCPeerConnectionState; readonly reason: ErrorCode | "path-lost" | "" | (string & {}) };
  /** Data can flow. */
  readonly open: Event;
  /** How the connection does: every 2 s while it is connected and somebody listens to this. */
  readonly quality: Event & { readonly stats: PeerStats };
  /** The other side's `send()`. */
  readonly message: Event & { readonly data: unknown };
  /** Something went wrong that no promise waits for. */
  readonly error: Event & { readonly error: SignalingError };
}

/** How a message is sent. */
export interface SignalOptions {
  /** Wait until the other side's client has it, not only its queue at the server. Default false. */
  readonly receipt?: boolean;
}

/** @internal What a peer asks of its client. */
export interface PeerCalls {
  connect(timeoutMs: number, signal: AbortSignal | undefined): Promise<void>;
  send(data: unknown, receipt: boolean): Promise<void>;
  restartIce(): void;
  close(): void;
  /** `undefined` where the module has no connection. */
  timeline(): Timeline | undefined;
}

/** The connection to one other peer. There is no initiator: either side connects, or both at once. */
export class RemotePeer extends MeasuredEventTarget<RemotePeerEvents> {
  readonly #calls: PeerCalls;
  #state: RTCPeerConnectionState = "new";
  #timeline = NOTHING;
  readonly #listening = new AbortController();

  /** @internal */
  constructor(
    /** Its peer id. */
    readonly id: string,
    /** The browser's own object, as a way out. Leave its descriptions and candidates to Signalpost. */
    readonly connection: RTCPeerConnection,
    calls: PeerCalls,
  ) {
    super();
    this.#calls = calls;
    this.#note();
    const heard = (event: RTCTrackEvent) => {
      this.dispatchEvent(new RTCTrackEvent("track", { ...picked(event), streams: [...event.streams] }));
    };
    connection.addEventListener("track", heard, this.#listening);
    const opened = ({ channel }: RTCDataChannelEvent) => {
      this.dispatchEvent(new RTCDataChannelEvent("datachannel", { channel }));
    };
    connection.addEventListener("datachannel", opened, this.#listening);
  }

  /** `connectionState` of the connection; `"connected"` from the moment when data can flow, which browsers say some milliseconds later. */
  get state(): RTCPeerConnectionState {
    return this.#state;
  }

  /** How long each phase took so far. */
  get timeline(): Timeline {
    this.#note();
    return this.#timeline;
  }

  /**
   * Connects; resolves when data can flow. Both sides may call it.
   *
   * @throws {SignalingError} `peer-not-found`, `connection-failed`, `timeout`, `aborted`, `closed`, …
   */
  connect(options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<void> {
    return promised(async () => {
      const { timeoutMs, signal } = dictionary("options", options);
      await this.#calls.connect(timeout(timeoutMs, 15_000), signal);
    });
  }

  /**
   * Sends a track (W3C WebRTC `addTrack`); may be called at any time, also before `connect()`.
   *
   * @throws {SignalingError} `closed`; what the browser throws about the track passes through, here and below.
   */
  addTrack(track: MediaStreamTrack, ...streams: MediaStream[]): RTCRtpSender {
    return this.#live().addTrack(track, ...streams);
  }

  /** Stops to send a track. */
  removeTrack(sender: RTCRtpSender): void {
    this.#live().removeTrack(sender);
  }

  /** Sends another track of the same kind, or nothing, in place of the present one; nothing is negotiated. */
  async replaceTrack(sender: RTCRtpSender, track: MediaStreamTrack | null): Promise<void> {
    if (!this.#live().getSenders().includes(sender)) throw invalidArgument("sender is of another connection");
    await sender.replaceTrack(track);
  }

  /** Adds a transceiver (W3C WebRTC `addTransceiver`), which sets direction, streams and encodings. */
  addTransceiver(trackOrKind: MediaStreamTrack | string, init?: RTCRtpTransceiverInit): RTCRtpTransceiver {
    return this.#live().addTransceiver(trackOrKind, init);
  }

  /**
   * Creates a data channel; negotiated channels may use any id but 0, from 100 on once connected. Reliable and ordered unless
   * `ordered`, `maxRetransmits` or `maxPacketLifeTime` say otherwise.
   */
  createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
    return this.#live().createDataChannel(label, options);
  }

  /** How the connection does now. */
  async stats(): Promise<PeerStats> {
    return peerStats(this.#live());
  }

  /**
   * Sends a message through the server, connected or not: for small and rare things. The other side gets it once and in
   * order, as a `message` event of its client, and of its `RemotePeer` if it has one; also over lost links, as long as both
   * sessions live. Resolves when it is in the other side's queue at the server, or with `receipt` when the other side has it.
   *
   * @param data Anything that JSON can hold in 4096 bytes; what it would change into something else is refused.
   * @throws {SignalingError} `peer-not-found`, `rate-limited`, `message-too-large`, `peer-busy`, `link-lost` (the session
   * ended, and it may have arrived), `outbox-full`, `timeout`, `invalid-argument`, `closed`
   */
  send(data: unknown, options?: SignalOptions): Promise<void> {
    return promised(async () => {
      const { receipt } = dictionary("options", options);
      await this.#calls.send(data, oneOf("receipt", receipt, [false, true]));
    });
  }

  /** Looks for a new path (RFC 8445 §9) without closing anything. */
  restartIce(): void {
    this.#calls.restartIce();
  }

  /** Closes the connection and tells the other side. */
  close(): void {
    this.#calls.close();
  }

  /** `using peer = client.peer(…)` closes it at the end of the block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal The application closes it. That is so at once, and told when the application has heard what came before. */
  end(): void {
    this.#note();
    this.#state = "closed";
  }

  /** @internal */
  changed(state: RTCPeerConnectionState, reason: string): void {
    // What came before the application closed it is not so any more.
    if (this.#state === "closed" && state !== "closed") return;
    this.#state = state;
    if (state === "closed") this.#listening.abort();
    this.#note();
    emit(this, "statechange", { state, reason });
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
    return this.connection;
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

function picked({ receiver, track, transceiver }: RTCTrackEvent): RTCTrackEventInit {
  return { receiver, track, transceiver };
}
