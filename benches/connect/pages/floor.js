// The floor: a pair of clients written by hand for this purpose only, with full trickle and only the browser's own work. It knows which
// side calls, and has no glare, no errors and no reconnecting.
import { openRelay } from "./relay_socket.js";

function connection(relay, remote, rtc) {
  const connection = new RTCPeerConnection(rtc);
  connection.onicecandidate = ({ candidate }) => relay.send(remote, { candidate });
  return connection;
}

export async function open({ url, id, rtc }) {
  let pair;
  const relay = openRelay(url, id, async (from, { offer, answer, candidate }) => {
    if (offer) {
      pair = connection(relay, from, rtc);
      await pair.setRemoteDescription(offer);
      await pair.setLocalDescription();
      relay.send(from, { answer: pair.localDescription });
    } else if (answer) {
      await pair.setRemoteDescription(answer);
    } else if (candidate) {
      await pair.addIceCandidate(candidate);
    }
  });
  await relay.opened;
  return {
    async call(remote) {
      pair = connection(relay, remote, rtc);
      const channel = pair.createDataChannel("floor");
      const opened = new Promise((resolve) => (channel.onopen = () => resolve()));
      await pair.setLocalDescription();
      relay.send(remote, { offer: pair.localDescription });
      await opened;
    },
  };
}
