// Signalpost as its documentation says, with its own server.
import { SignalingClient, initialize } from "signalpost";

export async function open({ url, id }) {
  const client = new SignalingClient(url, { peerId: id });
  await client.connect();
  return { call: (remote) => client.peer(remote).connect() };
}

/** Starts with nothing loaded: the call does not wait for the registration. */
export async function start({ url, id, remote }) {
  const client = new SignalingClient(url, { peerId: id });
  client.connect();
  await initialize();
  await client.peer(remote).connect();
}
