// The demo as a newcomer uses it: two browsers in a room, chat, video, and a server that stops and comes back.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SNAPSHOT, agreement } from "./support/agreement.mjs";
import { address, chat, click, downloaded, drop, keepDownloads, observe, reads, say, shows } from "./support/demo.mjs";
import { equip } from "./support/pages.mjs";
import { PAIRS, makeWorld, withPages } from "./support/world.mjs";

const AHEAD_MS = 80;

let world;
before(async () => (world = await makeWorld(["chromium", "chromium", "firefox", "firefox"])));
after(() => world?.close());

/** In a page: sends video from the instant on. */
async function addPictureAt(at) {
  const track = picture();
  await instant(at);
  window.sender = peer.addTrack(track, new MediaStream([track]));
}

async function removePictureAt(at) {
  await instant(at);
  sender.track.stop();
  peer.removeTrack(sender);
}

/** In a page: returns how many frames of the arrived tracks were decoded. */
const FRAMES = `async () => {
  const stats = [...(await peer.connection.getStats()).values()];
  return stats.filter(({ type, kind }) => type === "inbound-rtp" && kind === "video").reduce((sum, { framesDecoded = 0 }) => sum + framesDecoded, 0);
}`;

/**
 * In a page: returns how many tracks of the other side still come. `muted` does not say: Chromium leaves a track muted for ever
 * whose media section was in an offer that was rolled back, although its frames arrive.
 */
const COMING = `arrived.filter(({ track, transceiver }) =>
  track.readyState === "live" && ["recvonly", "sendrecv"].includes(transceiver.currentDirection)).length`;

for (const { name, kinds, onlooker } of PAIRS) {
  describe(name, () => {
    const room = `room-${name.replace(/\W/g, "")}`;
    const ids = ["ada", "bob"].map((id) => `${id}-${kinds.join("-")}`);
    let pages = [];
    let third;
    before(async () => {
      const [a, b, c] = world.pick(...kinds, onlooker);
      pages = [await a.open(address(world.server, room, ids[0])), await b.open(address(world.server, room, ids[1]))];
      third = c;
    });
    after(async () => {
      for (const page of pages) await page.close();
    });

    test("shows each the other, connected", async (t) => {
      const began = Date.now();
      for (const [side, page] of pages.entries()) await shows(page, ids[1 - side]);
      t.diagnostic(`after ${Date.now() - began} ms`);
      for (const page of pages) {
        assert.equal(await page.evaluate("window.signalpost.state"), "connected");
        assert.equal(await page.evaluate(`document.querySelectorAll("[data-peer-id]").length`), 1);
      }
    });

    test("carries messages both ways", () => chat(pages, "good morning"));

    test("carries a picture that both add and remove at once, twice", async (t) => {
      for (const [side, page] of pages.entries()) {
        await equip(page);
        await page.evaluate(observe, ids[1 - side]);
      }
      for (const round of [1, 2]) {
        const began = Date.now();
        const before = await Promise.all(pages.map((page) => page.evaluate(FRAMES)));
        const add = Date.now() + AHEAD_MS;
        await Promise.all(pages.map((page) => page.evaluate(addPictureAt, add)));
        await Promise.all(pages.map((page) => page.waitFor(`${COMING} === 1`, null, { what: `the track of round ${round}` })));
        await agreement(...pages);
        await Promise.all(
          pages.map((page, side) =>
            page.waitFor(`(${FRAMES})().then((frames) => frames > ${before[side]} + 2)`, null, { what: `pictures in round ${round}` }),
          ),
        );
        const remove = Date.now() + AHEAD_MS;
        await Promise.all(pages.map((page) => page.evaluate(removePictureAt, remove)));
        await Promise.all(pages.map((page) => page.waitFor(`${COMING} === 0`, null, { what: `the end of the track of round ${round}` })));
        const snapshots = await agreement(...pages);
        for (const { transceivers } of snapshots) {
          for (const { currentDirection } of transceivers) assert.equal(currentDirection, "inactive");
        }
        t.diagnostic(`round ${round}: ${Date.now() - began} ms`);
      }
      await chat(pages, "after the pictures");
      for (const page of pages) assert.deepEqual(await page.evaluate("ended"), []);
    });

    for (const signal of ["SIGTERM", "SIGKILL"]) {
      test(`lives through ${signal} of the server`, async (t) => {
        if (!(await pages[0].evaluate("!!window.channel"))) {
          for (const [side, page] of pages.entries()) await page.evaluate(observe, ids[1 - side]);
        }
        const before = await Promise.all(pages.map((page) => page.evaluate("channel.id")));
        await world.server.stop(signal);
        try {
          for (const page of pages) await page.waitFor("window.signalpost.state === 'reconnecting'", null, { what: "the page to notice" });
          await chat(pages, `without a server (${signal})`);
          for (const [side, page] of pages.entries()) await page.evaluate((text) => channel.send(text), `${signal} ${side}`);
          for (const [side, page] of pages.entries()) await page.waitFor(`heard.includes("${signal} ${1 - side}")`);
        } finally {
          await world.server.start();
        }
        const began = Date.now();
        for (const page of pages)
          await page.waitFor("window.signalpost.state === 'connected'", null, { what: "the page to reconnect by itself" });
        const back = Date.now() - began;
        for (const page of pages) {
          assert.equal(await page.evaluate(`document.querySelectorAll(".toast.failure").length`), 0, "nothing was complained about");
        }
        // They are in the room again: a peer that comes now sees them, and they see it.
        const newcomer = `eve-${signal}-${kinds.join("-")}`;
        await withPages([third], [address(world.server, room, newcomer)], async (page) => {
          for (const id of ids) await shows(page, id);
          for (const member of pages) await shows(member, newcomer);
          await chat([...pages, page], `all three after ${signal}`);
        });
        await chat(pages, `after ${signal}`);
        for (const [side, page] of pages.entries()) {
          assert.deepEqual(await page.evaluate("ended"), [], "the connection was never touched");
          assert.deepEqual(await page.evaluate("[channel.readyState, channel.id]"), ["open", before[side]]);
          const { connectionState } = await page.evaluate(`(${SNAPSHOT})(peer.connection)`);
          assert.equal(connectionState, "connected");
          assert.equal(await page.evaluate("window.signalpost.remotePeers.includes(peer)"), true, "it is the same connection");
        }
        t.diagnostic(`back after ${back} ms`);
      });
    }

    test("shows the end of a page that is closed", async (t) => {
      const began = Date.now();
      await pages[1].goto("about:blank");
      await pages[0].waitFor(`!document.querySelector('[data-peer-id="${ids[1]}"]')`, null, { what: "the tile to go", timeoutMs: 10_000 });
      t.diagnostic(`after ${Date.now() - began} ms`);
      await say(pages[0], "alone");
      await reads(pages[0], "alone");
    });
  });
}

