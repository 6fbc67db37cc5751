// The own microphone and camera: asked for on a click only, sent to every peer, also to those who come later.

const ASKED = {
  audio: { audio: { echoCancellation: true, noiseSuppression: true } },
  video: { video: { width: { ideal: 1280 }, height: { ideal: 720 } } },
};

export class Media extends EventTarget {
  /** Both tracks travel in this stream, so that the other side keeps them together. */
  stream = new MediaStream();
  /** The live track of each kind. */
  tracks = { audio: undefined, video: undefined };
  /** RemotePeer → the sender of each kind, also of one that is off: it is used again. */
  #senders = new Map();
  #asking = { audio: false, video: false };

  /** Turns a kind on or off; throws what the browser throws. */
  async toggle(kind) {
    if (this.tracks[kind]) return this.#use(kind, undefined);
    if (this.#asking[kind]) return;
    this.#asking[kind] = true;
    try {
      if (!navigator.mediaDevices) throw new DOMException("there are no devices here", "SecurityError");
      const [track] = (await navigator.mediaDevices.getUserMedia(ASKED[kind])).getTracks();
      this.#use(kind, track);
    } finally {
      this.#asking[kind] = false;
    }
  }

  /** Sends a track that is not a device's. */
  use(track) {
    this.#use(track.kind, track);
  }

  /** Sends what is on to a peer, from now on. */
  publish(peer) {
    this.#senders.set(peer, {});
    for (const [kind, track] of Object.entries(this.tracks)) if (track) this.#send(peer, kind, track);
  }

  forget(peer) {
    this.#senders.delete(peer);
  }

  stop() {
    for (const kind of Object.keys(this.tracks)) this.#use(kind, undefined);
  }

  #use(kind, track) {
    const before = this.tracks[kind];
    if (before) {
      before.stop();
      this.stream.removeTrack(before);
    }
    this.tracks[kind] = track;
    if (track) {
      this.stream.addTrack(track);
      track.addEventListener("ended", () => {
        if (this.tracks[kind] !== track) return;
        this.#use(kind, undefined);
        this.dispatchEvent(new CustomEvent("lost", { detail: kind }));
      });
    }
    for (const peer of this.#senders.keys()) this.#send(peer, kind, track);
    this.dispatchEvent(new Event("change"));
  }

  #send(peer, kind, track) {
    const senders = this.#senders.get(peer);
    const sender = senders[kind];
    try {
      if (!track) {
        if (sender) peer.removeTrack(sender);
      } else if (!sender) {
        senders[kind] = peer.addTrack(track, this.stream);
      } else {
        // addTrack() would never use this sender again, and each click would add a media section for good.
        const transceiver = peer.connection.getTransceivers().find((candidate) => candidate.sender === sender);
        transceiver.direction = "sendrecv";
        sender.setStreams(this.stream);
        sender.replaceTrack(track).catch(() => {});
      }
    } catch {
      // Closed meanwhile: its end is told by the peer itself.
    }
  }
}

/** A picture for those who have no camera. */
export function testPicture() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 400];
  const context = canvas.getContext("2d");
  const draw = () => {
    const turn = performance.now() / 1000;
    context.fillStyle = "#0e171c";
    context.fillRect(0, 0, 640, 400);
    const beam = context.createRadialGradient(320, 170, 12, 320, 170, 420);
    beam.addColorStop(0, "rgb(255 194 77 / 90%)");
    beam.addColorStop(1, "rgb(255 194 77 / 0%)");
    context.fillStyle = beam;
    for (const side of [turn, turn + Math.PI]) {
      context.beginPath();
      context.moveTo(320, 170);
      context.arc(320, 170, 420, side - 0.16, side + 0.16);
      context.fill();
    }
    context.fillStyle = "#ffc24d";
    context.beginPath();
    context.arc(320, 170, 26, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = "#f4f1ea";
    context.fillRect(312, 200, 16, 200);
    context.font = "600 20px system-ui, sans-serif";
    context.fillText(new Date().toLocaleTimeString(), 24, 376);
  };
  draw();
  const [track] = canvas.captureStream(15).getVideoTracks();
  const timer = setInterval(() => (track.readyState === "live" ? draw() : clearInterval(timer)), 66);
  return track;
}
