// usage, inside a namespace: node tcp_frame.mjs PORT HEX
// Opens a WebSocket by hand, sends one text frame with these bytes, and prints the code of the close frame that comes back.
import net from "node:net";

const [port, hex] = process.argv.slice(2);
const bytes = Buffer.from(hex, "hex");
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
let heard = Buffer.alloc(0);
let isOpen = false;
socket.on("data", (data) => {
  heard = Buffer.concat([heard, data]);
  const end = heard.indexOf("\r\n\r\n");
  if (!isOpen && end >= 0) {
    if (!heard.toString("latin1").startsWith("HTTP/1.1 101")) throw new Error(heard.toString());
    isOpen = true;
    heard = heard.subarray(end + 4);
    // The mask is zero, so the bytes stay what they are.
    socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]));
  }
  // Frames of a server are not masked; a close frame comes last.
  while (isOpen && heard.length >= 2) {
    const length = heard[1] & 0x7f;
    if (heard.length < 2 + length) break;
    if ((heard[0] & 0x0f) === 8) {
      console.log(length >= 2 ? heard.readUInt16BE(2) : 1005);
      process.exit(0);
    }
    heard = heard.subarray(2 + length);
  }
});
socket.on("close", () => {
  console.log("closed without a close frame");
  process.exit(1);
});
