// usage, inside a namespace: node slow_link.mjs ADDRESS PORTS SETTINGS
// Carries packets between two interfaces (link.mjs), whose packets come from ADDRESS. PORTS is `[{ inside, program }, …]`, SETTINGS are
// those of `setLink`.
import dgram from "node:dgram";

const [, , address, given, settings] = process.argv;
const ports = JSON.parse(given);
const { delayMs = 0, jitterMs = 0, lossPercent = 0, kilobitsPerSecond = Infinity, queueKilobytes = 256 } = JSON.parse(settings);

/** One direction: a queue in the order of arrival. */
class Direction {
  #queue = [];
  #bytes = 0;
  #freeAt = 0;
  #lastAt = 0;
  #timer;
  #send;

  constructor(send) {
    this.#send = send;
  }

  take(packet) {
    const isFull = kilobitsPerSecond !== Infinity && this.#bytes + packet.length > queueKilobytes * 1000;
    if (isFull || Math.random() * 100 < lossPercent) return;
    const now = performance.now();
    // One packet after another leaves the queue, and then travels.
    this.#freeAt = Math.max(now, this.#freeAt) + (packet.length * 8) / kilobitsPerSecond;
    this.#lastAt = Math.max(this.#lastAt, this.#freeAt + delayMs + Math.random() * jitterMs);
    this.#queue.push({ packet, at: this.#lastAt });
    this.#bytes += packet.length;
    if (this.#timer === undefined) this.#wait();
  }

  #wait() {
    this.#timer = setTimeout(() => this.#flush(), Math.max(0, this.#queue[0].at - performance.now()));
  }

  #flush() {
    const now = performance.now();
    while (this.#queue.length > 0 && this.#queue[0].at <= now + 0.5) {
      const { packet } = this.#queue.shift();
      this.#bytes -= packet.length;
      this.#send(packet);
    }
    this.#timer = undefined;
    if (this.#queue.length > 0) this.#wait();
  }
}

const sockets = ports.map(() => dgram.createSocket("udp4"));
for (const [at, socket] of sockets.entries()) {
  const direction = new Direction((packet) => sockets[1 - at].send(packet, ports[1 - at].inside, address));
  socket.on("message", (packet) => direction.take(packet));
  socket.on("error", () => {}); // The other interface was removed.
  await new Promise((resolve) => socket.bind(ports[at].program, resolve));
}
console.log("ready");
