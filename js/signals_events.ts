/** The events `offer` and `answer` of `Signals`. */
export interface SignalsDescriptionEvent extends Event {
  /** The sender's peer id, which the server sets. */
  readonly from: string;
  /** The description, for `setRemoteDescription()`. */
  readonly description: RTCSessionDescriptionInit;
}

/** The event `icecandidate` of `Signals`. */
export interface SignalsCandidateEvent extends Event {
  /** The sender's peer id, which the server sets. */
  readonly from: string;
  /** The candidate, for `addIceCandidate()`; `null` says that there are no more. */
  readonly candidate: RTCIceCandidateInit | null;
}

/** The events of `Signals`, by type. */
export interface SignalsEventMap {
  /** An offer arrived. */
  readonly offer: SignalsDescriptionEvent;
  /** An answer arrived. */
  readonly answer: SignalsDescriptionEvent;
  /** A candidate arrived. */
  readonly icecandidate: SignalsCandidateEvent;
}
