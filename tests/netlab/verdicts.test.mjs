// What a client says of its network behind each kind of NAT, in each browser: right, and within a second.
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Browsers, KINDS } from "./browsers.mjs";
import { load } from "./connection.mjs";
import { buildLaboratory } from "./laboratory.mjs";
import { obstacle } from "./permitted.mjs";

const skip = obstacle() ?? false;

/** The verdict that is right, by the kind of NAT. */
const VERDICTS = {
  none: "endpoint-independent",
  cone: "endpoint-independent",
  fullcone: "endpoint-independent",
  symmetric: "dependent",
  udpblocked: "udp-blocked",
};

let laboratory;
let browsers;
before(async () => {
  if (skip) return;
  laboratory = await buildLaboratory();
  browsers = new Browsers(laboratory);
});
after(async () => {
  await browsers?.close();
  await laboratory?.close();
});

const note = (name) => process.env.SIGNALPOST_NETLAB && appendFileSync(process.env.SIGNALPOST_NETLAB, `${name}\n`);

/** Connects a client in a page, and returns its verdicts, each with the milliseconds since the client was connected. */
const LOOK = `async ({ url, rtc, forMs }) => {
  const { SignalingClient } = await import("/package/signalpost.js");
  const client = new SignalingClient(url, { rtc });
  const verdicts = [];
  let began;
  client.addEventListener("networkchange", ({ network }) => verdicts.push({ ms: performance.now() - began, ...network }));
  await client.connect();
  began = performance.now();
  const end = began + forMs;
  while (verdicts.length === 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
  if (forMs > 2000) await new Promise((resolve) => setTimeout(resolve, end - performance.now()));
  client.close();
  return verdicts;
}`;

async function look(kind, nat, rtc, forMs = 1500) {
  laboratory.setNats(nat, "none");
  const tab = await (await browsers.at("a", kind)).open();
  try {
    const { origin } = laboratory.servers.server;
    await load(tab, origin);
    return await tab.evaluate(LOOK, { url: `${origin.replace("http", "ws")}/signal`, rtc, forMs });
  } finally {
    await tab.close();
  }
}

for (const kind of KINDS) {
  for (const [nat, expected] of Object.entries(VERDICTS)) {
    test(`${kind} behind ${nat} says ${expected} within a second`, { skip, timeout: 60_000 }, async (t) => {
      const verdicts = await look(kind, nat, { iceServers: laboratory.servers.iceServers.turn });
      t.diagnostic(JSON.stringify(verdicts));
      assert.equal(verdicts[0]?.mapping, expected);
      assert.ok(verdicts[0].ms < 1000, `${verdicts[0].ms} ms`);
      note(t.name);
    });
  }

  // Each is in vain in a way of its own: packets are lost, the host refuses them, there is no route, there is no such name.
  const VAIN = {
    "is dead": ["stun:203.0.113.99:3478"],
    "has its port closed": ["stun:203.0.113.11:4444"],
    "cannot be reached": ["stun:192.0.2.1:3478"],
    "has no address": ["stun:stun.example.invalid", "stun:stun.invalid.test"],
    // Firefox asks nobody for them, and fails at once (RFC 7686).
    "has a name that is refused": ["stun:one.onion", "stun:two.onion"],
  };
  for (const [what, urls] of Object.entries(VAIN)) {
    test(`${kind} never says that it is open where a STUN server ${what}`, { skip, timeout: 60_000 }, async (t) => {
      const [live] = laboratory.servers.iceServers.stun[0].urls;
      const verdicts = await look(kind, "symmetric", { iceServers: [{ urls: [live, ...urls] }] }, 14_000);
      t.diagnostic(JSON.stringify(verdicts));
      assert.ok(verdicts.length > 0);
      for (const { mapping } of verdicts) assert.equal(mapping, "unknown");
      note(t.name);
    });
  }
}
