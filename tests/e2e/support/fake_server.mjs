// A server that says whatever it is told, in the page itself, as the client's `transport`.

/**
 * In a page: `fakeServer()` answers `{ transport, sent, say, told, sockets }`: `sent` are the client's frames, `say(text)` is what the
 * newest socket tells the client, `told(type)` the newest frame of that type. It welcomes and gives signs of life by itself, unless
 * `{ silent: true }`.
 */
export const equipFakeServer = (page) =>
  page.evaluate(() => {
    window.fakeServer = ({ silent = false } = {}) => {
      const server = {
        sent: [],
        sockets: [],
        say: (data) => server.sockets.at(-1).onmessage?.({ data }),
        told: (type) => server.sent.findLast((frame) => frame.type === type),
        transport: () => {
          const socket = {
            send: (text) => {
              const frame = JSON.parse(text);
              server.sent.push(frame);
              const answer = { hello: { type: "welcome", payload: { version: 1 } }, heartbeat: { type: "heartbeat-ack" } }[frame.type];
              if (answer && !silent) queueMicrotask(() => socket.onmessage?.({ data: JSON.stringify(answer) }));
            },
            close: () => queueMicrotask(() => socket.onclose?.({ code: 1000 })),
          };
          server.sockets.push(socket);
          if (!silent) queueMicrotask(() => socket.onopen({}));
          return socket;
        },
      };
      return server;
    };
    /** How a promise ended within this time: `done`, a code, or `waits`. */
    window.ended = (promise, ms = 3000) =>
      Promise.race([promise.then(() => "done", ({ code }) => code), new Promise((done) => setTimeout(done, ms, "waits"))]);
  });
