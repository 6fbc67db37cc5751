// Messages that applications send through the server, and transports other than a WebSocket.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { blank, loadModule, outcome, startClient } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox"])));
after(() => world?.close());

const pagesOf = (kinds, body) => withPages(world.pick(...kinds), [blank(world.server)], body);

/** Two connected clients, ada and bob, in one room; each notes what it hears. */
const inRoom = (pages, room) =>
  Promise.all(
    pages.map(async (page, at) => {
      await startClient(page, { peerId: ["ada", "bob"][at] + room });
      await page.evaluate(async (name) => {
        window.messages = [];
        client.addEventListener("message", ({ from, data }) => messages.push(["client", from, data]));
        window.room = await client.join(name);
        room.addEventListener("message", ({ from, data }) => messages.push(["room", from, data]));
      }, room);
    }),
  );

describe("messages", () => {
  test("of a peer arrive once and in order, with a RemotePeer or without; each promise is settled", () =>
    pagesOf(["chromium", "firefox"], async (ada, bob) => {
      await inRoom([ada, bob], "m1");
      await ada.evaluate(async () => {
        window.peer = client.peer("bobm1");
        await Promise.all([1, "two", { three: [null, true, 3.5] }, null].map((data) => peer.send(data)));
      });
      const expected = [1, "two", { three: [null, true, 3.5] }, null].map((data) => ["client", "adam1", data]);
      await bob.waitFor("messages.length === 4");
      assert.deepEqual(await bob.evaluate("messages"), expected);
      assert.equal(await bob.evaluate("client.remotePeers.length"), 0, "a message makes no connection");
      await bob.evaluate(async () => {
        messages.length = 0;
        window.peer = client.peer("adam1");
        peer.addEventListener("message", ({ data }) => messages.push(["peer", data]));
        await peer.connect();
      });
      await ada.evaluate("peer.send('to both')");
      await bob.waitFor("messages.length === 2");
      assert.deepEqual(await bob.evaluate("messages"), [
        ["peer", "to both"],
        ["client", "adam1", "to both"],
      ]);
    }));

  test("to a room reach the others in it, and nobody else", () =>
    pagesOf(["firefox", "chromium"], async (ada, bob) => {
      await inRoom([ada, bob], "m2");
      await ada.evaluate("room.broadcast({ hello: 'all' })");
      await bob.waitFor("messages.length === 1");
      assert.deepEqual(await bob.evaluate("messages"), [["room", "adam2", { hello: "all" }]]);
      assert.deepEqual(await ada.evaluate("messages"), []);
      await bob.evaluate("room.leave()");
      assert.equal((await outcome(bob, "() => room.broadcast(1)")).code, "room-not-joined");
      await ada.evaluate("room.broadcast('nobody hears it')");
      assert.equal(await bob.evaluate("messages.length"), 1);
    }));

  test("to a room are heard though another join() of it was given up, before it was entered or later", () =>
    pagesOf(["firefox", "chromium"], async (ada, bob) => {
      await inRoom([ada, bob], "m3");
      await bob.evaluate(async () => {
        const giveUp = async (name) => {
          const stop = new AbortController();
          const joining = client.join(name, { signal: stop.signal });
          stop.abort();
          await joining.catch(({ code }) => messages.push(code));
        };
        await giveUp("m3");
        const entering = client.join("m3b");
        await giveUp("m3b");
        (await entering).addEventListener("message", ({ data }) => messages.push(data));
      });
      await ada.evaluate(async () => {
        await room.broadcast("first");
        await (await client.join("m3b")).broadcast("second");
      });
      await bob.waitFor("messages.length === 4");
      assert.deepEqual(await bob.evaluate("messages"), ["aborted", "aborted", ["room", "adam3", "first"], "second"]);
    }));

  for (const kind of ["chromium", "firefox"]) {
    test(`that cannot be sent are typed errors, and the others are not lost (${kind})`, () =>
      pagesOf([kind], async (page) => {
        await inRoom([page], `m3${kind}`);
        const code = async (body) => (await outcome(page, body)).code;
        assert.equal(await code("() => client.peer('nobody').send(1)"), "peer-not-found");
        assert.equal(await code("() => room.broadcast(undefined)"), "invalid-argument");
        assert.equal(await code("() => room.broadcast('x'.repeat(4095))"), "message-too-large");
        assert.equal(await code("() => room.broadcast('x'.repeat(4094))"), undefined);
        const codes = await page.evaluate(async () => {
          const all = await Promise.allSettled(Array.from({ length: 45 }, () => room.broadcast(1)));
          return all.map(({ reason }) => reason?.code ?? "sent");
        });
        const sent = codes.filter((one) => one === "sent").length;
        assert.ok(sent >= 35 && sent < 45, codes.join());
        assert.deepEqual([...new Set(codes)].sort(), ["rate-limited", "sent"]);
        await page.evaluate("client.close()");
        assert.equal(await code("() => room.broadcast(1)"), "closed");
      }));
  }
});

