// usage, inside a namespace: node slow_reader.mjs PORT ID
// Registers by hand under this id, prints "registered", and then reads nothing any more.
import net from "node:net";

const [port, id] = process.argv.slice(2);
const socket = net.connect(Number(port), "127.0.0.1");
socket.write(
  [
    `GET /signal HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
    "",
    "",
  ].join("\r\n"),
);
const hello = Buffer.from(
  JSON.stringify({ type: "hello", id: 1, payload: { versions: [1, 1], key: "0123456789abcdef", peer: { id, session: 7 } } }),
);
let heard = "";
socket.on("data", (data) => {
  const before = heard;
  heard += data.toString("latin1");
  // The mask is zero, so the bytes stay what they are.
  if (!before.includes("\r\n\r\n") && heard.includes("\r\n\r\n"))
    socket.write(Buffer.concat([Buffer.from([0x81, 0xfe, hello.length >> 8, hello.length & 255, 0, 0, 0, 0]), hello]));
  if (heard.includes('"welcome"')) {
    socket.pause();
    console.log("registered");
  }
});
socket.on("error", () => {});
setInterval(() => {}, 1000);
