// A socket with a server behind it that welcomes, and takes every message: no network is needed.

/** `readyState` is 0 until it opens; `events` are what was called on it. */
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

  /** The network ends it. */
  cut() {
    this.readyState = 3;
    this.onclose?.({ code: 1006 });
  }
}
