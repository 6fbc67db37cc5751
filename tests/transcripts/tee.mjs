// usage, inside a namespace: node tee.mjs PORT TARGET
// Forwards bytes between pages and a server. It prints "ready", then each frame of each WebSocket (RFC 6455 §5.2) as a line of JSON:
// { socket, by: "client" | "server", text | code }. The line "half-cut N" on its standard input closes socket N towards the page only,
// "cut N" towards both ends.
import net from "node:net";
import { createInterface } from "node:readline";

const [port, target] = process.argv.slice(2).map(Number);
const tell = (entry) => console.log(JSON.stringify(entry));
const OPCODE = { text: 1, binary: 2, close: 8 };
/** The delay in each direction. It is long enough for the lines to be in the order in which the page sent and received the frames. */
const WAY_MS = 25;
const HEAD_END = "\r\n\r\n";

/** Reads the frames of one direction from its bytes, and calls `found(opcode, payload)` for each. */
function reader(begins, found) {
  let kept = Buffer.alloc(0);
  let isWebSocket;
  return (chunk) => {
    if (isWebSocket === false) return;
    kept = Buffer.concat([kept, chunk]);
    if (isWebSocket === undefined) {
      const end = kept.indexOf(HEAD_END);
      if (end < 0) return;
      isWebSocket = begins(kept.toString("latin1", 0, end));
      kept = kept.subarray(end + HEAD_END.length);
      if (!isWebSocket) return;
    }
    for (let frame = firstFrame(kept); frame; frame = firstFrame(kept)) {
      found(frame.opcode, frame.payload);
      kept = kept.subarray(frame.length);
    }
  };
}

function firstFrame(bytes) {
  if (bytes.length < 2) return undefined;
  if ((bytes[0] & 0x80) === 0) throw new Error("a message in fragments");
  const isMasked = (bytes[1] & 0x80) !== 0;
  const short = bytes[1] & 0x7f;
  let at = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
  if (bytes.length < at + (isMasked ? 4 : 0)) return undefined;
  const size = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  const mask = isMasked ? bytes.subarray(at, at + 4) : undefined;
  if (isMasked) at += 4;
  if (bytes.length < at + size) return undefined;
  const payload = Buffer.from(bytes.subarray(at, at + size));
  if (mask) for (const [index, byte] of payload.entries()) payload[index] = byte ^ mask[index % 4];
  return { opcode: bytes[0] & 0x0f, payload, length: at + size };
}

const sockets = new Map();
const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (page) => {
  const upstream = net.connect({ port: target, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  let socket;
  const told = (by) => (opcode, payload) => {
    if (opcode === OPCODE.text) tell({ socket, by, text: payload.toString("utf8") });
    if (opcode === OPCODE.binary) tell({ socket, by, bytes: payload.length });
    if (opcode === OPCODE.close) tell({ socket, by, code: payload.length < 2 ? 1005 : payload.readUInt16BE(0) });
  };
  const up = reader((head) => {
    if (!/^GET \/signal .*^upgrade: *websocket/ims.test(head)) return false;
    socket = sockets.size + 1;
    sockets.set(socket, { page, upstream });
    return true;
  }, told("client"));
  const down = reader(() => socket !== undefined, told("server"));
  /** Carries one direction with its delay, and reads each chunk at the moment at which the page sends or receives it. */
  const carry = (from, to, read, [before, after]) => {
    from.on("data", (data) => {
      const pass = () => {
        read(data);
        setTimeout(() => to.writable && to.write(data), after);
      };
      setTimeout(pass, before);
    });
    from.on("end", () => setTimeout(() => to.end(), before + after));
    from.on("error", () => to.destroy());
    from.on("close", () => setTimeout(() => sockets.get(socket)?.isHalf || to.destroy(), before + after));
  };
  carry(page, upstream, up, [0, WAY_MS]);
  carry(upstream, page, down, [WAY_MS, 0]);
});
server.listen(port, "127.0.0.1", () => console.log("ready"));

createInterface({ input: process.stdin }).on("line", (line) => {
  const [what, number] = line.split(" ");
  const socket = sockets.get(Number(number));
  if (what === "half-cut") socket.isHalf = true;
  else socket.upstream.destroy();
  socket.page.destroy();
  tell({ socket: Number(number), by: "network", what });
});
