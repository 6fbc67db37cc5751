// Sessions by hand: a page's own sockets that send frames which no SDK would send.

/**
 * In a page: `dial(options)` opens a socket, says `hello` and returns the raw session:
 * - `welcome`: the first frame that came; `key`: the key for the next `hello`; `top`: the highest `seq` that came
 * - `say(frame)` sends the frame as it is; `tell(frame)` sends it with the next `seq` and with `ack`
 * - `next()`: the next frame that is neither a sign of life nor a bare `ack`; `rest()`: the frames that come within a quarter of a second
 * - `closed`: resolves with the close code; `drop(code)` closes
 * `more` are frames that follow `hello` at once.
 */
export const equipRaw = (page) =>
  page.evaluate(() => {
    const silent = new Set(["heartbeat", "heartbeat-ack", "ack"]);
    window.dial = async ({ id, session = 7, key = "0123456789abcdef", received, versions = [1, 2], payload = {} }, more = []) => {
      const socket = new WebSocket(`${location.origin.replace("http", "ws")}/signal`);
      const frames = [];
      const waiting = [];
      const raw = { key, seq: 0, top: 0, acked: 0, all: [] };
      raw.closed = new Promise((done) => (socket.onclose = ({ code }) => done(code)));
      socket.onmessage = ({ data }) => {
        const frame = JSON.parse(data);
        raw.all.push(frame);
        raw.top = Math.max(raw.top, frame.seq ?? 0);
        raw.acked = Math.max(raw.acked, frame.ack ?? 0);
        if (frame.type === "heartbeat") socket.send('{"type":"heartbeat-ack"}');
        if (silent.has(frame.type)) return;
        if (frame.type === "error") console.debug(`signalpost-face code ${frame.payload.code}`);
        if (waiting.length > 0) waiting.shift()(frame);
        else frames.push(frame);
      };
      raw.say = (frame) => socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
      raw.tell = (frame) => raw.say({ ...frame, seq: ++raw.seq, ack: raw.top });
      raw.next = () =>
        new Promise((done, fail) => {
          if (frames.length > 0) return done(frames.shift());
          waiting.push(done);
          setTimeout(fail, 5000, new Error("no frame came"));
        });
      raw.rest = async () => {
        await new Promise((done) => setTimeout(done, 250));
        return frames.splice(0);
      };
      raw.drop = (code) => {
        socket.close(code);
        return raw.closed;
      };
      raw.isOpen = () => socket.readyState === WebSocket.OPEN;
      await new Promise((open, fail) => Object.assign(socket, { onopen: open, onerror: () => fail(new Error("no socket")) }));
      raw.say({
        type: "hello",
        id: 1,
        payload: { versions, key, peer: { id, session }, ...(received === undefined ? {} : { received }), ...payload },
      });
      for (const frame of more) raw.say(frame);
      raw.welcome = await raw.next();
      if (raw.welcome.payload.key) raw.key = raw.welcome.payload.key;
      return raw;
    };
    /** Returns a frame between peers, with a text in it that says where it came from. */
    window.text = (to, data, more = {}) => ({ type: "message", id: 9, to, payload: { data }, ...more });
    window.brief = ({ type, payload, from, seq }) => [
      type,
      payload?.code ?? payload?.data ?? payload?.room ?? null,
      from ?? null,
      seq ?? null,
    ];
  });
