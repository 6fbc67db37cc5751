// Checks how the demo looks, and takes pictures of it in target/screenshots for what only a person can judge.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { cargoTarget } from "../../tools/paths.mjs";
import { address, click, downloaded, drop, keepDownloads, reads, say, shows } from "./support/demo.mjs";
import { FAINT_TEXTS, OVERFLOW, PALETTE, SMALL_CONTROLS } from "./support/looks.mjs";
import { makeWorld } from "./support/world.mjs";

const LOOKS = [
  { name: "desktop-light", width: 1280, height: 800, colorScheme: "light" },
  { name: "desktop-dark", width: 1280, height: 800, colorScheme: "dark" },
  { name: "tablet-light", width: 800, height: 600, colorScheme: "light" },
  { name: "phone-light", width: 360, height: 740, colorScheme: "light" },
  { name: "phone-dark", width: 360, height: 740, colorScheme: "dark" },
];
const PHONE = 600;
const LEAST_CONTROL = 40;
/** On a phone the room has three parts; each is a picture. */
const PARTS = ["people", "chat", "links"];

const TEXTS = ["ink", "muted", "accent", "flare", "good", "warn", "bad"];
const GROUNDS = ["paper", "card"];
/** [foreground, background, least contrast]: texts by WCAG 1.4.3, edges of controls and the ring of the focus by 1.4.11. */
const PAIRS = [
  ...TEXTS.flatMap((text) => GROUNDS.map((ground) => [text, ground, 4.5])),
  ...["ink", "muted"].flatMap((text) => ["sunken", "shallow", "shallow-far", "accent-soft"].map((ground) => [text, ground, 4.5])),
  ["on-accent", "accent", 4.5],
  ["card", "flare", 4.5],
  ["land-ink", "land", 4.5],
  ...GROUNDS.map((ground) => ["edge", ground, 3]),
];

const pictures = path.join(cargoTarget, "screenshots");

let world;
let page;
const others = [];
before(async () => {
  mkdirSync(pictures, { recursive: true });
  world = await makeWorld(["chromium", "chromium", "firefox"]);
  const [first] = world.pick("chromium");
  page = await first.open();
});
after(() => world?.close());

const picture = (of, name) => of.screenshot(path.join(pictures, `${name}.png`));

/** Checks the page in each look, and on a phone each part, and takes a picture. */
async function looks(name, { parts = PARTS } = {}) {
  let looked = 0;
  for (const { name: look, width, height, colorScheme } of LOOKS) {
    // Nothing may move, so that every picture is the same.
    await page.emulate({ colorScheme, reducedMotion: "reduce" });
    await page.resize(width, height);
    const phone = width < PHONE;
    for (const part of phone ? parts : [""]) {
      if (part) await click(page, `[data-show=${part}]`);
      const where = [name, part, look].filter(Boolean).join("-");
      await picture(page, where);
      assert.deepEqual(await page.evaluate(OVERFLOW), [], `${where}: nothing is scrolled sideways`);
      if (phone) assert.deepEqual(await page.evaluate(SMALL_CONTROLS, LEAST_CONTROL), [], `${where}: every control can be hit`);
      const texts = await page.evaluate(FAINT_TEXTS);
      assert.deepEqual(texts.faint, [], `${where}: every text can be read`);
      looked += texts.looked;
    }
    if (phone && parts.length > 1) await click(page, "[data-show=people]");
  }
  return looked;
}

/** Whether all of these are in view, as { selector: true }. */
const inView = (of, selectors) =>
  of.evaluate((selectors) => {
    const seen = (selector) => {
      const element = document.querySelector(selector);
      const { top, left, bottom, right, width } = element.getBoundingClientRect();
      return element.checkVisibility() && width > 0 && top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth;
    };
    return selectors.filter((selector) => !seen(selector));
  }, selectors);

