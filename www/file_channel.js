// Sends files over one ordered data channel, one after another in each direction.
// Text frames describe the binary frames: `file` announces a file, its chunks follow, `end` closes it. The receiver answers with `ack`s and `done`.
// A sender never has more than one window of bytes without an `ack` on the way. A sender that trusts `bufferedAmount` alone
// overflows the queues of a slow path, and its throughput collapses.
// When the connection is replaced, both sides go on over another channel: each says with `from` which bytes it has, and the sender begins there.

const CHUNK_BYTES = 16 * 1024;
const WINDOW_BYTES = 128 * 1024;
const ACK_BYTES = 32 * 1024;
const LONGEST_NAME = 200;
const LONGEST_FRAME = 4096;
const MOST_WAITING = 50;

/** Largest file, in bytes: the receiver holds it in memory. */
export const LARGEST_FILE = 64 * 1024 * 1024;

/** One file on its way over one channel. `state`: "waiting", "running", "done" or "stopped"; if it stopped, `reason` says why. */
export class Transfer extends EventTarget {
  state = "waiting";
  reason = "";
  /** Bytes that the receiver has. */
  bytes = 0;
  /** For a received file: its contents, and whether they equal the file that was sent (undefined: no digest could tell). */
  blob;
  intact;
  #cancel;

  constructor({ id, name, size, type }, cancel) {
    super();
    Object.assign(this, { id, name, size, type });
    this.#cancel = cancel;
  }

  get isOver() {
    return this.state === "done" || this.state === "stopped";
  }

  cancel() {
    if (!this.isOver) this.#cancel(this);
  }

  change(fields) {
    if (this.isOver) return;
    Object.assign(this, fields);
    this.dispatchEvent(new Event("change"));
  }
}

