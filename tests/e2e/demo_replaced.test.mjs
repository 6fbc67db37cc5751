// The demo when a connection is replaced: messages, a file that is on its way and a picture go on, and the page says what happened.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { cargoTarget } from "../../tools/paths.mjs";
import { address, chat, click, downloaded, drop, keepDownloads, reads, say, shows } from "./support/demo.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox"])));
after(() => world?.close());

/** In a page: finds Signalpost's own channel when it sends, and keeps it. */
const find = (page) =>
  page.evaluate(() => {
    const send = RTCDataChannel.prototype.send;
    RTCDataChannel.prototype.send = function (...given) {
      if (this.id === 0) window.ownChannel = this;
      return send.apply(this, given);
    };
  });

test("messages, a file and a picture go on over the connection that takes the place of a lost one", { timeout: 90_000 }, () =>
  withPages(world.pick("chromium", "firefox"), [], async (a, b) => {
    const ids = ["ada", "bob"];
    for (const [at, page] of [a, b].entries()) await page.goto(address(world.server, "replaced", ids[at]));
    await shows(a, "bob");
    await shows(b, "ada");
    await keepDownloads(b);
    await chat([a, b], "good morning");
    await click(a, "#camera");
    await a.waitFor("document.querySelector('#toasts .failure .button') !== null");
    await click(a, "#toasts .failure .button");
    const picture = (what) =>
      b.waitFor(
        `(() => { const video = document.querySelector('[data-peer-id="ada"] video'); return !video.hidden && video.videoWidth > 0 && !video.paused && video.srcObject.getVideoTracks()[0].readyState === "live"; })()`,
        null,
        { what },
      );
    await picture("the test picture");
    await find(a);
    // Silence makes it speak.
    await a.waitFor("window.ownChannel !== undefined", null, { what: "a sign of life on the own channel" });

    const file = { name: "atlas.bin", type: "application/octet-stream", size: 40_000_003, seed: 7 };
    const { digest } = await drop(a, file);
    await b.waitFor("(document.querySelector('.file[data-direction=in] progress')?.value ?? 0) > 0", null, { what: "the file to begin" });
    const before = await b.evaluate("document.querySelector('.file[data-direction=in] progress').value");
    assert.ok(before < 1, `the file is on its way: ${before}`);
    await a.evaluate("ownChannel.close()");
    await say(a, "in between");
    for (const [page, id] of [
      [a, "bob"],
      [b, "ada"],
    ]) {
      await page.waitFor(`document.querySelector('[data-peer-id="${id}"]').dataset.replaced === "1"`, null, { what: "the replacement" });
      await shows(page, id);
      await reads(page, `The connection to ${id} was lost and replaced.`);
      assert.match(
        await page.evaluate(`document.querySelector("[data-testid=logbook]").textContent`),
        new RegExp(`${id}: a new connection`),
      );
    }
    await reads(b, "in between");
    await chat([a, b], "good evening");
    const got = await downloaded(b, file.name);
    assert.deepEqual([got.digest, got.size], [digest, file.size]);
    assert.match(got.words, /SHA-256 compared: intact/);
    assert.equal(
      await b.evaluate("document.querySelectorAll('.file[data-direction=in]').length"),
      1,
      "it goes on, and does not begin again",
    );
    await a.waitFor("document.querySelectorAll('.file[data-direction=out][data-state=done]').length === 1", null, {
      what: "the sender to know",
    });
    await picture("the picture over the new connection");
    const directory = path.join(cargoTarget, "screenshots");
    mkdirSync(directory, { recursive: true });
    await a.screenshot?.(path.join(directory, "replaced.png"));
    // Off and on: the sender of before is not used any more.
    await click(a, "#camera");
    await b.waitFor(`document.querySelector('[data-peer-id="ada"] video').hidden`, null, { what: "the end of the picture" });
  }),
);