describe("The tools of the page", () => {
  const ids = ["carla", "finn"];
  const pages = [];
  before(async () => {
    for (const [side, browser] of world.pick("chromium", "firefox").entries())
      pages.push(await browser.open(address(world.server, "tools", ids[side])));
    for (const [side, page] of pages.entries()) {
      await shows(page, ids[1 - side]);
      await keepDownloads(page);
      await page.evaluate(observe, ids[1 - side]);
      await page.evaluate(() => {
        window.states = [];
        signalpost.addEventListener("statechange", ({ state }) => {
          if (states.at(-1) !== state) states.push(state);
          if (state === "reconnecting") channel.send("sent without a socket");
        });
      });
    }
  });
  after(async () => {
    for (const page of pages) await page.close();
  });

  /** Checks that the channel and the connection were open all the time. */
  async function untouched() {
    for (const [side, page] of pages.entries()) {
      assert.deepEqual(await page.evaluate("ended"), [], `${ids[side]}: the connection was never touched`);
      assert.deepEqual(await page.evaluate("[channel.readyState, peer.state, signalpost.remotePeers.includes(peer)]"), [
        "open",
        "connected",
        true,
      ]);
    }
  }

  const logbook = (page) => page.evaluate(`document.querySelector("[data-testid=logbook]").textContent`);

  test("carry files that are dropped, both ways at once, and what arrives is what was sent", async (t) => {
    const files = [
      { name: "sea chart.bin", type: "application/octet-stream", size: 3_000_017, seed: 1 },
      { name: "tides.html", type: "text/html", size: 700_001, seed: 2 },
      { name: "empty.txt", type: "text/plain", size: 0, seed: 3 },
    ];
    const began = Date.now();
    for (const file of files) {
      const sent = await Promise.all(pages.map((page) => drop(page, { ...file, seed: file.seed })));
      for (const { shown, hidden } of sent)
        assert.deepEqual([shown, hidden], [true, true], "the page says that it takes the file, until it has it");
      for (const [side, page] of pages.entries()) {
        const got = await downloaded(page, file.name);
        assert.equal(got.digest, sent[1 - side].digest, `${file.name} at ${ids[side]}`);
        assert.deepEqual([got.size, got.download], [file.size, file.name]);
        assert.match(got.words, /SHA-256 compared: intact/);
        assert.equal(got.type, "application/octet-stream", "no stranger's page runs in this origin");
        await page.waitFor(
          `document.querySelectorAll("[data-testid=file][data-direction=out][data-state=done]").length === ${file.seed}`,
          null,
          { what: "the sender to know" },
        );
      }
    }
    t.diagnostic(`${Date.now() - began} ms`);
    assert.equal(await pages[0].evaluate(`document.querySelector(".file[data-direction=out] progress").value`), 1);
    await untouched();
  });

  test("refuse a file that nobody could hold, and take away one that is not wanted", async () => {
    await pages[0].evaluate(() => {
      const chooser = document.querySelector("[data-testid=file-input]");
      const list = new DataTransfer();
      list.items.add(new File([new Uint8Array(64 * 1024 * 1024 + 1)], "too much.bin"));
      chooser.files = list.files;
      chooser.dispatchEvent(new Event("change"));
    });
    await pages[0].waitFor(`document.querySelector("#toasts").textContent.includes("“too much.bin” is too large")`);
    assert.equal(await pages[0].evaluate(`document.querySelectorAll("[data-direction=out]").length`), 3);
    await click(pages[1], ".file[data-direction=in] .file-remove");
    assert.equal(await pages[1].evaluate(`document.querySelectorAll("[data-direction=in]").length`), 2);
    assert.equal(await pages[1].evaluate(`document.activeElement.dataset.testid`), "chat-input", "the focus is not lost with the button");
  });

  test("cut the sockets, which heal by themselves while messages go on", async (t) => {
    const began = Date.now();
    for (const page of pages) await click(page, "[data-testid=cut-socket]");
    for (const page of pages) {
      await page.waitFor(`document.querySelector("[data-testid=link-state]").dataset.state === "reconnecting"`);
      await page.waitFor(`document.querySelector("[data-testid=link-reason]").textContent !== ""`);
    }
    for (const page of pages) await page.waitFor(`heard.includes("sent without a socket")`);
    await chat(pages, "without sockets");
    for (const page of pages) await page.waitFor("signalpost.state === 'connected'", null, { what: "the socket to heal" });
    t.diagnostic(`healed after ${Date.now() - began} ms`);
    for (const page of pages) {
      assert.deepEqual(await page.evaluate("states"), ["reconnecting", "connected"]);
      await page.waitFor(`document.querySelector("[data-testid=resume-note]").textContent === "resumed"`);
      assert.match(await logbook(page), /Server: back after [\d.]+ s.*Server: reconnecting.*You cut the socket/s);
      assert.match(await logbook(page), /Session: resumed, nothing was lost/);
      assert.doesNotMatch(await logbook(page), /away|not in the room/, "a connected peer is not away");
      assert.equal(await page.evaluate(`document.querySelector("#banner").hidden`), true);
    }
    await chat(pages, "with sockets");
    await untouched();
  });

  test("restart ICE, of one peer and of all, on the same channels", async (t) => {
    // Firefox now and then loses DTLS after an ICE restart (glare.test.mjs); its page then connects again.
    const pair = ["ruth", "rolf"];
    await withPages(
      world.pick("chromium", "chromium"),
      pair.map((id) => address(world.server, "restarts", id)),
      async (...both) => {
        for (const [side, page] of both.entries()) {
          await shows(page, pair[1 - side]);
          await page.evaluate(observe, pair[1 - side]);
        }
        const generations = () => Promise.all(both.map((page) => page.evaluate(`(${SNAPSHOT})(peer.connection).own`)));
        for (const [side, selector] of [
          [0, "[data-testid=restart-ice]"],
          [1, "[data-testid=restart-all]"],
        ]) {
          const before = await generations();
          await click(both[side], selector);
          await both[side].waitFor(`document.querySelector("[data-testid=logbook]").textContent.includes("new ICE generation")`, null, {
            what: "the new generation",
          });
          await agreement(...both);
          const now = await generations();
          for (const at of both.keys()) assert.notEqual(now[at], before[at], `${pair[at]} has a new generation`);
          assert.equal(await both[side].evaluate(`document.querySelector("[data-testid=restart-ice]").getAttribute("aria-busy")`), "false");
          t.diagnostic(/new ICE generation in \d+ ms/.exec(await logbook(both[side]))[0]);
          await chat(both, `after the restart by ${pair[side]}`);
        }
        for (const page of both) {
          assert.deepEqual(await page.evaluate("[channel.readyState, peer.state, signalpost.remotePeers.includes(peer)]"), [
            "open",
            "connected",
            true,
          ]);
          assert.deepEqual(await page.evaluate("ended.filter((what) => !/^connect(ing|ed) $/.test(what))"), []);
        }
      },
    );
  });

  test("say what helps when there is no camera, and send a picture all the same", async () => {
    await click(pages[0], "#camera");
    await pages[0].waitFor(`document.querySelector("#toasts .failure")?.textContent.includes("Your camera stays off")`);
    await click(pages[0], "#toasts .failure .button");
    await pages[1].waitFor(
      `(() => { const video = document.querySelector('[data-peer-id="carla"] video'); return !video.hidden && video.videoWidth > 0; })()`,
      null,
      { what: "the test picture" },
    );
    assert.equal(await pages[0].evaluate(`document.querySelector("#camera").getAttribute("aria-pressed")`), "true");
    await click(pages[0], "#camera");
    await pages[1].waitFor(`document.querySelector('[data-peer-id="carla"] video').hidden`, null, { what: "the end of the test picture" });
  });

  test("can all be reached and used from the keyboard", async () => {
    const page = pages[0];
    const [, second] = world.pick("chromium", "chromium");
    const other = await second.open(address(world.server, "keys", "olga"));
    /** Presses Tab until this element has the focus; returns the elements that had it on the way, each with a visible ring. */
    const tabTo = async (goal, key = "Tab") => {
      const way = [];
      while (way.at(-1) !== goal && way.length < 40) {
        await page.press(key);
        const { name, ring } = await page.evaluate(() => {
          const { activeElement: element } = document;
          const { outlineStyle, outlineWidth } = getComputedStyle(element);
          const name = element.dataset.testid ?? (element.id || element.className || element.localName);
          return { name, ring: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 };
        });
        assert.ok(ring, `${name} shows that it has the focus`);
        way.push(name);
      }
      assert.equal(way.at(-1), goal, way.join(" → "));
      return way;
    };

    await page.goto(world.server.origin);
    await page.waitFor(`!document.querySelector("#landing").hidden`);
    assert.deepEqual(await tabTo("room"), ["skip", "brand", "theme", "room"]);
    await page.type("keys");
    assert.deepEqual(await tabTo("name"), ["shuffle", "name"]);
    await page.type("Kit K");
    await page.press("Enter");
    await other.waitFor(
      `[...document.querySelectorAll('[data-state=connected] .name')].some((name) => name.textContent === "Kit K")`,
      null,
      { what: "Kit K" },
    );
    await shows(page, "olga");
    assert.equal(await page.evaluate("location.search"), "?room=keys", "a link that is shared carries no name");

    const tile = ["restart-ice", "summary"];
    const chart = ["cut-socket", "restart-all", "logbook"];
    assert.deepEqual(await tabTo("chat-input"), ["skip", "brand", "theme", ...tile, ...chart, "chat-log", "file-button", "chat-input"]);
    await page.type("typed");
    await page.press("Enter");
    await reads(other, "typed");
    await tabTo("restart-ice", "Shift+Tab");
    await page.press("Space");
    await page.waitFor(`document.querySelector("[data-testid=logbook]").textContent.includes("new ICE generation")`);
    assert.deepEqual(await tabTo("leave"), [
      "summary",
      ...chart,
      "chat-log",
      "file-button",
      "chat-input",
      "chat-send",
      "microphone",
      "camera",
      "screen",
      "copy-link",
      "leave",
    ]);
    await tabTo("copy-link", "Shift+Tab");
    await page.press("Enter");
    await page.waitFor(`document.querySelectorAll("#toasts .toast").length === 1`);
    await page.press("Escape");
    assert.equal(await page.evaluate(`document.querySelectorAll("#toasts .toast").length`), 0);
    assert.equal(await page.evaluate("document.activeElement.dataset.testid"), "copy-link");
    await other.close();
  });

  test("change the colours, and remember that", async () => {
    for (const page of pages) {
      const colours = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
      const before = await colours();
      await click(page, "#theme");
      const after = await colours();
      assert.notEqual(after, before);
      assert.equal(await page.evaluate(`document.querySelector("#theme").getAttribute("aria-pressed")`), "true");
      await page.goto(world.server.origin);
      assert.equal(await colours(), after, "another page of it has them too");
      await click(page, "#theme");
      assert.equal(await colours(), before);
      await page.goto(world.server.origin);
      assert.equal(await colours(), before);
    }
  });
});
