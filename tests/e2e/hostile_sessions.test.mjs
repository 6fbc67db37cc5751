// Lying sessions: forged, stale and replayed keys, impossible numbers and positions, sent to the real server over real sockets.
// Each gets its typed refusal or a clean new session. No client is stuck, and no client gets the frames of another.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { equipRaw } from "./support/raw_session.mjs";
import { blank } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

const WINDOW_S = 2;
let world;
before(async () => (world = await makeWorld(["chromium"], { serverArgs: ["--resume-window", String(WINDOW_S)] })));
after(() => world?.close());

let names = 0;
/** Runs `body(id)` in a page that can `dial()`; `id(name)` returns an id that no other test has. */
const inPage = (body, arg) =>
  withPages(world.pick("chromium"), [blank(world.server)], async (page) => {
    await equipRaw(page);
    names += 1;
    await page.evaluate((run) => {
      window.named = (name) => `${name}-${run}`;
    }, names);
    return page.evaluate(body, arg);
  });

describe("a key", () => {
  test("that is forged is refused, and its owner does not notice", async () => {
    const told = await inPage(async () => {
      const [id, other] = [named("victim"), named("friend")];
      const victim = await dial({ id });
      victim.say({ type: "ack", ack: 0 });
      const friend = await dial({ id: other });
      const forger = await dial({ id, key: "f".repeat(64), received: 0 });
      const code = await forger.closed;
      friend.tell(text(id, "for the victim"));
      return [brief(forger.welcome), code, brief(await friend.next()), brief(await victim.next()), victim.isOpen(), forger.all.length];
    });
    assert.deepEqual(told[0], ["error", "peer-id-taken", null, null]);
    assert.deepEqual([told[1], told[2][0], told[3][1], told[4], told[5]], [4004, "sent", "for the victim", true, 1]);
  });

  test("is another one after each welcome; the stale one is refused, also while its owner is away", async () => {
    const told = await inPage(async () => {
      const id = named("victim");
      const first = await dial({ id, key: "a".repeat(64) });
      const next = first.key;
      // Proves that the welcome arrived.
      first.say({ type: "ack", ack: 0 });
      first.say({ type: "heartbeat" });
      await new Promise((done) => setTimeout(done, 100));
      const stale = [await dial({ id, key: "a".repeat(64), received: 0 })];
      await first.drop();
      stale.push(await dial({ id, key: "a".repeat(64), received: 0 }), await dial({ id, key: "a".repeat(64) }));
      const owner = await dial({ id, key: next, received: 0 });
      return { next, stale: stale.map(({ welcome }) => welcome.payload.code), owner: owner.welcome.payload };
    });
    assert.match(told.next, /^[0-9a-f]{64}$/);
    assert.deepEqual(told.stale, ["peer-id-taken", "peer-id-taken", "peer-id-taken"]);
    assert.deepEqual([told.owner.resumed, told.owner.reason, told.owner.received], [true, undefined, 0]);
    assert.notEqual(told.owner.key, told.next);
  });

  test("whose welcome was lost still opens the session, with or without a position", async () => {
    const told = await inPage(async () => {
      const [id, other] = [named("ada"), named("friend")];
      const key = "b".repeat(64);
      const friend = await dial({ id: other });
      const first = await dial({ id, key }, [text(other, "one", { seq: 1 })]);
      // The client sends no frame with `ack`, as if the `welcome` had never come.
      await friend.next();
      await first.drop();
      const second = await dial({ id, key }, [text(other, "one", { seq: 1 }), text(other, "two", { seq: 2 })]);
      const twice = [brief(await friend.next()), await friend.rest()];
      // Once a welcome is known to have arrived, only its key counts.
      second.say({ type: "ack", ack: 0 });
      await second.drop();
      const dead = [await dial({ id, key }), await dial({ id, key: first.key, received: 0 })];
      const third = await dial({ id, key: second.key, received: 0 });
      return { second: second.welcome.payload, twice, dead: dead.map(({ welcome }) => welcome.payload.code), third: third.welcome.payload };
    });
    assert.deepEqual([told.second.resumed, told.second.received], [true, 1], "the message that came is not asked for again");
    assert.deepEqual([told.twice[0][1], told.twice[1]], ["two", []]);
    assert.deepEqual(told.dead, ["peer-id-taken", "peer-id-taken"]);
    assert.deepEqual([told.third.resumed, told.third.received], [true, 2]);
  });

  test("used by two at once leaves one of them, which gets each message once", async () => {
    const told = await inPage(async () => {
      const [id, other] = [named("twice"), named("friend")];
      const friend = await dial({ id: other });
      const origin = await dial({ id });
      origin.say({ type: "ack", ack: 0 });
      const key = origin.key;
      await origin.drop();
      const outcomes = [];
      for (let round = 0, now = key; round < 10; round += 1) {
        const both = await Promise.all([dial({ id, key: now, received: origin.top }), dial({ id, key: now, received: origin.top })]);
        const first = await Promise.race(both.map(async (raw, at) => [at, await raw.closed]));
        const live = both[1 - first[0]];
        friend.tell(text(id, `round ${round}`));
        await friend.next();
        const got = await live.next();
        origin.top = got.seq;
        live.say({ type: "ack", ack: got.seq });
        await new Promise((done) => setTimeout(done, 50));
        outcomes.push([first[1], got.payload.data, live.isOpen(), both[first[0]].all.filter(({ type }) => type === "message").length]);
        now = live.key;
        await live.drop();
      }
      return outcomes;
    });
    for (const [round, [code, data, isOpen, stolen]] of told.entries()) {
      assert.deepEqual([code, data, isOpen, stolen], [4100, `round ${round}`, true, 0]);
    }
  });

  test("in a hello that is late, or said once more, changes nothing", async () => {
    const told = await inPage(async () => {
      const [id, other] = [named("ada"), named("friend")];
      const key = "c".repeat(64);
      const friend = await dial({ id: other });
      // The key of this hello stays good until a frame with `ack` proves its welcome: that of a first session is not asked about.
      const ada = await dial({ id, key, payload: { attempt: 2 } });
      const late = async (session, attempt) => {
        const socket = new WebSocket(`${location.origin.replace("http", "ws")}/signal`);
        const frames = [];
        socket.onmessage = ({ data }) => frames.push(data);
        const closed = new Promise((done) => (socket.onclose = ({ code }) => done(code)));
        await new Promise((done) => (socket.onopen = done));
        const hello = { versions: [1, 2], key, attempt, peer: { id, session } };
        socket.send(JSON.stringify({ type: "hello", id: 1, payload: hello }));
        socket.send(JSON.stringify(text(other, "late", { seq: 1 })));
        return [await closed, frames.length];
      };
      const codes = [await late(7, 1), await late(7, 2), await late(8, 1)];
      ada.tell(text(other, "mine"));
      const heard = [brief(await friend.next())[1], (await friend.rest()).length];
      return { codes, heard, sent: (await ada.next()).type, isOpen: ada.isOpen() };
    });
    assert.deepEqual(told.codes, [
      [4100, 0],
      [4100, 0],
      [4500, 0],
    ]);
    assert.deepEqual([told.heard, told.sent, told.isOpen], [["mine", 0], "sent", true]);
  });

  test("of one peer opens no session of another", async () => {
    const told = await inPage(async () => {
      const [id, other] = [named("mallory"), named("victim")];
      const mallory = await dial({ id });
      const victim = await dial({ id: other });
      mallory.say({ type: "ack", ack: 0 });
      victim.say({ type: "ack", ack: 0 });
      await victim.drop();
      mallory.tell(text(other, "secret"));
      await mallory.next();
      const thief = await dial({ id: other, key: mallory.key, received: 0 });
      const back = await dial({ id: other, key: victim.key, received: 0 });
      return [thief.welcome.payload.code, thief.all.length, back.welcome.payload.resumed, brief(await back.next())[1]];
    });
    assert.deepEqual(told, ["peer-id-taken", 1, true, "secret"]);
  });
});

