/// <reference lib="esnext.disposable" preserve="true" />
export type { CallOptions } from "./call_options.js";
export { SignalingClient } from "./client.js";
export type {
  ClientMessageEvent,
  ClientNetworkEvent,
  ClientPeerEvent,
  ClientResumeEvent,
  ClientState,
  ClientStateChangeEvent,
  ClientStateReason,
  SignalingClientEventMap,
  SignalingErrorEvent,
} from "./client_events.js";
export type { DebugEntry, DebugListener } from "./debug.js";
export { SignalingError, errorCodes } from "./errors.js";
export type { CandidateCensus, CandidateCount, CandidateErrorCount, CandidateTypes, ErrorCode, ErrorContext } from "./errors.js";
export type { TypedEventTarget } from "./events.js";
export type { IceServersAnswer, IceServersSource, IceServersWithLifetime } from "./ice_servers.js";
export type { SessionOptions } from "./identity.js";
export { initialize } from "./load.js";
export type { ModuleSource } from "./load.js";
export type { CandidateOptions, GatheringOptions, ReconnectOptions, SignalingClientOptions } from "./options.js";
export type { NetworkEvidence, NetworkVerdict, PeerOutlook } from "./network.js";
export type { PeerInfo, PeerPage, PeerQuery } from "./peer_info.js";
export type { PeerStats } from "./peer_stats.js";
export type { RemotePeer, SendOptions, Timeline } from "./remote_peer.js";
export type {
  PeerDataChannelEvent,
  PeerMessageEvent,
  PeerQualityEvent,
  PeerReplacedEvent,
  PeerStateChangeEvent,
  PeerStateReason,
  PeerTrackEvent,
  RemotePeerEventMap,
} from "./remote_peer_events.js";
export type { AwayReason, LeaveReason, LossReason, Mapping } from "./reasons.js";
export type { Room } from "./room.js";
export type {
  RoomEventMap,
  RoomMessageEvent,
  RoomPeerAwayEvent,
  RoomPeerBackEvent,
  RoomPeerJoinEvent,
  RoomPeerLeaveEvent,
} from "./room_events.js";
export type { Signals } from "./signals.js";
export type { SignalsCandidateEvent, SignalsDescriptionEvent, SignalsEventMap } from "./signals_events.js";
export type { Transport, TransportSocket } from "./transport.js";
