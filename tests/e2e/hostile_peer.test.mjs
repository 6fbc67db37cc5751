// A lying peer, built on the client in plain JavaScript: a victim with the SDK keeps working, and so does its connection to a friend.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { HOST, SDP, watch } from "./support/hostile.mjs";
import { blank, outcome, startClient } from "./support/pages.mjs";
import { startPlain } from "./support/plain.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox", "chromium"])));
after(() => world?.close());

const KINDS = ["chromium", "firefox"];
let names = 0;

/** The attacker's page: `plain`, `heard` (every frame), `tell(type, payload)`, `answers(type)`, `quiet()`. */
const armed = async (page, id, victim) => {
  await page.evaluate(() => {
    const Native = window.WebSocket;
    window.frames = [];
    window.WebSocket = class extends Native {
      constructor(url) {
        super(url);
        window.raw = this;
        this.addEventListener("message", ({ data }) => frames.push(JSON.parse(data)));
      }
    };
  });
  await startPlain(page, id);
  await page.evaluate((victim) => {
    window.tell = (type, payload) => plain.send(type, payload, victim);
    window.answers = (type) => frames.filter((frame) => frame.type === type && frame.from === victim);
    /** Resolves when the server has delivered every frame so far, and the victim has had a moment for it. */
    window.quiet = async (ms = 150) => {
      await plain.ask("peer-discovery", {}).catch(() => {});
      await new Promise((done) => setTimeout(done, ms));
    };
    window.until = async (condition, what) => {
      for (let left = 400; left > 0; left -= 1) {
        const value = condition();
        if (value) return value;
        await new Promise((done) => setTimeout(done, 20));
      }
      throw new Error(`waited in vain: ${what}; heard ${JSON.stringify(frames.slice(-5)).slice(0, 800)}`);
    };
    /** A description that a browser has made. */
    window.real = async () => {
      const maker = new RTCPeerConnection();
      maker.createDataChannel("signalpost", { negotiated: true, id: 0 });
      const { sdp } = await maker.createOffer();
      maker.close();
      return sdp;
    };
  }, victim);
};

/** A victim with a friend, and an attacker whose id is lower or higher than the victim's; the victim is well before and after. */
const attack = (kind, isLower, body) =>
  withPages(
    world.pick(kind, "chromium", kind === "chromium" ? "firefox" : "chromium"),
    [blank(world.server)],
    async (page, friendPage, attackerPage) => {
      names += 1;
      const [victim, friend, attacker] = [`m-victim-${names}`, `m-friend-${names}`, `${isLower ? "a" : "z"}-mallory-${names}`];
      await startClient(page, { peerId: victim });
      await watch(page);
      await startClient(friendPage, { peerId: friend });
      await friendPage.evaluate(() =>
        client.addEventListener("peer", ({ peer }) => {
          const channel = peer.createDataChannel("echo", { negotiated: true, id: 5 });
          channel.onmessage = ({ data }) => channel.send(`${data}!`);
        }),
      );
      await page.evaluate(async (friend) => {
        window.messages = [];
        client.addEventListener("message", ({ data }) => messages.push(data));
        window.friend = client.peer(friend);
        window.channel = window.friend.createDataChannel("echo", { negotiated: true, id: 5 });
        await window.friend.connect();
        if (channel.readyState !== "open") await new Promise((done) => (channel.onopen = done));
      }, friend);
      await armed(attackerPage, attacker, victim);
      const isWell = async () => {
        const echo = await page.evaluate(
          () =>
            new Promise((done, fail) => {
              channel.onmessage = ({ data }) => done(data);
              channel.send("well");
              setTimeout(() => fail(new Error("the friend does not answer")), 3000);
            }),
        );
        const found = await page.evaluate("client.findPeers({ limit: 100 }).then(({ peers }) => peers.map(({ id }) => id))");
        assert.ok(found.includes(friend));
        assert.deepEqual(
          [echo, ...(await page.evaluate("[client.state, friend.state, problems]"))],
          ["well!", "connected", "connected", []],
        );
      };
      await isWell();
      await body({ page, attackerPage, victim, attacker });
      await isWell();
    },
  );

