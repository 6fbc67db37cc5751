// A server that says whatever a test wants, in the page itself, as the client's `transport`.

/**
 * In a page: `fakeServer()` returns `{ transport, sent, say, told, sockets }`: `sent` are the client's frames (with `socket`, the number of
 * the socket, from 1), `say(text)` sends the text to the client on the newest socket, `told(type)` returns the newest frame of that type. It welcomes clients and
 * gives signs of life by itself, unless `{ silent: true }`.
 * - `{ version: 2 }` has sessions: `number(frame)` sends a frame with the next `seq`; `seq` is the last one, `received` the highest `seq` of
 *   the client up to which no frame is missing. `welcome(hello)` makes the payload of each welcome; a test may replace it.
 * - `{ answers: true }` answers a client's requests: rooms are empty, no peer is found, every message is sent.
 *   While `isDeaf` it takes no numbered frame.
 * - `end(code)` closes the newest socket.
 */
export const equipFakeServer = (page) =>
  page.evaluate(() => {
    const ANSWERS = {
      join: ({ room }) => ({ type: "joined", payload: { room, peers: [] } }),
      leave: ({ room }) => ({ type: "left", payload: { room } }),
      "peer-discovery": () => ({ type: "peers", payload: { peers: [] } }),
      message: () => ({ type: "sent", payload: {} }),
      broadcast: () => ({ type: "sent", payload: {} }),
    };
    window.fakeServer = ({ silent = false, version = 1, answers = false } = {}) => {
      const server = {
        sent: [],
        sockets: [],
        seq: 0,
        received: 0,
        say: (data) => server.sockets.at(-1).onmessage?.({ data }),
        tell: (frame) => server.say(JSON.stringify(frame)),
        number: (frame) => server.tell({ ...frame, seq: ++server.seq, ack: server.received }),
        told: (type) => server.sent.findLast((frame) => frame.type === type),
        end: (code) => {
          const socket = server.sockets.at(-1);
          socket.isClosed = true;
          socket.onclose?.({ code });
        },
        welcome: ({ payload }) => {
          if (version === 1) return { version };
          const resumed = payload.received !== undefined;
          if (!resumed) server.seq = server.received = 0;
          return { version, key: String(server.sockets.length).padStart(64, "0"), resumed, received: server.received };
        },
        transport: () => {
          const hear = (text) => {
            const frame = JSON.parse(text);
            server.sent.push({ ...frame, socket: server.sockets.indexOf(socket) + 1 });
            if (silent) return;
            const say = (answer) => queueMicrotask(() => socket.isClosed || socket.onmessage?.({ data: JSON.stringify(answer) }));
            if (frame.type === "hello") return say({ type: "welcome", payload: server.welcome(frame) });
            if (frame.type === "heartbeat") return say({ type: "heartbeat-ack" });
            if (server.isDeaf) return;
            if (frame.seq !== undefined && frame.seq !== server.received + 1) return;
            if (frame.seq !== undefined) server.received += 1;
            const answer = answers && ANSWERS[frame.type]?.(frame.payload);
            if (!answer || (frame.type === "message" && frame.id === undefined)) return;
            answer.payload.ref = frame.id;
            say(version === 1 ? answer : { ...answer, seq: ++server.seq, ack: server.received });
          };
          const socket = {
            send: hear,
            close: (code) => {
              socket.closedWith = code;
              queueMicrotask(() => socket.onclose?.({ code: 1000 }));
            },
          };
          server.sockets.push(socket);
          if (!silent) queueMicrotask(() => socket.onopen({}));
          return socket;
        },
      };
      return server;
    };
    /** Returns how a promise ended within this time: `done`, a code, or `waits`. */
    window.ended = (promise, ms = 3000) =>
      Promise.race([
        promise.then(
          () => "done",
          ({ code }) => code,
        ),
        new Promise((done) => setTimeout(done, ms, "waits")),
      ]);
    /** Waits until the condition holds. */
    window.until = async (test, ms = 8000) => {
      const end = performance.now() + ms;
      while (!test()) {
        if (performance.now() > end) throw new Error(`waited in vain: ${test}`);
        await new Promise((done) => setTimeout(done, 5));
      }
    };
  });
