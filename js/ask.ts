/**
 * @internal What a client asks of the module: the first argument of its `command`. The others are the call's number, a
 * time-out in milliseconds, the peer or the room, and what is given.
 */
export const enum Ask {
  /** With the time-out. */
  Connect,
  Close,
  Cancel,
  Join,
  Leave,
  /** Given: a `PeerQuery`. */
  FindPeers,
  /** Given, as for a broadcast: the JSON text. 1 in place of the time-out: with a receipt. */
  Message,
  Broadcast,
  /** Given, as for an answer: the session description. */
  Offer,
  Answer,
  /** Given: an `RTCIceCandidateInit`, or `null` for the end. */
  Candidate,
  /** Returns the connection; `undefined` when the browser cannot make one. */
  OpenPeer,
  /** With the time-out. */
  ConnectPeer,
  RestartIce,
  ClosePeer,
  /** Returns the milliseconds of a phase, whose number stands in place of the time-out; `undefined` if it has not happened. */
  Timeline,
  /** Gives the call another time limit than the core's own: with the time-out. */
  Limit,
}
