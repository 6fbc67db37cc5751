// False numbers and acknowledgements, sent to the real server over real sockets.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { equipRaw } from "./support/raw_session.mjs";
import { blank } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium"])));
after(() => world?.close());

let names = 0;
/** Runs `body` in a page with a raw session `ada` and a raw session `friend`, whose ids are `id` and `other`. */
const inPage = (body, arg) =>
  withPages(world.pick("chromium"), [blank(world.server)], async (page) => {
    await equipRaw(page);
    await page.evaluate(async (run) => {
      window.id = `ada-${run}`;
      window.other = `friend-${run}`;
      window.ada = await dial({ id });
      window.friend = await dial({ id: other });
      for (const raw of [ada, friend]) raw.say({ type: "ack", ack: 0 });
    }, ++names);
    return page.evaluate(body, arg);
  });

test("a gap is refused with a code that helps, and nothing after it is executed", async () => {
  const told = await inPage(async () => {
    ada.say(text(other, "one", { seq: 1, ack: 0 }));
    ada.say(text(other, "three", { seq: 3, ack: 0 }));
    ada.say(text(other, "two", { seq: 2, ack: 0 }));
    const answers = [brief(await ada.next()), brief(await ada.next())];
    const code = await ada.closed;
    const back = await dial({ id, key: ada.key, received: 1 }, [text(other, "two", { seq: 2 }), text(other, "three", { seq: 3 })]);
    return {
      answers,
      code,
      welcome: back.welcome.payload,
      friend: [await friend.next(), await friend.next(), await friend.next()].map(brief),
      rest: await friend.rest(),
    };
  });
  assert.deepEqual(
    told.answers.map(([type, code]) => [type, code]),
    [
      ["sent", null],
      ["error", "sequence-gap"],
    ],
  );
  assert.deepEqual([told.code, told.welcome.resumed, told.welcome.received], [4005, true, 1]);
  assert.deepEqual(
    told.friend.map(([, data]) => data),
    ["one", "two", "three"],
  );
  assert.deepEqual(told.rest, []);
});

test("a number that is missing, 0 or none is refused; the right one is taken afterwards", async () => {
  const odd = [undefined, null, 0, -1, 1.5, "1", true, [], {}, 4294967296, 1e300];
  const told = await inPage(async (odd) => {
    const answers = [];
    for (const seq of odd) {
      ada.say(text(other, "odd", seq === null ? {} : { seq, ack: ada.top }));
      answers.push(await ada.next());
    }
    ada.say({ type: "join", id: 9, seq: 0, payload: { room: 5 } });
    answers.push(await ada.next());
    ada.tell(text(other, "right"));
    answers.push(await ada.next());
    return { answers, isOpen: ada.isOpen(), friend: [brief(await friend.next()), await friend.rest()] };
  }, odd);
  const right = told.answers.pop();
  assert.deepEqual(
    told.answers.splice(-1).map(({ payload, seq }) => [payload.code, seq]),
    [["invalid-message", undefined]],
  );
  for (const [at, { type, payload, seq }] of told.answers.entries()) {
    assert.deepEqual([type, payload.code, seq], ["error", "invalid-message", undefined], JSON.stringify(odd[at]));
    assert.match(payload.message, /seq/);
  }
  assert.deepEqual([right.type, told.isOpen, told.friend[0][1], told.friend[1]], ["sent", true, "right", []]);
});

test("what comes twice is executed once, as often as it comes", async () => {
  const told = await inPage(async () => {
    for (let at = 0; at < 50; at += 1) ada.say(text(other, "one", { seq: 1, ack: ada.top }));
    ada.say(text(other, "two", { seq: 2, ack: ada.top }));
    for (let at = 0; at < 50; at += 1) ada.say(text(other, "other words", { seq: 1, ack: ada.top }));
    return {
      friend: [await friend.next(), await friend.next()].map(brief),
      rest: await friend.rest(),
      answers: (await ada.rest()).map(brief),
    };
  });
  assert.deepEqual(
    told.friend.map(([, data]) => data),
    ["one", "two"],
  );
  assert.deepEqual([told.rest, told.answers.map(([type]) => type)], [[], ["sent", "sent"]]);
});

test("a refused frame has its place in the order: its answer is numbered, and comes once", async () => {
  const told = await inPage(async () => {
    const bad = [
      { type: "leave", id: 3, payload: { room: "nowhere" } },
      { type: "join", id: 4, payload: {} },
      { type: "dance", id: 5 },
      { type: "offer", id: 6, to: other, payload: { connection: 1, number: 1, sdp: "hello" } },
      text(`nobody-${id}`, "1"),
      { type: "peer-discovery", id: 8, payload: { limit: 0 } },
    ];
    for (const frame of bad) ada.tell(frame);
    ada.tell(text(other, "right"));
    const answers = [];
    for (let at = 0; at <= bad.length; at += 1) answers.push(await ada.next());
    return {
      answers: answers.map(({ type, payload, seq }) => [type, payload.code ?? null, seq]),
      isOpen: ada.isOpen(),
      friend: brief(await friend.next())[1],
    };
  });
  const codes = ["room-not-joined", "invalid-message", "unknown-type", "invalid-description", "peer-not-found", "invalid-message"];
  assert.deepEqual(told.answers, [...codes.map((code, at) => ["error", code, at + 1]), ["sent", null, 7]]);
  assert.deepEqual([told.isOpen, told.friend], [true, "right"]);
});