describe("signals for a connection of one's own", () => {
  const own = (body) => `async () => {
    window.own = new RTCPeerConnection();
    const other = client.peerId.startsWith("ada") ? client.peerId.replace("ada", "bob") : client.peerId.replace("bob", "ada");
    own.onicecandidate = ({ candidate }) => client.signals.sendIceCandidate(other, candidate);
    client.signals.addEventListener("icecandidate", ({ from, candidate }) => {
      window.last = { from, candidate };
      own.addIceCandidate(candidate ?? undefined);
    });
    ${body}
  }`;

  test("connect it, and reach no RemotePeer", () =>
    pagesOf(["chromium", "firefox"], async (ada, bob) => {
      await inRoom([ada, bob], "o1");
      await bob.evaluate(
        own(`client.signals.addEventListener("offer", async ({ from, description }) => {
          await own.setRemoteDescription(description);
          await own.setLocalDescription();
          await client.signals.sendAnswer(from, own.localDescription);
        });
        own.ondatachannel = ({ channel }) => (channel.onmessage = ({ data }) => channel.send(data + "!"));`),
      );
      await ada.evaluate(
        own(`client.signals.addEventListener("answer", ({ description }) => own.setRemoteDescription(description));
        const channel = own.createDataChannel("chat");
        channel.onopen = () => channel.send("hello");
        channel.onmessage = ({ data }) => (window.echo = data);
        await own.setLocalDescription();
        await client.signals.sendOffer(other, own.localDescription);`),
      );
      await ada.waitFor("window.echo === 'hello!'");
      await ada.waitFor("window.last?.candidate === null");
      assert.equal(await ada.evaluate("last.from"), "bobo1");
      for (const page of [ada, bob]) {
        assert.equal(await page.evaluate("client.remotePeers.length"), 0);
        assert.deepEqual(await page.evaluate("failures"), []);
        await page.evaluate("own.close()");
      }
    }));

  test("that cannot be sent are typed errors", () =>
    pagesOf(["firefox"], async (page) => {
      await inRoom([page], "o2");
      const code = async (body) => (await outcome(page, body)).code;
      assert.equal(await code("() => client.signals.sendOffer('nobody', { type: 'offer', sdp: 'v=0\\r\\n' })"), "peer-not-found");
      assert.equal(await code("() => client.signals.sendOffer('nobody', { type: 'offer', sdp: 'hello' })"), "invalid-description");
      assert.equal(await code("() => client.signals.sendAnswer('nobody', { type: 'offer', sdp: 'v=0\\r\\n' })"), "invalid-argument");
      assert.equal(await code("() => client.signals.sendIceCandidate('nobody', { candidate: 'what' })"), "invalid-candidate");
      const nowhere = "{ candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host' }";
      assert.equal(await code(`() => client.signals.sendIceCandidate('nobody', ${nowhere})`), "invalid-candidate");
      assert.equal(await code("() => client.signals.sendIceCandidate('nobody', null)"), "peer-not-found");
    }));
});

