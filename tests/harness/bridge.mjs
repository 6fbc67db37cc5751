// usage, inside a namespace: node bridge.mjs SOCKET PORT
// Every network namespace sees the file name of a Unix socket: through it the tests speak to WebDriver inside the namespace. A network
// interface for that purpose would become a candidate.
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
