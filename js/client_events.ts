import type { ErrorCode, SignalingError } from "./errors.js";
import type { LossReason } from "./reasons.js";
import type { RemotePeer } from "./remote_peer.js";

/** The state of a client. */
export type ClientState = "idle" | "connecting" | "connected" | "reconnecting" | "closed";

/** The events of a `SignalingClient`. */
export interface SignalingClientEvents {
  /**
   * `state` changed. `reason` is an error code: for `"reconnecting"` why the link was lost (`"link-lost"`, `"server-unreachable"`,
   * `"peer-id-taken"`, `"sequence-gap"`, or `"offline"`, or `"suspended"`: the page is frozen), for `"idle"` why there is no further attempt
   * (`"timeout"`, `"aborted"`, `"server-unreachable"`, `"socket-unavailable"`, `"server-full"`, `"peer-id-taken"`, `"superseded"`, `"upgrade-required"`), for `"closed"`
   * that it was; otherwise `""`.
   */
  readonly statechange: Event & { readonly state: ClientState; readonly reason: ErrorCode | "offline" | "suspended" | "" | (string & {}) };
  /**
   * The link was lost and is back. `resumed`: with its session, so that nothing was lost, in either direction. Otherwise the session
   * is a new one, `reason` tells why (`"session-expired"`: away for too long, or the server was started anew; `"position-lost"`: the
   * server no longer has all that is missing here; `""`: it is one without sessions), and what was on its way is lost: rooms are
   * entered and negotiations finished anew by themselves, a `peer.send()` or `room.broadcast()` that waited is rejected with `link-lost`.
   */
  readonly resume: Event & { readonly resumed: boolean; readonly reason: LossReason | "" };
  /** A remote peer connected to us: add tracks and listeners to it now. */
  readonly peer: Event & { readonly peer: RemotePeer };
  /** A peer's `peer.send()`; there need not be a `RemotePeer` for it. */
  readonly message: Event & { readonly from: string; readonly data: unknown };
  /** Something went wrong that no promise waits for. */
  readonly error: Event & { readonly error: SignalingError };
}
