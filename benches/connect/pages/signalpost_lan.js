// Connects from an empty page to a peer of a room, as an application does, and records when each phase ended.
import { SignalingClient, initialize } from "signalpost";

/** The side that is already in the room. */
export async function wait({ url, id, room }) {
  window.client = new SignalingClient(url, { peerId: id });
  await client.connect();
  await client.join(room);
}

/** Returns the milliseconds from the start to the end of each phase, by name. */
export async function arrive({ url, id, room, began }) {
  const now = () => performance.now() - began;
  const ends = {};
  const client = new SignalingClient(url, { peerId: id });
  window.client = client;
  // No message waits for the one before: both leave as soon as they can.
  const connected = client.connect().then(() => (ends.hello = now()));
  const joined = client.join(room);
  await initialize();
  ends.load = now();
  const [{ id: remote }] = (await joined).peers;
  ends.discovery = now();
  await connected;
  const peer = client.peer(remote);
  const opened = now();
  await peer.connect();
  const open = now();
  const { offer, answer, pair } = peer.timeline;
  return { ...ends, offer: opened + offer, answer: opened + answer, pair: opened + pair, open };
}
