/// <reference lib="esnext.disposable" preserve="true" />
export { SignalingClient } from "./client.js";
export type { CallOptions } from "./call_options.js";
export type { ClientState, SignalingClientEvents } from "./client_events.js";
export { SignalingError, errorCodes } from "./errors.js";
export type { ErrorCode, ErrorContext } from "./errors.js";
export type { TypedEventTarget } from "./events.js";
export type { SessionOptions } from "./identity.js";
export { initialize } from "./load.js";
export type { ModuleSource } from "./load.js";
export type { CandidateOptions, GatheringOptions, ReconnectOptions, SignalingClientOptions } from "./options.js";
export type { PeerInfo, PeerPage, PeerQuery } from "./peer_info.js";
export type { PeerStats } from "./peer_stats.js";
export type { RemotePeer, RemotePeerEvents, SendOptions, Timeline } from "./remote_peer.js";
export type { Room, RoomEvents } from "./room.js";
export type { Signals, SignalsEvents } from "./signals.js";
export type { Transport, TransportSocket } from "./transport.js";
