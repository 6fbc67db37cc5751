// A WebSocket by hand over TCP (RFC 6455), for what no library does: to read nothing any more, or to send bytes that are no text.
import net from "node:net";
import { WebSocketStream } from "../../harness/websocket_stream.mjs";

const TEXT = 0x81;

/**
 * Opens a WebSocket at the server's endpoint on a port of 127.0.0.1, and calls `heard` with each frame that comes: `{ bytes, opcode, text? }`.
 * Returns the TCP socket, and `send(bytes)`, which sends them as one text frame.
 */
export async function openRawSocket(port, heard) {
  const socket = net.connect(port, "127.0.0.1");
  socket.write(
    [
      "GET /signal HTTP/1.1",
      `Host: 127.0.0.1:${port}`,
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
      "",
      "",
    ].join("\r\n"),
  );
  const stream = new WebSocketStream();
  await new Promise((opened, refused) => {
    let isOpen = false;
    socket.on("data", (data) => {
      for (const part of stream.push(data)) {
        if (isOpen) heard(part);
        else if (!part.bytes.toString("latin1").startsWith("HTTP/1.1 101")) refused(new Error(part.bytes.toString()));
        else {
          isOpen = true;
          opened();
        }
      }
    });
    socket.on("error", refused);
    socket.on("close", () => refused(new Error("closed before the upgrade")));
  });
  const send = (bytes) => {
    const size = bytes.length < 126 ? [bytes.length] : [126, bytes.length >> 8, bytes.length & 255];
    // The mask is zero, so the bytes stay what they are.
    socket.write(Buffer.concat([Buffer.from([TEXT, 0x80 | size[0], ...size.slice(1), 0, 0, 0, 0]), bytes]));
  };
  return { socket, send };
}