export async function sha256(blob) {
  if (!globalThis.crypto?.subtle) return undefined;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class FileChannel {
  #channel;
  #incoming;
  #accepts;
  #lastId = 0;
  /** The files to send: { transfer, file, digest }; the page is sending the first one. */
  #queue = [];
  #sending = false;
  /** Whether the sender waits until the other side has said, over a new channel, what it has. */
  #paused = false;
  /** Wakes the sender when an acknowledgement or an end has come. */
  #wake = () => {};
  #sent = 0;
  /** The file that the page is receiving: { transfer, chunks, bytes, acknowledged }. */
  #receiving;
  /** The frame that told of the end of the last file that arrived: it may have been lost. */
  #received;

  /** The channel calls `incoming(transfer)` when a file begins to arrive. `accepts(bytes)` returns why the page refuses the file, or undefined. */
  constructor(channel, { incoming, accepts }) {
    this.#incoming = incoming;
    this.#accepts = accepts;
    this.#use(channel, () => this.#pump());
  }

  /** Goes on over a channel that takes the former one's place. */
  goOn(channel) {
    this.#paused = true;
    this.#wake();
    this.#use(channel, () => {
      const { transfer, bytes } = this.#receiving ?? { transfer: { id: 0 }, bytes: 0 };
      if (this.#received) this.#tell(this.#received);
      this.#tell({ kind: "from", id: transfer.id, bytes });
    });
  }

  #use(channel, opened) {
    this.#channel = channel;
    channel.binaryType = "arraybuffer";
    const hear = ({ data }) => (typeof data === "string" ? this.#frame(data) : this.#chunk(data));
    channel.addEventListener("open", opened);
    channel.addEventListener("message", (event) => channel === this.#channel && hear(event));
  }

  /** Sends a file after the files before it; `digest` is the promise of its SHA-256. */
  send(file, digest) {
    this.#lastId += 1;
    const { name, size, type } = file;
    const transfer = new Transfer({ id: this.#lastId, name, size, type }, (which) => this.#stopSending(which, "cancelled", true));
    if (this.#queue.length >= MOST_WAITING) transfer.change({ state: "stopped", reason: "too many files are waiting already" });
    else this.#queue.push({ transfer, file, digest });
    this.#pump();
    return transfer;
  }

  /** Ends everything, in both directions. */
  stop(reason) {
    for (const { transfer } of this.#queue.splice(0)) transfer.change({ state: "stopped", reason });
    this.#receiving?.transfer.change({ state: "stopped", reason });
    this.#receiving = undefined;
    this.#wake();
  }

  async #pump() {
    if (this.#sending || this.#channel.readyState !== "open") return;
    this.#sending = true;
    while (this.#queue.length > 0) {
      const entry = this.#queue[0];
      try {
        if (!entry.transfer.isOver) await this.#sendOne(entry);
      } catch (error) {
        this.#stopSending(
          entry.transfer,
          error.name === "NotReadableError" || error.name === "NotFoundError" ? "the file cannot be read" : "the connection closed",
          true,
        );
      }
      if (this.#queue[0] === entry) this.#queue.shift();
    }
    this.#sending = false;
  }

  async #sendOne({ transfer, file, digest }) {
    const { id, size } = transfer;
    const ready = () => this.#until(() => transfer.isOver || !this.#paused);
    await ready();
    if (!transfer.isOver) this.#announce(transfer);
    while (!transfer.isOver) {
      await ready();
      const from = this.#sent;
      if (from < size) {
        const block = await file.slice(from, from + WINDOW_BYTES).arrayBuffer();
        if (this.#sent === from) await this.#sendBlock(transfer, block);
      } else {
        this.#tell({ kind: "end", id, digest: await digest });
        await this.#until(() => transfer.isOver || this.#paused);
      }
    }
  }

  #announce(transfer) {
    const { id, name, size, type } = transfer;
    this.#sent = 0;
    this.#tell({ kind: "file", id, name: name.slice(0, LONGEST_NAME), size, type: type.slice(0, 100) });
    transfer.change({ state: "running" });
  }

  /** Sends a part of a file, as far as it gets before the transfer ends or the channel is lost. */
  async #sendBlock(transfer, block) {
    for (let at = 0; at < block.byteLength; at += CHUNK_BYTES) {
      const chunk = new Uint8Array(block, at, Math.min(CHUNK_BYTES, block.byteLength - at));
      await this.#until(() => transfer.isOver || this.#paused || this.#sent + chunk.byteLength - transfer.bytes <= WINDOW_BYTES);
      if (transfer.isOver || this.#paused) return;
      if (this.#channel.readyState !== "open") {
        // Another channel follows, or the end of the connection.
        this.#paused = true;
        return;
      }
      this.#channel.send(chunk);
      this.#sent += chunk.byteLength;
    }
  }

  /** The other side says, over a new channel, what it has of the file that is being sent to it. */
  #continue({ id, bytes }) {
    const { transfer } = this.#queue[0] ?? {};
    this.#paused = false;
    if (transfer?.state === "running") {
      if (id === transfer.id && Number.isSafeInteger(bytes) && bytes >= transfer.bytes && bytes <= transfer.size) {
        this.#sent = bytes;
        transfer.change({ bytes });
      } else {
        transfer.change({ bytes: 0 });
        this.#announce(transfer);
      }
    }
    this.#pump();
  }

  async #until(holds) {
    while (!holds()) await new Promise((resolve) => (this.#wake = resolve));
  }

  #stopSending(transfer, reason, tell) {
    if (tell && transfer.state === "running") this.#tell({ kind: "stop", id: transfer.id, side: "sender", reason });
    const at = this.#queue.findIndex((entry) => entry.transfer === transfer);
    if (at > 0) this.#queue.splice(at, 1);
    transfer.change({ state: "stopped", reason });
    this.#wake();
  }

  #stopReceiving(reason, tell) {
    const { transfer } = this.#receiving;
    this.#receiving = undefined;
    if (tell) this.#tell({ kind: "stop", id: transfer.id, side: "receiver", reason });
    transfer.change({ state: "stopped", reason });
  }

  #tell(frame) {
    if (this.#channel.readyState === "open") this.#channel.send(JSON.stringify(frame));
  }

  /** Handles a text frame of the other side, and trusts nothing in it. */
  #frame(text) {
    let frame;
    try {
      frame = text.length <= LONGEST_FRAME ? JSON.parse(text) : undefined;
    } catch {
      // A frame of another program.
    }
    if (frame === null || typeof frame !== "object" || !Number.isSafeInteger(frame.id)) return;
    const reason = typeof frame.reason === "string" ? frame.reason.slice(0, 100) : "";
    const outgoing = this.#queue[0]?.transfer.id === frame.id ? this.#queue[0].transfer : undefined;
    const incoming = this.#receiving?.transfer.id === frame.id ? this.#receiving.transfer : undefined;
    if (frame.kind === "from") this.#continue(frame);
    else if (frame.kind === "file") this.#announced(frame);
    else if (frame.kind === "end" && incoming) this.#ended(frame.digest);
    else if (frame.kind === "stop" && frame.side === "sender" && incoming) this.#stopReceiving(`the sender stopped: ${reason}`, false);
    else if (frame.kind === "stop" && frame.side === "receiver" && outgoing) this.#stopSending(outgoing, `refused: ${reason}`, false);
    else if (frame.kind === "ack" && outgoing && frame.bytes > outgoing.bytes && frame.bytes <= this.#sent)
      outgoing.change({ bytes: frame.bytes });
    else if (frame.kind === "done" && outgoing && this.#sent === outgoing.size)
      outgoing.change({ state: "done", bytes: outgoing.size, intact: frame.intact === false ? false : frame.intact === true || undefined });
    this.#wake();
  }

  #announced({ id, name, size, type }) {
    if (this.#receiving) this.#stopReceiving("another file began", false);
    if (typeof name !== "string" || !Number.isSafeInteger(size) || size < 0) return;
    const info = { id, name: name.slice(0, LONGEST_NAME), size, type: typeof type === "string" ? type.slice(0, 100) : "" };
    const refusal = size > LARGEST_FILE ? "the file is too large" : this.#accepts(size);
    if (refusal !== undefined) {
      this.#tell({ kind: "stop", id, side: "receiver", reason: refusal });
      return;
    }
    const transfer = new Transfer(info, () => this.#stopReceiving("cancelled", true));
    this.#receiving = { transfer, chunks: [], bytes: 0, acknowledged: 0 };
    transfer.change({ state: "running" });
    this.#incoming(transfer);
  }

  #chunk(data) {
    const receiving = this.#receiving;
    // A chunk of a stopped file that was still on its way.
    if (!receiving || !(data instanceof ArrayBuffer)) return;
    // Every chunk except the last has the full size, so that the number of chunks is bounded too.
    if (data.byteLength !== Math.min(CHUNK_BYTES, receiving.transfer.size - receiving.bytes) || data.byteLength === 0) {
      this.#stopReceiving("a part of the file has the wrong size", true);
      return;
    }
    receiving.bytes += data.byteLength;
    receiving.chunks.push(data);
    if (receiving.bytes - receiving.acknowledged >= ACK_BYTES || receiving.bytes === receiving.transfer.size) {
      receiving.acknowledged = receiving.bytes;
      this.#tell({ kind: "ack", id: receiving.transfer.id, bytes: receiving.bytes });
      receiving.transfer.change({ bytes: receiving.bytes });
    }
  }

  async #ended(digest) {
    const { transfer, chunks, bytes } = this.#receiving;
    if (bytes !== transfer.size) {
      this.#stopReceiving("the file is shorter than announced", true);
      return;
    }
    this.#receiving = undefined;
    const blob = new Blob(chunks, { type: SHOWN_TYPES.has(transfer.type) ? transfer.type : "application/octet-stream" });
    const own = typeof digest === "string" ? await sha256(blob) : undefined;
    const intact = own === undefined ? undefined : own === digest;
    this.#received = { kind: "done", id: transfer.id, intact };
    this.#tell(this.#received);
    transfer.change({ state: "done", blob, intact, digest: own });
  }
}

/** The page keeps these types. Every other file becomes plain bytes, so that no stranger's page ever runs in the origin of this one. */
const SHOWN_TYPES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]);
