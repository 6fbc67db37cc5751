// Signalpost as its documentation says.
import { SignalingClient } from "/package/signalpost.js";

export async function open({ url, id, rtc }) {
  const client = new SignalingClient(url, { peerId: id, rtc });
  await client.connect();
  const fail = async (remote) => {
    const began = performance.now();
    const peer = client.peer(remote);
    const warnings = [];
    peer.addEventListener("error", ({ error }) => warnings.push({ code: error.code, ms: performance.now() - began }));
    const { code, message } = await peer.connect().then(
      () => ({ code: "connected", message: "" }),
      (error) => error,
    );
    return { code, message, ms: performance.now() - began, warnings };
  };
  return { call: (remote) => client.peer(remote).connect(), fail, close: () => client.close() };
}
