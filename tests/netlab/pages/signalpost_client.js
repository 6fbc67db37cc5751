// Signalpost as its documentation says.
import { SignalingClient } from "/package/signalpost.js";

export async function open({ url, id, rtc }) {
  const client = new SignalingClient(url, { peerId: id, rtc });
  await client.connect();
  return { call: (remote) => client.peer(remote).connect(), close: () => client.close() };
}
