// simple-peer as its documentation says, trickle on, over the plain relay.
import SimplePeer from "simple-peer/simplepeer.min.js";
import { openRelay } from "./relay_socket.js";

const config = { iceServers: [] };

export async function open({ url, id }) {
  let peer;
  const relay = openRelay(url, id, (from, signal) => {
    peer ??= answer(from);
    peer.signal(signal);
  });
  const answer = (remote) => start(new SimplePeer({ trickle: true, config }), remote);
  const start = (made, remote) => {
    made.on("signal", (signal) => relay.send(remote, signal));
    return made;
  };
  await relay.opened;
  return {
    call(remote) {
      peer = start(new SimplePeer({ initiator: true, trickle: true, config }), remote);
      return new Promise((resolve, reject) => {
        peer.on("connect", () => resolve());
        peer.on("error", reject);
      });
    },
  };
}