describe("another way to the server", () => {
  // A page's own bridge: a transport that carries texts, with a WebSocket at its end.
  const BRIDGE = `(port) => {
    const socket = new WebSocket("/signal".replace(/^/, location.origin.replace(/^http/, "ws")));
    socket.onopen = () => port.postMessage("open");
    socket.onmessage = ({ data }) => port.postMessage("+" + data);
    socket.onclose = ({ code }) => port.postMessage("-" + code);
    port.onmessage = ({ data }) => (data === "close" ? socket.close() : socket.send(data));
    return socket;
  }`;
  const OVER_PORT = `(port) => {
    const socket = { send: (text) => port.postMessage(text), close: () => port.postMessage("close"), onopen: null, onmessage: null, onclose: null };
    port.onmessage = ({ data }) => {
      if (data === "open") socket.onopen?.({});
      else if (data[0] === "+") socket.onmessage?.({ data: data.slice(1) });
      else socket.onclose?.({ code: Number(data.slice(1)) });
    };
    return socket;
  }`;

  for (const kind of ["chromium", "firefox"]) {
    test(`two clients over a MessageChannel: they connect, and come back when it ends (${kind})`, () =>
      pagesOf([kind], async (page) => {
        await loadModule(page);
        const states = await page.evaluate(`async () => {
          const bridges = [];
          const transport = () => {
            const { port1, port2 } = new MessageChannel();
            bridges.push((${BRIDGE})(port2));
            return (${OVER_PORT})(port1);
          };
          const [a, b] = ["a", "b"].map((id) => new signalpostModule.SignalingClient("/signal", { peerId: "mc-" + id + "${kind}", transport }));
          const states = [];
          a.addEventListener("statechange", ({ state }) => states.push(state));
          await Promise.all([a.connect(), b.connect()]);
          await a.peer(b.peerId).connect();
          const back = new Promise((done) => a.addEventListener("statechange", ({ state }) => states.length > 2 && state === "connected" && done()));
          bridges[0].close();
          await back;
          const seen = [...states, a.peer(b.peerId).state, bridges.length];
          a.close();
          b.close();
          return seen;
        }`);
        assert.deepEqual(states, ["connecting", "connected", "reconnecting", "connected", "connected", 3]);
      }));
  }

  test("a client over a data channel to a peer that has a link", () =>
    pagesOf(["chromium", "firefox"], async (ada, bob) => {
      await inRoom([ada, bob], "t1");
      // Bob lends his link to each peer that opens a channel called "signal".
      await bob.evaluate(`async () => {
        client.addEventListener("peer", ({ peer }) => peer.addEventListener("datachannel", ({ channel }) => {
          const port = { postMessage: (text) => channel.readyState === "open" && channel.send(text) };
          channel.onmessage = (event) => port.onmessage(event);
          (${BRIDGE})(port);
        }));
      }`);
      const result = await ada.evaluate(`async () => {
        const neighbour = client.peer("bobt1");
        await neighbour.connect();
        const transport = () => {
          const channel = neighbour.createDataChannel("signal");
          const waiting = [];
          const port = { postMessage: (text) => (channel.readyState === "open" ? channel.send(text) : waiting.push(text)) };
          channel.onopen = () => waiting.forEach((text) => channel.send(text));
          channel.onmessage = (event) => port.onmessage(event);
          return (${OVER_PORT})(port);
        };
        const second = new signalpostModule.SignalingClient("/signal", { peerId: "second", transport });
        await second.connect();
        const { peers } = await second.findPeers({ room: "t1" });
        await second.peer("bobt1").send("through you");
        second.close();
        return peers.map(({ id }) => id);
      }`);
      assert.deepEqual(result, ["adat1", "bobt1"]);
      await bob.waitFor("messages.length === 1");
      assert.deepEqual(await bob.evaluate("messages"), [["client", "second", "through you"]]);
    }));

  test("a transport that throws, or that never opens, is a typed error", () =>
    pagesOf(["chromium"], async (page) => {
      await loadModule(page);
      const connect = (transport, options = "") =>
        outcome(
          page,
          `() => new signalpostModule.SignalingClient("/signal", { transport: ${transport}${options} }).connect({ timeoutMs: 300 })`,
        );
      assert.equal((await connect("() => { throw new Error('no') }")).code, "socket-unavailable");
      assert.equal((await connect("() => ({ send() {}, close() {} })")).code, "timeout");
      assert.equal((await connect("() => undefined")).code, "invalid-argument");
    }));
});
