/** The way of the packets: from peer to peer, or through a TURN server. */
export type PeerPath = "direct" | "relay";

/** The statistics of a connection. A value that the browser does not give, or does not give yet, is `undefined`. */
export interface PeerStats {
  /** `connectionState` of the connection. */
  readonly state: RTCPeerConnectionState;
  /** Whether the packets go from peer to peer or through a TURN server, be it this side's or the other side's. */
  readonly path: PeerPath | undefined;
  /** How this side reaches its TURN server, where the own candidate of the pair in use is one of a TURN server. */
  readonly relayProtocol: "udp" | "tcp" | "tls" | undefined;
  /** The type of the own candidate of the pair in use. */
  readonly localCandidateType: RTCIceCandidateType | undefined;
  /** The type of the other side's candidate of the pair in use. */
  readonly remoteCandidateType: RTCIceCandidateType | undefined;
  /** The transport protocol of the pair in use. */
  readonly protocol: RTCIceProtocol | undefined;
  /** The round-trip time, in milliseconds. */
  readonly roundTripTimeMs: number | undefined;
  /** Bytes of payload that this side has sent over the pair so far. */
  readonly bytesSent: number | undefined;
  /** Bytes of payload that this side has received over the pair so far. */
  readonly bytesReceived: number | undefined;
  /** The bits per second that congestion control allows for all tracks together. Only Chromium gives it, while it sends tracks. */
  readonly availableOutgoingBitrate: number | undefined;
}

/** @internal Reads the statistics from `getStats()` (W3C WebRTC Statistics §8), whose transport names the pair in use. */
export async function peerStats(connection: RTCPeerConnection): Promise<PeerStats> {
  const reports = await connection.getStats();
  let pair: RTCIceCandidatePairStats | undefined;
  for (const { selectedCandidatePairId } of reports.values()) pair ??= reports.get(selectedCandidatePairId);
  const local = pair && reports.get(pair.localCandidateId);
  const remote = pair && reports.get(pair.remoteCandidateId);
  const types = [local?.candidateType, remote?.candidateType];
  const seconds = pair?.currentRoundTripTime;
  return {
    state: connection.connectionState,
    path: types.includes("relay") || isRelay(remote, connection) ? "relay" : pair && "direct",
    relayProtocol: local?.relayProtocol,
    localCandidateType: types[0],
    remoteCandidateType: types[1],
    protocol: local?.protocol,
    roundTripTimeMs: seconds && seconds * 1000,
    bytesSent: pair?.bytesSent,
    bytesReceived: pair?.bytesReceived,
    availableOutgoingBitrate: pair?.availableOutgoingBitrate,
  };
}

/** Firefox calls a candidate peer-reflexive that it learned from a check before it was signaled, also where it is the other side's TURN server. */
function isRelay(remote: { candidateType: string; address?: string; port: number } | undefined, { remoteDescription }: RTCPeerConnection) {
  if (remote?.candidateType !== "prflx") return false;
  const lines = remoteDescription?.sdp.match(/^a=candidate:.* typ relay/gm) ?? [];
  // A hidden address leaves the port.
  return lines.some((line) => line.includes(` ${remote.port} typ `) && (!remote.address || line.includes(` ${remote.address} `)));
}
