// Whatever happens to the sockets: every message arrives once and in order, and the sender learns of every message that cannot arrive.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startServer } from "../harness/server.mjs";
import {
  assertUntouched,
  connectPeers,
  flows,
  heardOf,
  join,
  links,
  meanwhile,
  members,
  receives,
  resumes,
  send,
  start,
  withSides,
} from "./support/chaos.mjs";
import { makeWorld, seed, seeded } from "./support/world.mjs";

const RESUMES = 20;
const MESSAGES = 100;
/** A little slower than the rate that the server allows for a long time. */
const PACE_MS = 55;
const WINDOW_S = 2;

let world;
/** The options of a server that soon gives up clients that are away. */
let hasty;
before(async () => {
  world = await makeWorld(["chromium", "chromium", "firefox", "firefox"]);
  hasty = await startServer(world.namespace, { args: ["--resume-window", String(WINDOW_S)] });
});
after(() => world?.close());

const sidesOf = (kinds, body) => withSides(world, world.pick(...kinds), body);
const numbers = (count) => Array.from({ length: count }, (_, at) => at + 1);

// The two browsers run side by side, because the tests mostly wait.
describe("delivery", { concurrency: 2 }, () => {
  for (const kinds of [
    ["chromium", "chromium"],
    ["firefox", "chromium"],
  ]) {
    describe(kinds.join(" and "), { concurrency: 1 }, () => {
      test(`${RESUMES} resumptions in a row without traffic, then as many with a message each`, () =>
        sidesOf(kinds, async (ada, bob) => {
          for (const side of [ada, bob]) await start(side);
          await connectPeers(ada, bob);
          for (const round of numbers(RESUMES)) {
            for (const side of [ada, bob]) await side.faults.act({ cut: round % 2 === 0 ? "reset" : "fin" });
            for (const side of [ada, bob]) await resumes(side, round);
          }
          for (const round of numbers(RESUMES)) {
            for (const side of [ada, bob]) await side.faults.act({ cut: round % 2 === 0 ? "reset" : "fin" });
            const ends = await Promise.all([send(ada, bob.id, [`a${round}`]), send(bob, ada.id, [`b${round}`])]);
            assert.deepEqual(ends, [["sent"], ["sent"]]);
            for (const side of [ada, bob]) await resumes(side, RESUMES + round);
          }
          await receives(
            bob,
            ada,
            numbers(RESUMES).map((at) => `a${at}`),
          );
          await receives(
            ada,
            bob,
            numbers(RESUMES).map((at) => `b${at}`),
          );
          for (const side of [ada, bob]) {
            assert.deepEqual(await resumes(side, 2 * RESUMES), Array(2 * RESUMES).fill(true));
            // On a busy machine a second socket may have been opened beside a slow one.
            assert.ok((await links(side)) > 2 * RESUMES);
          }
          await flows(ada, bob, "afterwards");
          await assertUntouched(ada, bob);
        }));

      test(`messages 1 to ${MESSAGES} in both directions while sockets are cut at any byte`, async (t) => {
        const start_ = seed();
        t.diagnostic(`SEED=${start_}`);
        const random = seeded(start_);
        await sidesOf(kinds, async (ada, bob) => {
          for (const side of [ada, bob]) {
            for (let link = 0; link < 60; link += 1) {
              // In either direction: the number of bytes is often a place inside a frame, and now and then before the first frame.
              const when = { link, direction: random() < 0.5 ? "up" : "down", byte: Math.floor(random() * (random() < 0.2 ? 400 : 2500)) };
              await side.faults.rule({ when, act: { cut: random() < 0.5 ? "reset" : "fin" } });
            }
          }
          for (const side of [ada, bob]) await start(side);
          /** In a page: sends the numbers, one after another at a fixed rate; every third with a receipt. */
          const talk = (side, to) =>
            meanwhile(
              side,
              async ({ to, count, pace }) => {
                const target = client.peer(to);
                const ends = [];
                for (let at = 1; at <= count; at += 1) {
                  ends.push(
                    target.send(at, { receipt: at % 3 === 0 }).then(
                      () => "sent",
                      ({ code }) => code,
                    ),
                  );
                  await new Promise((done) => setTimeout(done, pace));
                }
                return [...new Set(await Promise.all(ends))];
              },
              { to, count: MESSAGES, pace: PACE_MS },
            );
          const ends = await Promise.all([talk(ada, bob.id), talk(bob, ada.id)]);
          assert.deepEqual(ends, [["sent"], ["sent"]]);
          await receives(bob, ada, numbers(MESSAGES));
          await receives(ada, bob, numbers(MESSAGES));
          for (const side of [ada, bob]) {
            const count = await links(side);
            t.diagnostic(`${side.id}: ${count - 1} cuts`);
            assert.ok(count > 5, `only ${count} links`);
            const told = await side.page.evaluate("told('resume')");
            assert.deepEqual(
              told.filter(({ resumed }) => !resumed),
              [],
            );
            assert.deepEqual(await side.page.evaluate("told('error')"), []);
          }
        });
      });

      test("an outage past the window: told once and why, and everything is rebuilt", () =>
        withSides({ ...world, server: hasty }, world.pick(...kinds), async (ada, bob) => {
          const room = `room-${ada.id}`;
          for (const side of [ada, bob]) {
            await start(side);
            await join(side, room);
          }
          await heardOf(ada, bob.id, 1);
          await connectPeers(ada, bob);
          await ada.faults.act({ gate: "reset", cut: "reset" });
          await ada.page.waitFor("client.state === 'reconnecting'");
          // None of these messages has a number yet: they go out in the new session.
          const waiting = send(ada, bob.id, ["while", "away"]);
          // The connection works, so the member is not away; its session ends with the window.
          assert.deepEqual(await heardOf(bob, ada.id, 1, { timeoutMs: (WINDOW_S + 5) * 1000 }), ["peerleave lost"]);
          assert.deepEqual(await members(bob), []);
          await flows(ada, bob, "in the outage");
          await ada.faults.act({ gate: "open" });
          assert.deepEqual(await resumes(ada, 1), ["session-expired"]);
          assert.deepEqual(await heardOf(bob, ada.id, 2), ["peerleave lost", "peerjoin"]);
          assert.deepEqual([await members(ada), await members(bob)], [[bob.id], [ada.id]]);
          assert.deepEqual(await waiting, ["sent", "sent"]);
          await receives(bob, ada, ["while", "away"]);
          assert.deepEqual(await send(bob, ada.id, ["back"]), ["sent"]);
          await receives(ada, bob, ["back"]);
          await flows(ada, bob, "afterwards");
          await assertUntouched(ada, bob);
          assert.deepEqual(await resumes(ada, 1), ["session-expired"], "once");
          assert.deepEqual(await ada.page.evaluate("people.map(({ what }) => what)"), ["peerjoin"], "who stayed is not told of again");
          // The new session works like any other.
          await ada.faults.act({ cut: "reset" });
          assert.deepEqual(await resumes(ada, 2), ["session-expired", true]);
        }));
    });
  }

  for (const kind of ["chromium", "firefox"]) {
    test(`the outbox at its bound, in messages and in bytes (${kind})`, () =>
      sidesOf([kind, kind], async (ada, bob) => {
        await start(ada);
        await start(bob);
        // All messages are for the first of them; the bytes are for all five, because the server bounds what waits for each of them too.
        const receivers = numbers(5).map((at) => `${bob.id}-${at}`);
        await meanwhile(
          bob,
          async (ids) => {
            window.answers = Object.fromEntries(ids.map((id) => [id, []]));
            window.clients = ids.map((peerId) => new signalpostModule.SignalingClient("/signal", { peerId }));
            for (const one of clients) {
              one.signals.addEventListener("answer", ({ description }) =>
                answers[one.peerId].push(Number(/^s=(\d+)/m.exec(description.sdp)[1])),
              );
            }
            await Promise.all(clients.map((one) => one.connect()));
            return true;
          },
          receivers,
        );
        /** In a page: sends answers for the application's own connections, `{ to, first, count, size }`, to each peer in turn; `window.outcomes` says how each call ended. */
        const signal = `({ to, first, count, size }) => {
          const rest = "a=x:" + "x".repeat(size) + "\\r\\n";
          window.outcomes = [];
          for (let at = 0; at < count; at += 1) {
            const sdp = "v=0\\r\\no=- 1 2 IN IP4 127.0.0.1\\r\\ns=" + (first + at) + "\\r\\nt=0 0\\r\\n" + rest;
            const end = (how) => (outcomes[at] = how);
            client.signals.sendAnswer(to[at % to.length], { type: "answer", sdp }).then(() => end("sent"), ({ code }) => end(code));
          }
        }`;
        const outage = async (round, given, kept) => {
          await ada.faults.act({ gate: "reset", cut: "reset" });
          await ada.page.waitFor("client.state === 'reconnecting'");
          await ada.page.evaluate(signal, given);
          // The client refuses a message beyond the bound at once, not when the link is back.
          await ada.page.waitFor(`outcomes.filter(Boolean).length >= ${given.count - kept}`);
          assert.deepEqual(
            await ada.page.evaluate("outcomes.map((how, at) => how && at).filter((at) => at !== null)"),
            numbers(given.count)
              .slice(kept)
              .map((at) => at - 1),
          );
          await ada.faults.act({ gate: "open" });
          await ada.page.waitFor(`outcomes.filter(Boolean).length === ${given.count}`);
          assert.deepEqual(await ada.page.evaluate("outcomes"), [
            ...Array(kept).fill("sent"),
            ...Array(given.count - kept).fill("outbox-full"),
          ]);
          const sent = numbers(given.count)
            .map((at) => given.first + at - 1)
            .slice(0, kept);
          const expected = Object.fromEntries(receivers.map((id) => [id, sent.filter((_, at) => given.to[at % given.to.length] === id)]));
          await bob.page.waitFor(`Object.values(answers).flat().length >= ${kept}`);
          assert.deepEqual(await bob.page.evaluate("answers"), expected);
          await bob.page.evaluate("Object.values(answers).forEach((all) => (all.length = 0))");
          assert.deepEqual(await resumes(ada, round), Array(round).fill(true));
        };
        await outage(1, { to: receivers.slice(0, 1), first: 1, count: 300, size: 10 }, 256);
        // 1 MiB.
        await outage(2, { to: receivers, first: 1000, count: 12, size: 200_000 }, 5);
        assert.deepEqual(await send(ada, bob.id, ["room again"]), ["sent"]);
        await receives(bob, ada, ["room again"]);
      }));
  }
});
