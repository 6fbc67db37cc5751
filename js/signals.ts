import { dictionary, refuse, text } from "./arguments.js";
import { type CallOptions, promised } from "./call_options.js";
import { TypedEventTarget, emit } from "./events.js";
import type { SignalsEventMap } from "./signals_events.js";

/** @internal The calls to the client. */
export interface SignalCalls {
  offer(to: string, sdp: string, options: CallOptions | undefined): Promise<void>;
  answer(to: string, sdp: string, options: CallOptions | undefined): Promise<void>;
  candidate(to: string, candidate: object | null, options: CallOptions | undefined): Promise<void>;
}

/**
 * Signaling for your own `RTCPeerConnection`. These signals reach only `client.signals` of the receiver, never
 * a `RemotePeer`. Each promise resolves when the signal is in the receiver's queue at the server, and rejects with
 * `peer-not-found`, `peer-busy`, `link-lost` (the signal may have arrived), `outbox-full`, `message-too-large`, `timeout`, `aborted`, … `timeoutMs`
 * is 150000 by default: the time that a lost link may need to come back.
 */
export class Signals extends TypedEventTarget<SignalsEventMap> {
  readonly #calls: SignalCalls;

  /** @internal */
  constructor(calls: SignalCalls) {
    super();
    this.#calls = calls;
  }

  /** Sends an offer. */
  sendOffer(to: string, description: RTCSessionDescriptionInit, options?: CallOptions): Promise<void> {
    return this.#describe(to, "offer", description, options);
  }

  /** Sends an answer. */
  sendAnswer(to: string, description: RTCSessionDescriptionInit, options?: CallOptions): Promise<void> {
    return this.#describe(to, "answer", description, options);
  }

  /**
   * Sends a candidate of the event `icecandidate`. `null`, or a candidate with an empty text, says that there are no more. The client batches
   * candidates. It refuses a candidate that no browser would take, because it cannot be read or names neither `sdpMid` nor `sdpMLineIndex`:
   * the promise rejects with `invalid-candidate`.
   *
   * A browser goes on finding candidates for a peer that is gone, or after this client was closed. So the browser does not report an unhandled
   * rejection with `peer-not-found` or `closed`: the promise of the offer or the answer rejects too.
   */
  sendIceCandidate(to: string, candidate: RTCIceCandidateInit | RTCIceCandidate | null, options?: CallOptions): Promise<void> {
    const send = async () => {
      const init = candidate && "toJSON" in dictionary("candidate", candidate) ? (candidate as RTCIceCandidate).toJSON() : candidate;
      await this.#calls.candidate(text("to", to), init?.candidate ? init : null, options);
    };
    return promised(send, "peer-not-found", "closed");
  }

  #describe(to: string, type: "offer" | "answer", description: RTCSessionDescriptionInit, options: CallOptions | undefined): Promise<void> {
    return promised(async () => {
      const { type: given, sdp } = dictionary("description", description);
      if (given !== type) refuse("description.type", given, `"${type}"`);
      if (typeof sdp !== "string") return refuse("description.sdp", sdp, "a string");
      await this.#calls[type](text("to", to), sdp, options);
    });
  }

  /** @internal */
  described(from: string, type: "offer" | "answer", sdp: string): void {
    emit(this, type, { from, description: { type, sdp } });
  }

  /** @internal */
  found(from: string, candidates: readonly object[], end: boolean): void {
    for (const candidate of end ? [...candidates, null] : candidates) emit(this, "icecandidate", { from, candidate });
  }
}
