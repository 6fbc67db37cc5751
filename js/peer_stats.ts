/** How a connection does. `undefined` stands for what the browser does not tell, or not yet. */
export interface PeerStats {
  /** `connectionState` of the connection. */
  readonly state: RTCPeerConnectionState;
  /** Whether the packets go from peer to peer or through a TURN server. */
  readonly path: "direct" | "relay" | undefined;
  /** The own end of the pair in use. */
  readonly localCandidateType: RTCIceCandidateType | undefined;
  /** The other end of it. */
  readonly remoteCandidateType: RTCIceCandidateType | undefined;
  /** What the pair goes over. */
  readonly protocol: RTCIceProtocol | undefined;
  /** There and back, in milliseconds. */
  readonly roundTripTimeMs: number | undefined;
  /** Bytes of payload over the pair so far. */
  readonly bytesSent: number | undefined;
  /** Bytes of payload over the pair so far. */
  readonly bytesReceived: number | undefined;
  /** Bits per second that congestion control allows all tracks together; only Chromium tells, while it sends some. */
  readonly availableOutgoingBitrate: number | undefined;
}

/** @internal From `getStats()` (W3C WebRTC Statistics §8): the transport names the pair in use. */
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
    path: types.includes("relay") ? "relay" : pair && "direct",
    localCandidateType: types[0],
    remoteCandidateType: types[1],
    protocol: local?.protocol,
    roundTripTimeMs: seconds && seconds * 1000,
    bytesSent: pair?.bytesSent,
    bytesReceived: pair?.bytesReceived,
    availableOutgoingBitrate: pair?.availableOutgoingBitrate,
  };
}
