// Credentials for a TURN server end: the client asks the application for new ones, in time and before an ICE restart. A coturn of the
// test's own checks them, and every connection here may use nothing but its relay.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { toolPath } from "../../tools/toolchain.mjs";
import { blank, loadModule, outcome } from "./support/pages.mjs";
import { PAIRS, makeWorld, withPages } from "./support/world.mjs";

const SECRET = "a secret of the test";
const URL = "turn:10.9.0.1:3478";
/** How long credentials live, in seconds, as coturn counts. */
const LIFE_S = 6;

let world;
let coturn;
before(async () => {
  world = await makeWorld(["chromium", "chromium", "firefox", "firefox"]);
  if (world.namespace.isHost) return;
  const options = ["--use-auth-secret", `--static-auth-secret=${SECRET}`, "--realm=example.org", "--listening-ip=10.9.0.1"];
  coturn = world.namespace.spawn(toolPath("coturn"), ["-n", ...options, "--no-cli", "--no-tls", "--no-dtls", "--log-file=stdout"]);
  // It listens some time after its start. The kernel's list has ports in hexadecimal digits.
  const port = (3478).toString(16).toUpperCase().padStart(4, "0");
  const list = () => world.namespace.run("cat", ["/proc/net/udp"]);
  for (const end = Date.now() + 20_000; !(await list()).stdout.includes(`:${port} `); await setTimeout(100)) {
    if (Date.now() > end) throw new Error("coturn does not listen");
  }
});
after(() => {
  coturn?.kill("SIGKILL");
  return world?.close();
});

/** Credentials by the second in which they end, for the next minutes. */
function credentials() {
  const now = Math.floor(Date.now() / 1000);
  const issued = {};
  for (let end = now; end < now + 300; end += 1) {
    issued[end] = createHmac("sha1", SECRET).update(`${end}:ada`).digest("base64");
  }
  return issued;
}

/** In the page: `issue()` returns credentials that end in `LIFE_S`; `source()` answers with them, or does what `window.mood` says. */
const equip = (page) =>
  page.evaluate(
    ([issued, life, urls]) => {
      Object.assign(window, { asked: 0, mood: "good", failures: [], errors: [], relays: [] });
      window.issue = () => {
        const end = Math.floor(Date.now() / 1000) + life;
        return [{ urls, username: `${end}:ada`, credential: issued[end] }];
      };
      window.source = async () => {
        window.asked += 1;
        if (window.mood === "bad") throw new Error("no credentials today");
        if (window.mood === "silent") await new Promise(() => {});
        return { iceServers: issue(), lifetimeMs: life * 1000 };
      };
      /** Makes the client, and notes what the connections gather. */
      window.begin = (peerId, options) => {
        window.client = new signalpostModule.SignalingClient("/signal", {
          peerId,
          ...options,
          rtc: { iceTransportPolicy: "relay", ...options.rtc },
        });
        client.addEventListener("error", ({ error }) => failures.push(error.code));
        client.addEventListener("peer", ({ peer }) => watch(peer));
        return client.connect();
      };
      window.watch = (peer) => {
        window.peer = peer;
        peer.connection.addEventListener("icecandidateerror", ({ errorCode }) => errors.push(errorCode));
        peer.connection.addEventListener(
          "icecandidate",
          ({ candidate }) => candidate?.type === "relay" && relays.push(candidate.usernameFragment),
        );
      };
      window.ufrag = () => /a=ice-ufrag:(\S+)/.exec(peer.connection.localDescription.sdp)[1];
    },
    [credentials(), LIFE_S, URL],
  );

let names = 0;

/** Connects two pages over the relay; `options` is the source of the options of both clients. */
async function connect(pages, options) {
  const [ada, bob] = ["ada", "bob"].map((name) => `${name}-turn-${++names}`);
  for (const [at, page] of pages.entries()) {
    await loadModule(page);
    await equip(page);
    await page.evaluate(`begin(${JSON.stringify([ada, bob][at])}, ${options}).then(() => {})`);
  }
  await pages[0].evaluate(`(watch(client.peer(${JSON.stringify(bob)})), peer.connect())`);
  for (const page of pages) await page.waitFor("window.peer?.state === 'connected'");
  assert.equal(await pages[0].evaluate("peer.stats().then(({ path }) => path)"), "relay");
}

const sleep = (page, seconds) => page.waitFor(`new Promise((done) => setTimeout(() => done(true), ${seconds * 1000}))`);