describe("a position", () => {
  const positions = { "older than the mailbox": 0, "beyond what was sent": 999 };
  for (const [name, received] of Object.entries(positions)) {
    test(`${name} begins a new session; the others see one end`, async () => {
      const told = await inPage(async (received) => {
        const [id, other] = [named("ada"), named("friend")];
        const ada = await dial({ id });
        ada.tell({ type: "join", id: 2, payload: { room: id } });
        await ada.next();
        const friend = await dial({ id: other });
        friend.tell({ type: "join", id: 2, payload: { room: id } });
        await friend.next();
        await ada.next();
        ada.say({ type: "ack", ack: ada.top });
        await new Promise((done) => setTimeout(done, 50));
        await ada.drop();
        friend.tell(text(id, "for the old session"));
        const back = await dial({ id, key: ada.key, received }, [
          { type: "join", id: 3, seq: 2, payload: { room: id } },
          text(other, "of the old session", { seq: 3 }),
        ]);
        const stray = await back.rest();
        back.tell({ type: "join", id: 4, payload: { room: `${id}-new` } });
        const joined = await back.next();
        await new Promise((done) => setTimeout(done, 200));
        return { welcome: back.welcome.payload, stray: stray.map(brief), joined: brief(joined), friend: (await friend.rest()).map(brief) };
      }, received);
      const { resumed, reason } = told.welcome;
      assert.deepEqual([resumed, reason, told.welcome.received], [false, "position-lost", 0]);
      assert.deepEqual(told.stray, [], "what was meant for the old session is dropped, and nothing of its mailbox comes");
      assert.deepEqual([told.joined[0], told.joined[3]], ["joined", 1], "both directions begin at 1");
      const kinds = told.friend.map(([type]) => type);
      assert.deepEqual(
        kinds.filter((type) => type !== "sent"),
        ["peer-away", "peer-left"],
        JSON.stringify(told.friend),
      );
    });
  }

  test("of a session that never was begins a new one", async () => {
    const told = await inPage(async () => {
      const raw = await dial({ id: named("ghost"), received: 12 }, [{ type: "join", id: 2, seq: 5, payload: { room: "ghosts" } }]);
      const stray = await raw.rest();
      raw.tell({ type: "join", id: 3, payload: { room: "ghosts" } });
      return { welcome: raw.welcome.payload, stray, joined: brief(await raw.next()) };
    });
    assert.deepEqual([told.welcome.resumed, told.welcome.reason, told.welcome.received, told.stray], [false, "session-expired", 0, []]);
    assert.deepEqual(told.joined.slice(0, 1), ["joined"]);
  });

  test("of a session whose window is over begins a new one, and so does another client that takes the name then", async () => {
    const told = await inPage(
      async (ms) => {
        const [id, other] = [named("late"), named("friend")];
        const friend = await dial({ id: other });
        const late = await dial({ id });
        late.say({ type: "ack", ack: 0 });
        await late.drop();
        friend.tell(text(id, "for who was there before"));
        const sent = await friend.next();
        await new Promise((done) => setTimeout(done, ms));
        const thief = await dial({ id, key: "c".repeat(64), session: 8 });
        const stolen = await thief.rest();
        const back = await dial({ id, key: late.key, received: 0 });
        await thief.drop();
        return { sent: sent.type, thief: thief.welcome.payload, stolen, back: back.welcome.payload.code };
      },
      WINDOW_S * 1000 + 700,
    );
    assert.deepEqual([told.sent, told.thief.resumed, told.thief.received, told.stolen], ["sent", false, 0, []]);
    assert.equal(told.back, "peer-id-taken", "the name has a new owner");
  });

  test("that is no number is refused, and the socket stays open for another try", async () => {
    const told = await inPage(async () => {
      const codes = [];
      for (const received of [-1, 1.5, "1", true, [], {}, 4294967296]) {
        const raw = await dial({ id: named("odd"), payload: { received } });
        raw.say({ type: "hello", id: 2, payload: { versions: [1, 2], key: raw.key, peer: { id: named("odd"), session: 7 } } });
        codes.push([raw.welcome.payload.code, (await raw.next()).type]);
        raw.say({ type: "bye" });
        await raw.closed;
      }
      return codes;
    });
    assert.deepEqual(told, Array(7).fill(["invalid-message", "welcome"]));
  });
});
