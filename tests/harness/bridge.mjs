// usage, inside a namespace: node bridge.mjs SOCKET PORT
// A Unix socket has a file name that every network namespace sees, so WebDriver inside can be spoken to from outside
// without an interface of management, which would become a candidate.
import net from "node:net";

const [socket, port] = process.argv.slice(2);
net
  .createServer((outside) => {
    const inside = net.connect(Number(port), "127.0.0.1");
    outside.on("error", () => inside.destroy());
    inside.on("error", () => outside.destroy());
    outside.pipe(inside).pipe(outside);
  })
  .listen(socket, () => console.log("ready"));
