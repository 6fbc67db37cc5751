// usage, inside a namespace: node slow_reader.mjs PORT ID
// Registers by hand under this id, prints "registered", and then reads nothing any more.
import { openRawSocket } from "./raw_socket.mjs";

const [port, id] = process.argv.slice(2);
const { socket, send } = await openRawSocket(Number(port), ({ text }) => {
  if (!text?.includes('"welcome"')) return;
  socket.pause();
  console.log("registered");
});
const hello = { type: "hello", id: 1, payload: { versions: [1, 1], key: "0123456789abcdef", peer: { id, session: 7 } } };
send(Buffer.from(JSON.stringify(hello)));
setInterval(() => {}, 1000);
