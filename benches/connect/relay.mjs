// usage: node relay.mjs PORT [HOST]
// The simplest possible relay: a socket's id is in its URL, a frame is "TO\nTEXT", and arrives as "FROM\nTEXT".
import { WebSocketServer } from "ws";

const sockets = new Map();
const server = new WebSocketServer({ port: Number(process.argv[2]), host: process.argv[3] ?? "127.0.0.1" });

server.on("connection", (socket, request) => {
  const id = new URL(request.url, "ws://relay").searchParams.get("id");
  sockets.set(id, socket);
  socket.on("message", (data) => {
    const frame = data.toString();
    const end = frame.indexOf("\n");
    sockets.get(frame.slice(0, end))?.send(`${id}${frame.slice(end)}`);
  });
  socket.on("close", () => sockets.get(id) === socket && sockets.delete(id));
  socket.on("error", () => {});
});
server.on("listening", () => console.log("ready"));
