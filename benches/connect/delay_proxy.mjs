// A TCP proxy between pages and one server, with the same delay in each direction, which counts the frames.
import net from "node:net";
import { FrameCounter } from "./frame_counter.mjs";

/** Starts a proxy on `port` in front of `target`; returns { setDelay(ms), take(): { up, down }, close() }. */
export async function startDelayProxy({ port, target }) {
  let delayMs = 0;
  let counts = nothing();

  /** Carries one direction in order, even when the delay changes meanwhile. */
  function carry(from, to, direction) {
    const counter = new FrameCounter((bytes) => {
      counts[direction].frames += 1;
      counts[direction].bytes += bytes;
    });
    let waiting = 0;
    const after = (act) => {
      if (delayMs === 0 && waiting === 0) return act();
      waiting += 1;
      setTimeout(() => {
        waiting -= 1;
        act();
      }, delayMs);
    };
    from.on("data", (data) => {
      counter.push(data);
      after(() => to.writable && to.write(data));
    });
    from.on("end", () => after(() => to.end()));
    from.on("error", () => to.destroy());
    from.on("close", () => after(() => to.destroy()));
  }

  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (page) => {
    const upstream = net.connect({ port: target, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    carry(page, upstream, "up");
    carry(upstream, page, "down");
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return {
    setDelay(ms) {
      delayMs = ms;
    },
    /** Returns the counts since the last call. */
    take() {
      const taken = counts;
      counts = nothing();
      return taken;
    },
    close: () => server.close(),
  };
}

const nothing = () => ({ up: { frames: 0, bytes: 0 }, down: { frames: 0, bytes: 0 } });
