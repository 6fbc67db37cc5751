import type { Handler } from "#glue";
import type { Calls } from "./calls.js";
import type { SignalingClient } from "./client.js";
import type { ClientState } from "./client_events.js";
import type { EarlyConnections } from "./early_connections.js";
import { type SignalingError, signalingError } from "./errors.js";
import { emit } from "./events.js";
import type { IceServers } from "./ice_servers.js";
import type { Identity } from "./identity.js";
import type { KnownPeers } from "./known_peers.js";
import { type NetworkVerdict, networkVerdict } from "./network.js";
import type { Peers } from "./peers.js";
import { received } from "./received.js";
import type { Rooms } from "./rooms.js";
import type { SocketOpener } from "./socket_opener.js";

/** @internal The parts of a client that the module's reports reach. */
export interface Parts {
  readonly client: SignalingClient;
  readonly calls: Calls;
  readonly peers: Peers;
  readonly rooms: Rooms;
  readonly known: KnownPeers;
  readonly identity: Identity;
  readonly opener: SocketOpener;
  readonly early: EarlyConnections;
  readonly iceServers: IceServers;
  changed(state: ClientState, reason: string): void;
  /** Takes the verdict about the own network. */
  network(verdict: NetworkVerdict | undefined): void;
}

/** @internal Returns what the module calls: each report goes to the part that it is about, and each question is answered. */
export function handler(parts: Parts, traced: Handler["traced"]): Handler {
  const { client, calls, peers, rooms, known, identity, opener, early, iceServers } = parts;
  return {
    resolved: (call) => calls.resolve(call, { peers: [], cursor: undefined }),
    listed: (call, found, cursor) => calls.resolve(call, { peers: found, cursor }),
    rejected: (call, failure) => calls.reject(call, signalingError(failure, undefined, opener.thrown)),
    stateChanged: (state, reason) => parts.changed(state as ClientState, reason),
    failed: (peerId, failure) => {
      const error = signalingError(failure, peerId);
      if (peerId) peers.about(peerId)?.failed(error);
      emit(client, "error", { error });
    },
    resumed: (resumed, reason) => emit(client, "resume", { resumed, reason }),
    keyChanged: (key) => identity.save(key),
    peerJoined: (room, peer) => {
      for (const info of known.note([peer])) rooms.get(room)?.joined(info);
    },
    peerAway: (room, peer, reason) => rooms.get(room)?.changed(peer, "peeraway", reason),
    peerBack: (room, peer) => rooms.get(room)?.changed(peer, "peerback", ""),
    peerLeft: (room, peer, reason) => rooms.get(room)?.changed(peer, "peerleave", reason),
    message: (from, text) =>
      received(client, from, text, (data) => {
        peers.get(from)?.received(data);
        emit(client, "message", { from, data });
      }),
    broadcast: (from, room, text) => received(client, from, text, (data) => rooms.get(room)?.received(from, data)),
    offer: (from, sdp) => client.signals.described(from, "offer", sdp),
    answer: (from, sdp) => client.signals.described(from, "answer", sdp),
    candidates: (from, candidates, end) => client.signals.found(from, candidates, end),
    peerConnected: (id) => {
      // Nothing may be thrown into the module.
      try {
        emit(client, "peer", { peer: client.peer(id) });
      } catch (error) {
        // The module itself tells of a connection that cannot be made.
        if ((error as SignalingError).code !== "connection-unavailable") emit(client, "error", { error });
      }
    },
    peerStateChanged: (id, state, reason) => {
      const peer = peers.about(id);
      if (state === "closed") peers.forget(peer);
      peer?.changed(state as RTCPeerConnectionState, reason);
    },
    peerOpened: (id) => peers.about(id)?.opened(),
    networkChanged: (mapping, counts, errors) => {
      const network = networkVerdict(mapping, counts, errors);
      parts.network(network);
      emit(client, "networkchange", { network });
    },
    peerReplaced: (id, connection) => peers.about(id)?.replaced(connection),
    takeSocket: () => opener.takeEarly(),
    takeConnection: (id) => early.take(id),
    freshIceServers: () => iceServers.fresh(),
    socketFailed: (thrown) => opener.failed(thrown),
    traced,
  };
}
