// Compares what both sides of one connection say about it.

/** Source of a page's function that returns what `connection` says about itself. */
export const SNAPSHOT = `(connection) => {
  const ufrags = (description) => [...new Set(description?.sdp.match(/^a=ice-ufrag:.*$/gm) ?? [])].map((line) => line.slice(12).trim()).join();
  return {
    signalingState: connection.signalingState,
    connectionState: connection.connectionState,
    own: ufrags(connection.currentLocalDescription),
    other: ufrags(connection.currentRemoteDescription),
    sections: connection.currentLocalDescription?.sdp.match(/^m=/gm)?.length ?? 0,
    transceivers: connection.getTransceivers().map(({ mid, direction, currentDirection, stopped, sender }) =>
      ({ mid, direction, currentDirection, stopped: !!stopped, track: !!sender.track })),
  };
}`;

const sends = (direction) => direction === "sendrecv" || direction === "sendonly";
const MIRRORED = { sendrecv: "sendrecv", sendonly: "recvonly", recvonly: "sendonly", inactive: "inactive", stopped: "stopped" };

/** Returns why two snapshots do not agree, or undefined if they do. */
export function disagreement(a, b) {
  for (const side of [a, b]) {
    if (side.signalingState !== "stable") return `it is ${side.signalingState}`;
    if (side.connectionState !== "connected") return `it is ${side.connectionState}`;
    for (const { mid, direction, currentDirection } of side.transceivers) {
      if (mid === null) return "a transceiver was never negotiated";
      if (sends(direction) !== sends(currentDirection)) return `${mid} is ${currentDirection} and should be ${direction}`;
    }
  }
  if (a.own !== b.other || b.own !== a.other) return `the ICE generations differ: ${a.own} ${b.other}, ${b.own} ${a.other}`;
  if (a.sections !== b.sections) return `${a.sections} and ${b.sections} media sections`;
  const ofB = new Map(b.transceivers.map((transceiver) => [transceiver.mid, transceiver]));
  if (ofB.size !== a.transceivers.length) return "different numbers of transceivers";
  for (const { mid, currentDirection } of a.transceivers) {
    if (ofB.get(mid)?.currentDirection !== MIRRORED[currentDirection])
      return `${mid} is ${currentDirection} and ${ofB.get(mid)?.currentDirection}`;
  }
  return undefined;
}

/** Waits until both pages agree about `window.peer`; returns the snapshots. */
export async function agreement(a, b, { timeoutMs = 15_000, what = "both sides to agree" } = {}) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const snapshots = await Promise.all([a, b].map((page) => page.evaluate(`(${SNAPSHOT})(peer.connection)`)));
    const why = disagreement(...snapshots);
    if (why === undefined) return snapshots;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}: ${why}\n${JSON.stringify(snapshots)}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
