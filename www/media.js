// The own microphone, camera and screen. The page asks for them only after a click, and sends them to every peer, also to peers that come later.

const ASKED = {
  microphone: (devices) => devices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } }),
  camera: (devices) => devices.getUserMedia({ video: { width: { ideal: 1280 }, height: { ideal: 720 } } }),
  screen: (devices) => devices.getDisplayMedia({ video: { frameRate: { max: 15 } } }),
};
const KINDS = { microphone: "audio", camera: "video", screen: "video" };

export class Media extends EventTarget {
  /** Both tracks travel in this stream, so that the other side keeps them together. */
  stream = new MediaStream();
  /** The live track of each kind. */
  tracks = { audio: undefined, video: undefined };
  /** Where the picture comes from: "camera", "screen", "test" or undefined. */
  source;
  /** RemotePeer → the sender of each kind, also if it is off: the page uses it again. */
  #senders = new Map();
  #asking = new Set();

  /** Whether this browser can share a screen at all: browsers on telephones cannot. */
  static get canShareScreen() {
    return typeof navigator.mediaDevices?.getDisplayMedia === "function";
  }

  /** Whether "microphone", "camera" or "screen" is on. */
  isOn(device) {
    return device === "microphone" ? this.tracks.audio !== undefined : this.source === device;
  }

  /** Turns a device on or off; a screen takes the camera's place. Throws the browser's error. */
  async toggle(device) {
    const kind = KINDS[device];
    if (this.isOn(device)) return this.#use(kind, undefined);
    if (this.#asking.has(device)) return;
    this.#asking.add(device);
    try {
      if (!navigator.mediaDevices) throw new DOMException("this page has no devices", "SecurityError");
      const [track] = (await ASKED[device](navigator.mediaDevices)).getTracks();
      this.#use(kind, track, device);
    } finally {
      this.#asking.delete(device);
    }
  }

  /** Sends a picture that comes from no device. */
  useTestPicture() {
    this.#use("video", testPicture(), "test");
  }

  /** Stops sending a picture. */
  stopPicture() {
    this.#use("video", undefined);
  }

  /** Sends every active track to a peer, from now on. */
  publish(peer) {
    this.#senders.set(peer, {});
    peer.addEventListener("replaced", ({ connection }) => this.#find(peer, connection));
    for (const [kind, track] of Object.entries(this.tracks)) if (track) this.#send(peer, kind, track);
  }

  forget(peer) {
    this.#senders.delete(peer);
  }

  #use(kind, track, source) {
    const before = this.tracks[kind];
    if (before) {
      before.stop();
      this.stream.removeTrack(before);
    }
    this.tracks[kind] = track;
    if (kind === "video") this.source = source;
    if (track) {
      this.stream.addTrack(track);
      track.addEventListener("ended", () => {
        if (this.tracks[kind] !== track) return;
        this.#use(kind, undefined);
        this.dispatchEvent(new CustomEvent("lost", { detail: source }));
      });
    }
    for (const peer of this.#senders.keys()) this.#send(peer, kind, track);
    this.dispatchEvent(new Event("change"));
  }

  /** Finds the senders of a connection that took another one's place. A sender that was off is gone: the next track makes one. */
  #find(peer, connection) {
    const senders = {};
    for (const [kind, track] of Object.entries(this.tracks)) {
      senders[kind] = connection.getSenders().find((sender) => track && sender.track === track);
    }
    if (this.#senders.has(peer)) this.#senders.set(peer, senders);
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
      // The connection was closed meanwhile: the peer itself reports its end.
    }
  }
}

/** Draws a picture for people without a camera: a light that turns, and the time. */
function testPicture() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 360];
  const context = canvas.getContext("2d");
  const draw = () => {
    const turn = performance.now() / 1000;
    context.fillStyle = "#0b1722";
    context.fillRect(0, 0, 640, 360);
    const beam = context.createRadialGradient(320, 150, 12, 320, 150, 420);
    beam.addColorStop(0, "rgb(255 201 74 / 90%)");
    beam.addColorStop(1, "rgb(255 201 74 / 0%)");
    context.fillStyle = beam;
    for (const side of [turn, turn + Math.PI]) {
      context.beginPath();
      context.moveTo(320, 150);
      context.arc(320, 150, 420, side - 0.16, side + 0.16);
      context.fill();
    }
    context.fillStyle = "#ffc94a";
    context.beginPath();
    context.arc(320, 150, 24, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = "#f4f7f8";
    context.fillRect(312, 178, 16, 182);
    context.font = "600 20px system-ui, sans-serif";
    context.fillText(new Date().toLocaleTimeString(), 24, 336);
  };
  draw();
  const [track] = canvas.captureStream(15).getVideoTracks();
  const timer = setInterval(() => (track.readyState === "live" ? draw() : clearInterval(timer)), 66);
  return track;
}
