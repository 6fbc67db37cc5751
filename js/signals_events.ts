/** The events `offer` and `answer` of `Signals`. */
export interface SignalsDescriptionEvent extends Event {
  /** The sender's peer id, stamped by the server. */
  readonly from: string;
  /** For `setRemoteDescription()`. */
  readonly description: RTCSessionDescriptionInit;
}

/** The event `icecandidate` of `Signals`. */
export interface SignalsCandidateEvent extends Event {
  /** The sender's peer id, stamped by the server. */
  readonly from: string;
  /** For `addIceCandidate()`; `null`: there are no more. */
  readonly candidate: RTCIceCandidateInit | null;
}

/** The events of `Signals`, by type. */
export interface SignalsEventMap {
  /** A peer offers. */
  readonly offer: SignalsDescriptionEvent;
  /** A peer answers. */
  readonly answer: SignalsDescriptionEvent;
  /** A peer found a candidate. */
  readonly icecandidate: SignalsCandidateEvent;
}