for (const kind of KINDS) {
  describe(`a victim in ${kind}`, () => {
    test("drops what is about a connection that it has never heard of", () =>
      attack(kind, true, async ({ page, attackerPage }) => {
        const rejects = await attackerPage.evaluate(async () => {
          const sdp = await real();
          tell("answer", { connection: 1, number: 1, sdp });
          tell("ice-candidate", { connection: 1, end: "abcd" });
          tell("reject", { connection: 1, number: 1, code: "description-rejected" });
          tell("reject", { connection: 1, target: 4, number: 1, code: "connection-gone" });
          tell("close", { connection: 1 });
          tell("close", { connection: 1, target: 4 });
          tell("answer", { connection: 2, target: 3, number: 8, sdp });
          tell("offer", { connection: 2, target: 3, number: 9, sdp });
          tell("invite", { connection: 2, target: 3 });
          await quiet();
          return answers("reject").map(({ payload: { connection, target, number, code } }) => [connection, target, number, code]);
        });
        assert.deepEqual(
          rejects,
          [8, 9, 0].map((number) => [0, 2, number, "connection-gone"]),
        );
        assert.equal(await page.evaluate("client.remotePeers.length"), 1, "nobody but the friend");
      }));

    test("refuses descriptions that its browser refuses, and takes a good one afterwards", () =>
      attack(kind, true, async ({ page, attackerPage, attacker }) => {
        const answered = await attackerPage.evaluate(
          async ({ SDP }) => {
            // It goes on whatever the victim says.
            const send = plain.send.bind(plain);
            plain.send = (type, payload, to, id) => type === "reject" || send(type, payload, to, id);
            const good = await real();
            const bad = {
              "no media": SDP,
              "cut off": good.slice(0, 300),
              "no ufrag": good.replace(/a=ice-ufrag.*\r\n/g, ""),
              "no fingerprint": good.replace(/a=fingerprint.*\r\n/g, ""),
              "a fingerprint that is none": good.replace(/a=fingerprint.*/g, "a=fingerprint:sha-256 zz"),
              "no role": good.replace(/a=setup.*/g, "a=setup:nobody"),
              "no type of media": good.replace(/m=application.*/g, "m=nonsense 9 X Y"),
              "a port that is none": good.replace(/m=application 9/g, "m=application 99999999"),
              "200 kB of lines": good + "a=x\r\n".repeat(33_000),
              "2000 sections": good + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n".repeat(2000),
              "a bundle of nothing": good.replace(/a=group.*/g, "a=group:BUNDLE x y z"),
              "lines without an end": good.replaceAll("\r\n", "\r\n\r\n"),
            };
            const outcomes = {};
            let number = 0;
            for (const [name, sdp] of Object.entries(bad)) {
              number += 1;
              tell("offer", { connection: 77, number, sdp });
              const answer = () => [...answers("reject"), ...answers("answer")].find(({ payload }) => payload.number === number);
              outcomes[name] = (await until(answer, name)).type;
            }
            // An older one, and one that does not count from 1.
            tell("offer", { connection: 77, number: 1, sdp: good });
            tell("offer", { connection: 77, number: 0, sdp: good });
            await quiet();
            plain.send = send;
            return [outcomes, answers("answer").length + answers("reject").length];
          },
          { SDP },
        );
        const [outcomes, count] = answered;
        assert.equal(count, 12, JSON.stringify(outcomes));
        for (const name of ["cut off", "no ufrag", "a fingerprint that is none"]) assert.equal(outcomes[name], "reject", name);
        // The plain client begins anew, honestly.
        await attackerPage.evaluate("(victim) => void plain.connect(victim)", await page.evaluate("client.peerId"));
        await page.waitFor((attacker) => client.remotePeers.find(({ id }) => id === attacker)?.state === "connected", attacker, {
          what: "the honest connection",
        });
      }));

    for (const isLower of [true, false]) {
      const role = isLower ? "impolite" : "polite";
      test(`takes no answer but the one to its offer, from an attacker that is ${role}; the dead generations' candidates do nothing`, () =>
        attack(kind, isLower, async ({ page, attackerPage, victim, attacker }) => {
          await attackerPage.evaluate((victim) => {
            // It does not care that what it says is refused.
            plain.addEventListener("connection", ({ detail: connection }) => {
              const receive = connection.receive.bind(connection);
              connection.receive = (type, payload) => type === "reject" || receive(type, payload);
            });
            const send = plain.send.bind(plain);
            plain.send = (type, payload, to, id) => {
              if (type === "answer" && to === victim) {
                for (const number of [0, payload.number + 1, 4_294_967_295]) send(type, { ...payload, number, sdp: `v=0\r\nstale` }, to);
                send(type, { ...payload, target: payload.target ^ 1 }, to);
                send(type, { ...payload, connection: payload.connection ^ 1, number: payload.number + 7 }, to);
              }
              const frame = send(type, payload, to, id);
              if (type === "answer" && to === victim) send(type, { ...payload, sdp: "v=0\r\nonce more" }, to);
              return frame;
            };
          }, victim);
          await page.evaluate((attacker) => client.peer(attacker).connect({ timeoutMs: 8000 }), attacker);
          await attackerPage.evaluate(
            async ({ victim, HOST }) => {
              const { connection, remote, pc } = plain.connections.get(victim);
              const own = /a=ice-ufrag:(\S+)/.exec(pc.localDescription.sdp)[1];
              for (let at = 0; at < 200; at += 1) {
                const usernameFragment = at % 4 === 0 ? own : `dead${at}`;
                const candidates = Array.from({ length: 10 }, (_, of) => ({
                  candidate: HOST.replace(" 9 ", ` ${1000 + of} `),
                  sdpMid: "0",
                  usernameFragment,
                }));
                tell("ice-candidate", { connection, target: remote, candidates, end: usernameFragment });
                if (at % 20 === 0) await quiet(0);
              }
              for (const end of ["dead", "", "x".repeat(10_000)]) tell("ice-candidate", { connection, target: remote, end });
              for (const mid of ["nobody", "", "\u0000"])
                tell("ice-candidate", {
                  connection,
                  target: remote,
                  candidates: [{ candidate: HOST, sdpMid: mid, sdpMLineIndex: 65_535 }],
                });
              tell("invite", { connection, target: remote, end: "dead" });
              tell("reject", { connection, target: remote, number: 9, code: "description-rejected" });
              tell("reject", { connection, target: remote, number: 9, code: "whatever" });
              await quiet();
            },
            { victim, HOST },
          );
          const state = await page.evaluate((attacker) => client.remotePeers.find(({ id }) => id === attacker)?.state, attacker);
          assert.equal(state, "connected");
        }));
    }

    test("is not connected by somebody else's description", () =>
      attack(kind, false, async ({ page, attackerPage, victim, attacker }) => {
        for (const [name, change] of Object.entries({
          fingerprint: "(sdp, other) => sdp.replace(/a=fingerprint:.*/g, /a=fingerprint:.*/.exec(other)[0])",
          fragment:
            "(sdp, other) => sdp.replace(/a=ice-ufrag:.*/g, /a=ice-ufrag:.*/.exec(other)[0]).replace(/a=ice-pwd:.*/g, /a=ice-pwd:.*/.exec(other)[0])",
        })) {
          await attackerPage.evaluate(
            `async (victim) => {
              const [other, change] = [await real(), ${change}];
              window.honest ??= plain.send.bind(plain);
              plain.send = (type, payload, to, id) => honest(type, type === "answer" ? { ...payload, sdp: change(payload.sdp, other) } : payload, to, id);
            }`,
            victim,
          );
          const failed = await outcome(page, "(attacker) => client.peer(attacker).connect({ timeoutMs: 2500 })", attacker);
          assert.ok(["timeout", "connection-failed", "connection-gone"].includes(failed.code), `${name}: ${JSON.stringify(failed)}`);
          await page.evaluate("(attacker) => client.remotePeers.find(({ id }) => id === attacker)?.close()", attacker);
        }
        await attackerPage.evaluate("void (plain.send = honest)");
        await page.evaluate("(attacker) => client.peer(attacker).connect({ timeoutMs: 8000 })", attacker);
      }));

    test("stands floods: of beginnings, of ends, of candidates, of invitations, of messages", () =>
      attack(kind, true, async ({ page, attackerPage, attacker, victim }) => {
        await attackerPage.evaluate(
          async ({ HOST, SDP, victim }) => {
            const sdp = await real();
            for (let at = 1; at <= 200; at += 1) {
              const connection = 1000 + at;
              tell("offer", { connection, number: 1, session: at, sdp: at % 10 === 0 ? sdp : SDP });
              tell("ice-candidate", { connection, candidates: [{ candidate: HOST, usernameFragment: "x" }], end: "x" });
              if (at % 3 === 0) tell("close", { connection });
              if (at % 7 === 0) tell("invite", { connection: 5000 + at });
              tell("reject", { connection, number: at, code: "description-rejected" });
              if (at % 20 === 0) await quiet(0);
            }
            for (let at = 0; at < 300; at += 1) {
              tell("message", { data: "{no JSON" });
              tell("offer", { own: true, sdp: SDP });
              tell("ice-candidate", { own: true, candidates: [{ candidate: HOST }], end: "" });
              if (at % 20 === 0) await quiet(0);
            }
            // The server takes no more for a peer that is slow: it says so, and the next one may be taken.
            const isSent = async (id) => {
              plain.send("message", { data: '"the last"' }, victim, id);
              return (await until(() => frames.find(({ payload }) => payload?.ref === id), "an answer")).type === "sent";
            };
            for (let id = 900_000; !(await isSent(id)); id += 1) await quiet(50);
          },
          { HOST, SDP, victim },
        );
        await page.waitFor('messages.at(-1) === "the last"');
        assert.equal(await page.evaluate("messages.length"), 1, "what is no JSON is no message");
        assert.ok((await page.evaluate("client.remotePeers.length")) <= 2);
        // However that ended, an honest start is taken up.
        await attackerPage.evaluate("(victim) => (plain.connections.get(victim)?.close(), void plain.connect(victim))", victim);
        await page.waitFor((attacker) => client.remotePeers.find(({ id }) => id === attacker)?.state === "connected", attacker, {
          what: "the honest connection",
        });
      }));
  });
}