describe("The demo looks as it should", () => {
  test("its palette has contrast, by day and by night", async (t) => {
    await page.goto(world.server.origin);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulate({ colorScheme });
      const ratios = await page.evaluate(PALETTE, PAIRS);
      const low = PAIRS.flatMap(([text, ground, least], at) => (ratios[at] < least ? [`${text} on ${ground}: ${ratios[at]}`] : []));
      assert.deepEqual(low, [], colorScheme);
      t.diagnostic(`${colorScheme}: ${PAIRS.length} pairs, least ${Math.min(...ratios)}`);
    }
  });

  test("without a room", async () => {
    await page.waitFor(`!document.querySelector("#landing").hidden`);
    await looks("landing", { parts: [""] });
    assert.deepEqual(await inView(page, ["#landing-title", "#room", "#name", ".open-room .primary"]), []);
  });

  test("alone in a room", async () => {
    await page.goto(address(world.server, "amber-cove-42", "Ada"));
    await page.waitFor(`document.querySelector("[data-testid=link-state]").dataset.state === "connected"`);
    await looks("alone");
    assert.match(await page.evaluate(`document.querySelector("#empty").innerText`), /Open this link in a second tab/);
    await page.resize(1280, 800);
    assert.deepEqual(
      await inView(page, ["#address", "#empty [data-action=copy]", "[data-testid=chat-input]", "#microphone", "#camera", "#theme"]),
      [],
    );
  });

  test("three who talk", async () => {
    const [, second, firefox] = world.browsers;
    for (const [at, browser] of [second, firefox].entries())
      others.push(await browser.open(address(world.server, "amber-cove-42", ["Grace", "Linus"][at])));
    for (const id of ["Grace", "Linus"]) await shows(page, id);
    await keepDownloads(page);
    await say(others[0], "Good morning from the harbour.");
    await reads(page, "Good morning");
    await say(page, "Morning! The tide turns at nine.");
    await say(others[1], "I have the table, it is on its way.");
    await reads(page, "I have the table");
    await drop(others[1], { name: "tide-table.txt", type: "text/plain", size: 300_000, seed: 1 });
    await downloaded(page, "tide-table.txt");
    // Waits for the first figures of the links.
    for (const who of [page, others[1]])
      await who.waitFor(`[...document.querySelectorAll("[data-peer-id] .path")].every((path) => path.textContent.startsWith("direct"))`);
    const looked = await looks("connected");
    assert.ok(looked > 200, `${looked} texts were looked at`);
    await page.resize(1280, 800);
    assert.deepEqual(
      await inView(page, [
        ".tile:not(.own) .name",
        ".tile:not(.own) .phase[data-phase=open]",
        "[data-testid=file-link]",
        "[data-testid=chat-input]",
        "#microphone",
      ]),
      [],
    );
    assert.equal(await page.evaluate(`document.querySelectorAll("[data-peer-id] .phase[data-phase=open].known").length`), 2);
    const words = await page.evaluate(`document.querySelector("#chart").getAttribute("aria-label")`);
    for (const id of ["Grace", "Linus"])
      assert.match(words, new RegExp(`${id}: connected, direct`), "the chart says in words what it shows");
    assert.match(words, /The server: connected/);
    await picture(others[1], "connected-firefox");
    assert.deepEqual(await others[1].evaluate(OVERFLOW), []);
    for (const who of [page, ...others]) assert.deepEqual(who.errors, [], "nothing was complained about");
  });

  test("a cut socket that is not back yet", async () => {
    await click(page, "[data-testid=cut-socket]");
    // The peer stays away while the test takes the pictures.
    await world.server.stop("SIGKILL");
    await page.waitFor(`!document.querySelector("#banner").hidden`);
    await looks("reconnecting");
    assert.match(
      await page.evaluate(`document.querySelector("#chart").getAttribute("aria-label")`),
      /The server: reconnecting.*Grace: connected/,
    );
    await picture(others[1], "reconnecting-firefox");
    await world.server.start();
    await page.waitFor(`document.querySelector("[data-testid=link-state]").dataset.state === "connected"`);
    await page.waitFor(`document.querySelector("[data-testid=resume-note]").textContent === "new session"`);
  });

  test("somebody who is away, after a session that was resumed", async () => {
    // Hedy has only a socket, and loses it.
    await others[0].evaluate(async () => {
      const socket = new WebSocket(`${location.origin.replace("http", "ws")}/signal`);
      await new Promise((done) => (socket.onopen = done));
      const peer = { id: "Hedy", session: 1, metadata: JSON.stringify({ name: "Hedy" }) };
      socket.send(JSON.stringify({ type: "hello", payload: { versions: [2, 2], key: "0123456789abcdef", peer } }));
      socket.send(JSON.stringify({ type: "join", seq: 1, payload: { room: "amber-cove-42" } }));
      window.hedy = socket;
    });
    await page.waitFor(`document.querySelector('[data-peer-id="Hedy"]')`, null, { what: "Hedy's tile" });
    await others[0].evaluate("hedy.close(4999)");
    await page.waitFor(`document.querySelector('[data-peer-id="Hedy"]')?.dataset.away`, null, {
      what: "Hedy to be shown as away",
      timeoutMs: 20_000,
    });
    assert.match(
      await page.evaluate(`document.querySelector('[data-peer-id="Hedy"]').innerText`),
      /^away\s.*Hedy\s+away: its link was lost/s,
    );
    assert.match(
      await page.evaluate(`document.querySelector("#chart").getAttribute("aria-label")`),
      /Hedy: [a-z]+, away: its link was lost/,
    );
    await click(page, "[data-testid=cut-socket]");
    await page.waitFor(`document.querySelector("[data-testid=resume-note]").textContent === "resumed"`);
    await looks("away");
  });
});
