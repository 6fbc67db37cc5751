// An ICE restart, and how long it takes until both sides use the new generation.

const PATIENCE_MS = 15_000;
const LOOK_MS = 20;

const generation = (description) => /^a=ice-ufrag:(\S+)/m.exec(description?.sdp ?? "")?.[1];

const generations = ({ currentLocalDescription, currentRemoteDescription }) => [
  generation(currentLocalDescription),
  generation(currentRemoteDescription),
];

/** Restarts ICE; resolves with the milliseconds until the new generation was connected, or with `undefined` if it never was. */
export async function restartIce(peer) {
  const { connection } = peer;
  const began = performance.now();
  const before = generations(connection);
  peer.restartIce();
  while (performance.now() - began < PATIENCE_MS && connection.connectionState !== "closed") {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const anew = generations(connection).every((ufrag, side) => ufrag !== undefined && ufrag !== before[side]);
    const settled = ["connected", "completed"].includes(connection.iceConnectionState) && connection.connectionState === "connected";
    if (anew && settled && connection.signalingState === "stable") return Math.round(performance.now() - began);
  }
  return undefined;
}
