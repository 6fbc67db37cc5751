// PeerJS as its documentation says, with its own server.
import { Peer } from "peerjs";

export async function open({ url, id }) {
  const { hostname, port } = new URL(url);
  const peer = new Peer(id, { host: hostname, port: Number(port), path: "/", config: { iceServers: [] } });
  peer.on("connection", () => {});
  await new Promise((resolve, reject) => {
    peer.on("open", () => resolve());
    peer.on("error", reject);
  });
  return {
    call(remote) {
      return new Promise((resolve, reject) => {
        peer.on("error", reject);
        peer.connect(remote).on("open", () => resolve());
      });
    },
  };
}
