/** A socket of the plain relay: `send(to, object)`, and `heard(from, object)` for each frame that arrives. */
export function openRelay(url, id, heard) {
  const socket = new WebSocket(`${url}?id=${id}`);
  const opened = new Promise((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onclose = () => reject(new Error("the relay closed the socket"));
  });
  socket.onmessage = ({ data }) => {
    const end = data.indexOf("\n");
    heard(data.slice(0, end), JSON.parse(data.slice(end + 1)));
  };
  return { opened, send: (to, object) => socket.send(`${to}\n${JSON.stringify(object)}`) };
}