/** Restarts ICE from the first page, and waits until both sides have begun a new generation. */
async function restart(pages) {
  const before = await Promise.all(pages.map((page) => page.evaluate("(relays.length = errors.length = 0, ufrag())")));
  await pages[0].evaluate("peer.restartIce()");
  for (const [at, page] of pages.entries()) await page.waitFor("(old) => ufrag() !== old", before[at], { what: "a new ICE generation" });
}

describe("the option iceServers", () => {
  const runs = (name, kinds, body) =>
    test(name, { timeout: 60_000 }, (t) => {
      if (world.namespace.isHost) return t.skip("needs a network namespace: coturn would listen on the addresses of this machine");
      return withPages(world.pick(...kinds), [blank(world.server)], (...pages) => body(pages));
    });

  for (const { name, kinds } of PAIRS) {
    runs(`${name}: after the end of the first credentials a restart gets a relay with new ones`, kinds, async (pages) => {
      await connect(pages, "{ iceServers: source }");
      await sleep(pages[0], LIFE_S + 2);
      for (const page of pages)
        assert.ok((await page.evaluate("window.asked")) >= 3, "asked at connect, and each time when half of the life was over");
      await restart(pages);
      for (const page of pages) {
        await page.waitFor("relays.includes(ufrag())", null, { what: "a relay of the new generation" });
        assert.deepEqual(await page.evaluate("[errors, failures, peer.state]"), [[], [], "connected"]);
      }
    });
  }

  for (const kind of ["chromium", "firefox"]) {
    runs(
      `in ${kind}: credentials that are not renewed give no relay after their end, and the browser says 401`,
      [kind, kind],
      async (pages) => {
        await connect(pages, "{ rtc: { iceServers: issue() } }");
        await sleep(pages[0], LIFE_S + 2);
        await restart(pages);
        await pages[0].waitFor("errors.length > 0");
        assert.deepEqual(await pages[0].evaluate("[[...new Set(errors)], relays]"), [[401], []]);
      },
    );

    runs(
      `in ${kind}: a restart asks first where the renewal failed, and the former servers serve meanwhile`,
      [kind, kind],
      async (pages) => {
        await connect(pages, "{ iceServers: source }");
        for (const page of pages) await page.evaluate("void (window.mood = 'bad')");
        await pages[0].waitFor("failures.length === 1", null, { what: "the renewal to fail" });
        await sleep(pages[0], LIFE_S / 2 + 1);
        for (const page of pages) await page.evaluate("void (window.mood = 'good')");
        const asked = await pages[0].evaluate("window.asked");
        await restart([pages[0]]);
        await pages[0].waitFor("relays.includes(ufrag())", null, { what: "a relay of the new generation" });
        assert.equal(await pages[0].evaluate("window.asked"), asked + 1);
        assert.deepEqual(await pages[0].evaluate("[errors, failures]"), [[], ["ice-servers-unavailable"]]);
      },
    );

    runs(`in ${kind}: no answer, an error and nonsense are told, and hold nothing up for long`, [kind], async ([page]) => {
      await loadModule(page);
      await equip(page);
      await page.evaluate("void (window.mood = 'silent')");
      const { ms } = await outcome(page, () => begin("ada-silent", { iceServers: source }));
      assert.ok(ms > 2500 && ms < 6000, `connect() took ${ms} ms`);
      assert.deepEqual(await page.evaluate("[client.state, failures]"), ["connected", ["ice-servers-unavailable"]]);
      const told = await page.evaluate(async () => {
        client.close();
        const told = [];
        const answers = [
          undefined,
          "turn:example.org",
          [{}],
          [{ urls: "nonsense" }],
          { iceServers: [], lifetimeMs: 1 },
          { iceServers: 7, lifetimeMs: 5000 },
        ];
        for (const answer of answers) {
          const other = new signalpostModule.SignalingClient("/signal", { iceServers: () => answer });
          other.addEventListener("error", ({ error }) => told.push([error.code, error.retryable, typeof error.cause?.message]));
          await other.connect();
          other.close();
        }
        return told;
      });
      assert.deepEqual(told, Array(6).fill(["ice-servers-unavailable", true, "string"]));
      const servers = await page.evaluate(async () => {
        const client = new signalpostModule.SignalingClient("/signal", {
          rtc: { iceServers: [{ urls: "stun:10.9.0.1:3478" }] },
          iceServers: () => issue(),
        });
        const early = client.peer("early");
        await client.connect();
        const urls = ({ connection }) => connection.getConfiguration().iceServers.map(({ urls }) => [urls].flat()[0]);
        return [urls(early), urls(client.peer("late"))];
      });
      assert.deepEqual(servers, Array(2).fill(["stun:10.9.0.1:3478", URL]), "those of rtc and those of the function");
    });
  }
});
