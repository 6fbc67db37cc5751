// The conversations to record. Each names its browsers, with one page in each.

/** Makes `window.client` in a page and connects it; `window.heard` collects its events. */
const start = (page, options) =>
  page.evaluate(async (options) => {
    const client = new signalpostModule.SignalingClient("/signal", options);
    window.client = client;
    window.heard = [];
    client.addEventListener("message", ({ from, data }) => heard.push({ from, data }));
    for (const name of ["offer", "answer", "icecandidate"]) client.signals.addEventListener(name, ({ from }) => heard.push({ from, name }));
    client.addEventListener("statechange", ({ state, reason }) => heard.push({ state, reason }));
    await client.connect();
  }, options);

const enter = (page, name) =>
  page.evaluate(async (name) => {
    const room = await client.join(name);
    window.room = room;
    room.addEventListener("message", ({ data }) => heard.push({ room: name, data }));
    for (const type of ["peerjoin", "peerleave"]) room.addEventListener(type, () => heard.push({ type }));
  }, name);

const hears = (page, count) => page.waitFor((count) => heard.filter((entry) => !entry.state).length >= count, count);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Opens a socket in a page, `window.raw`; `ask(frame)` resolves with the next frame, `whenClosed` with the close code. */
const openRaw = (page) =>
  page.evaluate(async () => {
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/signal`);
    window.raw = socket;
    let done;
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === "heartbeat") socket.send('{"type":"heartbeat-ack"}');
      else done?.(frame);
    };
    window.whenClosed = new Promise((end) => {
      socket.onclose = ({ code }) => {
        done?.({ code });
        end(code);
      };
    });
    window.ask = (frame) => {
      const answer = new Promise((resolve) => (done = resolve));
      socket.send(typeof frame === "object" && !(frame instanceof ArrayBuffer) ? JSON.stringify(frame) : frame);
      return answer;
    };
    await new Promise((open) => (socket.onopen = open));
  });
const ask = (page, frame) => page.evaluate((frame) => ask(frame), frame);
const hello = (id, more = {}) => ({
  type: "hello",
  id: 1,
  payload: { versions: [1, 1], key: "0123456789abcdef", peer: { id, session: 7 }, ...more },
});

/** A whole conversation: ada, who is impolite because her id is the lower one, and bob. */
async function talk({ pages: [ada, bob], tee }) {
  await start(bob, { peerId: "bob", region: "eu-west", capabilities: ["video", "data"], metadata: { name: "Bob" } });
  await enter(bob, "lobby");
  await start(ada, { peerId: "ada" });
  await ada.evaluate("client.findPeers({ room: 'lobby', region: 'eu-west', capability: 'data', limit: 5 })");
  await enter(ada, "lobby");
  await hears(bob, 1);
  // Both at once: their offers cross.
  const at = Date.now() + 300;
  await Promise.all([
    ada.evaluate("async (at) => { window.peer = client.peer('bob'); await instant(at); await peer.connect(); }", at),
    bob.evaluate("async (at) => { window.peer = client.peer('ada'); await instant(at); await peer.connect(); }", at),
  ]);
  // The remaining candidates arrive.
  await pause(600);
  await ada.evaluate("client.peer('bob').send({ hand: 'up' })");
  await bob.evaluate("client.peer('ada').send('seen ✓')");
  await ada.evaluate("room.broadcast([1, 2])");
  await bob.evaluate("client.signals.sendOffer('ada', { type: 'offer', sdp: 'v=0\\r\\n' })");
  await ada.evaluate("client.signals.sendAnswer('bob', { type: 'answer', sdp: 'v=0\\r\\n' })");
  await ada.evaluate(
    "client.signals.sendIceCandidate('bob', { candidate: 'candidate:1 1 udp 2122260223 192.0.2.7 4000 typ host', sdpMid: '0' })",
  );
  await Promise.all([hears(ada, 2), hears(bob, 5)]);
  // The polite peer begins one more round of offer and answer.
  const offers = tee.frames.length;
  await bob.evaluate("peer.restartIce()");
  await tee.passed("server", "answer", 2);
  await pause(600);
  if (tee.frames.length === offers) throw new Error("nothing was renegotiated");
  await bob.evaluate("peer.close()");
  await ada.waitFor("peer.state === 'closed'");
  await ada.evaluate("room.leave()");
  await bob.waitFor("heard.some(({ type }) => type === 'peerleave')");
  for (const page of [ada, bob]) await page.evaluate("client.close()");
  await tee.passed("client", "bye", 2);
  await pause(200);
}

/** A client that loses its socket: first while the server still holds the old one, then when the server knows of the loss. */
async function comeBack({ pages: [ada, bob], tee, server }) {
  await openRaw(bob);
  await ask(bob, hello("bob"));
  await ask(bob, { type: "join", id: 2, payload: { room: "lobby" } });
  await start(ada, { peerId: "ada" });
  await enter(ada, "lobby");
  // bob never answers.
  await ada.evaluate("void client.peer('bob').connect().catch(() => {})");
  await tee.passed("server", "offer");
  await pause(700);
  tee.cut("ada", "half-cut");
  // The first welcome is bob's. A client of version 1 sends its offer again after each of its own.
  await tee.passed("server", "welcome", 3);
  await pause(700);
  tee.cut("ada");
  await tee.passed("server", "welcome", 4);
  await pause(700);
  // bob is silent. The server of version 1 does not acknowledge ada's offer, so that her client asks it for a sign of life 1.5 s later.
  await pause(2_500);
  await ada.evaluate("client.peer('bob').close()");
  // When nobody says anything, the server asks.
  await pause(10_500);
  await server.stop();
  await pause(300);
  await ada.evaluate("client.close()");
  await server.start();
}

/** Every refusal, provoked over a bare socket in a page. */
async function refusals({ pages: [page] }) {
  const to = (type, target, payload, more = {}) => ({ type, id: 7, to: target, payload, ...more });
  await openRaw(page);
  await ask(page, hello("bob"));
  await ask(page, { type: "join", id: 2, payload: { room: "lobby" } });
  await openRaw(page);
  for (const frame of [
    { type: "join", id: 2, payload: { room: "lobby" } },
    hello("eve", { key: "short" }),
    hello("eve", { versions: [2, 1] }),
    hello("eve", { unknown: { deep: [1] } }),
    hello("eve"),
    { type: "dance", id: 7 },
    "{nonsense",
    "[1]",
    { type: "join", id: 7, payload: {} },
    { type: "join", id: 7, payload: { room: "lobby" }, unknown: true },
    to("close", "nobody", { connection: 1 }),
    to("close", "bob", { connection: 1 }, { from: "ada" }),
    to("close", "eve", { connection: 1 }),
    to("offer", "bob", { connection: 1, number: 1, sdp: "hello" }),
    to("ice-candidate", "bob", { connection: 1, candidates: [{ candidate: "candidate:nonsense" }] }),
    to("message", "nobody", { data: "1" }),
    { type: "leave", id: 7, payload: { room: "hall" } },
    { type: "broadcast", id: 7, payload: { room: "hall", data: "1" } },
    { type: "leave", id: 7, payload: { room: "lobby" } },
    { type: "heartbeat" },
  ]) {
    await ask(page, frame);
  }
  await page.evaluate("ask(new ArrayBuffer(3))");
  await page.evaluate(() => {
    raw.send('{"type":"bye"}');
    return whenClosed;
  });
  for (const refused of [hello("bob", { key: "fedcba9876543210" }), hello("eve", { versions: [3, 4] })]) {
    await openRaw(page);
    await page.evaluate("(frame) => (raw.send(JSON.stringify(frame)), whenClosed)", refused);
  }
}

export const CONVERSATIONS = {
  "chromium-firefox": { kinds: ["chromium", "firefox"], about: "ada in Chromium and bob in Firefox: a whole life, with glare", run: talk },
  "firefox-chromium": { kinds: ["firefox", "chromium"], about: "ada in Firefox and bob in Chromium: a whole life, with glare", run: talk },
  "coming-back": {
    kinds: ["chromium", "firefox"],
    about: "ada's socket is lost twice, then the server shuts down; bob is a socket of the test's own",
    run: comeBack,
  },
  refusals: {
    kinds: ["chromium"],
    about: "what is refused, and what ends a socket; bob and eve are sockets of the test's own",
    run: refusals,
  },
};
