// usage, inside a namespace: node tcp_frame.mjs PORT HEX
// Opens a WebSocket by hand, sends one text frame with these bytes, and prints the code of the close frame that comes back.
import { openRawSocket } from "./raw_socket.mjs";

const CLOSE = 8;

const [port, hex] = process.argv.slice(2);
const { socket, send } = await openRawSocket(Number(port), ({ bytes, opcode }) => {
  if (opcode !== CLOSE) return;
  // Frames of a server are not masked, and a close frame is short: its code follows two bytes.
  console.log(bytes.length >= 4 ? bytes.readUInt16BE(2) : 1005);
  process.exit(0);
});
socket.on("close", () => {
  console.log("closed without a close frame");
  process.exit(1);
});
send(Buffer.from(hex, "hex"));
