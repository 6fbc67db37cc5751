import type { SignalingError } from "./errors.js";
import { TypedEventTarget, emit } from "./events.js";
import { timeout } from "./options.js";

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

/** The events of a `RemotePeer`. */
export interface RemotePeerEvents {
  /** A remote track arrived (W3C WebRTC `track`). */
  readonly track: RTCTrackEvent;
  /** The other side created a data channel. */
  readonly datachannel: RTCDataChannelEvent;
  /** `state` changed; `reason` is an error code where one explains it. */
  readonly statechange: Event & { readonly state: RTCPeerConnectionState; readonly reason: string };
  /** Data can flow. */
  readonly open: Event;
  /** Something went wrong that no promise waits for. */
  readonly error: Event & { readonly error: SignalingError };
}

/** @internal What a peer asks of its client. */
export interface PeerCalls {
  connect(timeoutMs: number, signal: AbortSignal | undefined): Promise<void>;
  restartIce(): void;
  close(): void;
  timeline(): Timeline;
}

/** The connection to one other peer. There is no initiator: either side connects, or both at once. */
export class RemotePeer extends TypedEventTarget<RemotePeerEvents> {
  readonly #calls: PeerCalls;
  #state: RTCPeerConnectionState = "new";
  #timeline!: Timeline;

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
    connection.addEventListener("track", (event) => {
      this.dispatchEvent(new RTCTrackEvent("track", { ...picked(event), streams: [...event.streams] }));
    });
    connection.addEventListener("datachannel", ({ channel }) => {
      this.dispatchEvent(new RTCDataChannelEvent("datachannel", { channel }));
    });
  }

  /** `connectionState` of the connection. */
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
  async connect(options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#calls.connect(timeout(options.timeoutMs, 15_000), options.signal);
  }

  /** Sends a track (W3C WebRTC `addTrack`); may be called at any time, also before `connect()`. */
  addTrack(track: MediaStreamTrack, ...streams: MediaStream[]): RTCRtpSender {
    return this.connection.addTrack(track, ...streams);
  }

  /** Stops to send a track. */
  removeTrack(sender: RTCRtpSender): void {
    this.connection.removeTrack(sender);
  }

  /** Creates a data channel; negotiated channels may use any id but 0. */
  createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
    return this.connection.createDataChannel(label, options);
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

  /** @internal */
  changed(state: RTCPeerConnectionState, reason: string): void {
    this.#state = state;
    this.#note();
    emit(this, "statechange", { state, reason });
  }

  /** @internal */
  opened(): void {
    this.#note();
    emit(this, "open");
  }

  /** The module forgets a connection that is closed; what it took can still be read here. */
  #note(): void {
    if (this.#state !== "closed") this.#timeline = this.#calls.timeline();
  }

  /** @internal */
  failed(error: SignalingError): void {
    emit(this, "error", { error });
  }
}

function picked({ receiver, track, transceiver }: RTCTrackEvent): RTCTrackEventInit {
  return { receiver, track, transceiver };
}