test("an acknowledgement from the future is refused and believed in nothing", async () => {
  const told = await inPage(async () => {
    ada.say({ type: "ack", id: 4, ack: 999 });
    const refused = await ada.next();
    friend.tell(text(id, "one"));
    const one = await ada.next();
    // The client acknowledged nothing, so the frame comes again.
    const code = await ada.drop();
    const back = await dial({ id, key: ada.key, received: 0 });
    return { refused, one: brief(one), code, welcome: back.welcome.payload, again: brief(await back.next()) };
  });
  const { type, payload, seq } = told.refused;
  assert.deepEqual([type, payload.code, seq], ["error", "invalid-message", undefined]);
  assert.match(payload.message, /ack/);
  assert.deepEqual([told.welcome.resumed, told.one, told.again], [true, told.again, told.one]);
});

test("an acknowledgement that is no number, or goes back, harms nothing", async () => {
  const told = await inPage(async () => {
    friend.tell(text(id, "one"));
    await ada.next();
    ada.say({ type: "ack", ack: 1 });
    for (const ack of [-1, 1.5, "1", true, [], {}, 4294967296]) ada.say({ type: "ack", ack });
    const refused = await ada.rest();
    ada.say({ type: "ack", ack: 0 });
    friend.tell(text(id, "two"));
    const two = await ada.next();
    return { refused: refused.map(brief), two: brief(two), isOpen: ada.isOpen(), rest: await ada.rest() };
  });
  assert.deepEqual(
    told.refused.map(([, code]) => code),
    Array(7).fill("invalid-message"),
  );
  assert.deepEqual([told.two[1], told.two[3], told.isOpen, told.rest], ["two", 2, true, []]);
});

test("a mailbox takes what it may hold and no more; its owner gets all that was taken, in order", async () => {
  const told = await inPage(async () => {
    await ada.drop();
    const answers = [];
    for (let at = 0; at < 300; at += 1) {
      friend.tell(text(id, `${at}`));
      answers.push((await friend.next()).payload.code ?? "sent");
    }
    const back = await dial({ id, key: ada.key, received: 0 });
    const taken = answers.filter((answer) => answer === "sent").length;
    const got = [];
    for (let at = 0; at < taken; at += 1) got.push(await back.next());
    // The answer shows that the acknowledgement has arrived, because the friend's socket does not wait for this one.
    back.tell({ type: "peer-discovery", id: 5, payload: {} });
    await back.next();
    friend.tell(text(id, "room again"));
    return {
      answers,
      got: got.map(({ payload, seq }) => [payload.data, seq]),
      after: brief(await back.next())[1],
      rest: await back.rest(),
    };
  });
  const taken = told.answers.indexOf("peer-busy");
  assert.equal(taken, 256);
  assert.ok(told.answers.slice(taken).every((answer) => answer === "peer-busy"));
  assert.deepEqual(
    told.got,
    Array.from({ length: taken }, (_, at) => [`${at}`, at + 1]),
  );
  assert.deepEqual([told.after, told.rest], ["room again", []]);
});

test("who does not acknowledge the answers to its own frames loses its session, and nobody else anything", async () => {
  const told = await inPage(async () => {
    let code;
    ada.closed.then((closed) => (code = closed));
    let asked = 0;
    for (; asked < 700 && code === undefined; asked += 1) {
      ada.say({ type: "leave", id: 10 + asked, seq: asked + 1, ack: 0, payload: { room: "never" } });
      await Promise.race([ada.next(), ada.closed]);
    }
    const back = await dial({ id, key: ada.key, received: ada.top });
    friend.tell(text(id, "new"));
    return { asked, code, welcome: back.welcome.payload, next: brief(await back.next()), isOpen: friend.isOpen() };
  });
  assert.deepEqual([told.code, told.welcome.resumed, told.isOpen], [4006, false, true]);
  assert.ok(told.asked > 512, `after ${told.asked}`);
});

test("who acknowledges no news of others keeps its session, and is told where they stand", async () => {
  const told = await inPage(async () => {
    // A peer enters and leaves a room again and again, as often as the server allows; each time its members get a notice.
    ada.tell({ type: "join", id: 2, payload: { room: id } });
    await ada.next();
    const answers = [];
    const began = performance.now();
    for (let at = 0; at < 80; at += 1) {
      friend.tell({ type: "join", id: 3, payload: { room: id } });
      const joined = await friend.next();
      answers.push(joined.payload.code ?? joined.type);
      if (joined.type !== "joined") {
        answers.push(joined.payload.after > 0 && joined.payload.after <= 250);
        break;
      }
      friend.tell({ type: "leave", id: 3, payload: { room: id } });
      await friend.next();
    }
    // A busy machine takes long enough for the server to allow some more: one each 250 ms.
    const regained = Math.floor((performance.now() - began) / 250);
    await ada.drop();
    const back = await dial({ id, key: ada.key, received: 0 });
    return { answers, regained, resumed: back.welcome.payload.resumed };
  });
  assert.ok(told.resumed);
  const joined = told.answers.filter((answer) => answer === "joined").length;
  assert.ok(joined >= 64 && joined <= 64 + told.regained, `${joined} joined, ${told.regained} regained`);
  assert.deepEqual(told.answers, [...Array(joined).fill("joined"), "rate-limited", true]);
});
