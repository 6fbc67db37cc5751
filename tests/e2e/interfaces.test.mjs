// Machines with eight interfaces, of which only the last enumerated is in a network that both are in, and servers that never answer:
// the pair finds that network all the same, although there are fewer places for host candidates than hosts. The browsers check one
// of the 64 pairs of addresses after the other: plain browsers that tell each other everything need 4.3 s (Chromium with itself) and
// 1.5 to 1.8 s (with Firefox).
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { blank, startClient } from "./support/pages.mjs";
import { canMakeSites, makeSites } from "./support/two_sites.mjs";
import { PAIRS, withPages } from "./support/world.mjs";

/** Nothing answers there, neither to STUN nor to TURN: places stay kept for what never comes. */
const DEAD = [{ urls: "stun:192.0.2.1:3478" }, { urls: "turn:192.0.2.1:3478", username: "u", credential: "p" }];

/** Connects "ada" to "bob"; returns how long it took, the addresses of the selected pair, and how many candidates each side sent. */
const connect = (site, browsers, rtc) =>
  withPages(browsers, [blank(site.server)], async (ada, bob) => {
    for (const [page, peerId] of [
      [ada, "ada"],
      [bob, "bob"],
    ]) {
      await page.evaluate(() => {
        window.sent = [];
        const { send } = WebSocket.prototype;
        WebSocket.prototype.send = function (text) {
          const { type, payload } = JSON.parse(text);
          if (type === "ice-candidate") sent.push(...(payload.candidates ?? []).map(({ candidate }) => candidate));
          return send.call(this, text);
        };
      });
      await startClient(page, { peerId, rtc });
    }
    const found = await ada.evaluate(async () => {
      const began = performance.now();
      const peer = client.peer("bob");
      await peer.connect();
      const ms = performance.now() - began;
      let reports;
      let pair;
      while (!pair) {
        reports = [...(await peer.connection.getStats()).values()];
        pair = reports.find(({ type, state, nominated }) => type === "candidate-pair" && state === "succeeded" && nominated);
      }
      const candidate = (id) => reports.find((report) => report.id === id);
      return { ms, local: candidate(pair.localCandidateId).address, remote: candidate(pair.remoteCandidateId).address };
    });
    // What may have been lost with a socket is sent again.
    return { ...found, sent: await Promise.all([ada, bob].map((page) => page.evaluate("[...new Set(sent)]"))) };
  });

describe("eight interfaces, the shared network is the last", { skip: !canMakeSites && "namespaces need root on Linux" }, () => {
  for (const { sharedIsDefault, media, what } of [
    { sharedIsDefault: false, media: true, what: "every address is known" },
    { sharedIsDefault: true, media: false, what: "addresses are hidden" },
  ]) {
    describe(what, () => {
      let site;
      before(async () => (site = await makeSites({ sharedIsDefault })));
      after(() => site?.close());

      for (const { name, kinds } of PAIRS) {
        for (const order of kinds[0] === kinds[1] ? [kinds] : [kinds, [...kinds].reverse()]) {
          test(`${order.join(" calls ")}`, async (t) => {
            try {
              const browsers = await site.launch(order, { media });
              const { ms, local, remote, sent } = await connect(site, browsers, { iceServers: DEAD });
              t.diagnostic(`${name}: connect() ${Math.round(ms)} ms, ${local} to ${remote}, sent ${sent.map(({ length }) => length)}`);
              assert.ok(ms < (media ? 7_000 : 1_000), `${ms} ms`);
              if (media) assert.deepEqual([local, remote], ["10.99.0.1", "10.99.0.2"]);
              for (const candidates of sent) {
                assert.ok(candidates.length <= 10, candidates.join("\n"));
                if (media) assert.ok(candidates.filter((line) => / udp .* typ host/i.test(line)).length <= 8, candidates.join("\n"));
              }
            } finally {
              await site.closeBrowsers();
            }
          });
        }
      }
    });
  }
});
