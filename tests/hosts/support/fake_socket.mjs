// A socket with a simulated server behind it that sends `welcome` and takes every message, without a network.

/** `readyState` is 0 until the socket opens; `events` are the calls on it. */
export class FakeSocket {
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  readyState = 0;
  frames = [];
  closedWith = undefined;

  constructor({ opens = true } = {}) {
    if (opens) setTimeout(() => this.open());
  }

  open() {
    if (this.readyState > 0) return;
    this.readyState = 1;
    this.onopen?.({});
  }

  send(text) {
    const frame = JSON.parse(text);
    this.frames.push(frame);
    const ref = frame.id;
    const answers = {
      hello: { type: "welcome", payload: { version: 1 } },
      join: { type: "joined", payload: { ref, room: frame.payload?.room, peers: [] } },
      message: { type: "sent", payload: { ref } },
      broadcast: { type: "sent", payload: { ref } },
    };
    const answer = answers[frame.type];
    if (answer) setTimeout(() => this.onmessage?.({ data: JSON.stringify(answer) }));
  }

  close(code) {
    this.closedWith = code ?? 1000;
    this.readyState = 3;
  }

  /** Ends the socket as the network would. */
  cut() {
    this.readyState = 3;
    this.onclose?.({ code: 1006 });
  }
}
