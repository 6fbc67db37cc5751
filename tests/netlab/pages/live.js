// A connection in use: both sides send a numbered message every 50 ms over a data channel, and every 250 ms one through the server.
import { SignalingClient } from "/package/signalpost.js";

const EVERY_MS = 50;
const SIGNAL_EVERY_MS = 250;
const LABEL = "flow";

/** Starts a client; with `remote` it connects to that peer. The returned object says what happened, with times of the wall clock. */
export async function live({ url, id, rtc, remote, options }) {
  const flow = { sent: 0, messages: [], signals: [], states: [], remotePeers: 0, replaced: 0, errors: [] };
  const client = new SignalingClient(url, { peerId: id, rtc, ...options });
  let peer;
  let channel;
  const use = (one) => {
    channel = one;
    one.onmessage = ({ data }) => {
      const [number, sentAt] = data.split(" ").map(Number);
      flow.messages.push({ number, sentAt, at: Date.now() });
    };
  };
  const tell = (what) => flow.states.push({ at: Date.now(), what });
  const meet = (met) => {
    peer = met;
    flow.remotePeers += 1;
    use(peer.createDataChannel(LABEL, { negotiated: true, id: 101 }));
    peer.addEventListener("datachannel", ({ channel: other, replaced }) => replaced && other.label === LABEL && use(other));
    peer.addEventListener("replaced", () => {
      flow.replaced += 1;
      tell("replaced");
    });
    peer.addEventListener("statechange", ({ state, reason }) => tell(`peer ${state} ${reason}`));
    peer.addEventListener("message", ({ data }) => flow.signals.push({ sentAt: data.sentAt, at: Date.now() }));
    peer.addEventListener("error", ({ error }) => flow.errors.push(error.message));
  };
  client.addEventListener("peer", ({ peer: met }) => meet(met));
  client.addEventListener("statechange", ({ state, reason }) => tell(`client ${state} ${reason ?? ""}`));
  for (const name of ["online", "offline"]) addEventListener(name, () => tell(name));
  await client.connect();
  if (remote) {
    meet(client.peer(remote));
    await peer.connect();
  }
  setInterval(() => {
    if (channel?.readyState !== "open") return;
    try {
      channel.send(`${flow.sent} ${Date.now()}`);
      flow.sent += 1;
    } catch {
      // The channel ends at this moment.
    }
  }, EVERY_MS);
  setInterval(() => peer?.send({ sentAt: Date.now() }).catch(() => {}), SIGNAL_EVERY_MS);
  return {
    flow,
    close: () => client.close(),
    negotiate: () => void peer.addTransceiver("audio"),
    /** Returns when the first message arrived that was sent at `sentAt` or later and arrived at `at` or later. */
    firstSince: (kind, { sentAt, at }) => flow[kind].find((one) => one.sentAt >= sentAt && one.at >= at)?.at,
  };
}
