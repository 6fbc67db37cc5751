// From nothing to a peer of a room, as an application does it, and when each phase ended.
import { SignalingClient, initialize } from "signalpost";

/** The side that is there already. */
export async function wait({ url, id, room }) {
  window.client = new SignalingClient(url, { peerId: id });
  await client.connect();
  await client.join(room);
}

/** Milliseconds from the start at which each phase ended, by name. */
export async function arrive({ url, id, room, began }) {
  const now = () => performance.now() - began;
  const ends = {};
  const client = new SignalingClient(url, { peerId: id });
  window.client = client;
  // Nothing waits for the one before: both leave as soon as they can.
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
