// The guides' recipes end when one side ends: docs/guides/data.md sends a file, and the peer, the channel or the other page ends.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { transform } from "esbuild";
import { blank, inject, startClient } from "../e2e/support/pages.mjs";
import { makeWorld, withPages } from "../e2e/support/world.mjs";
import { blocksOf } from "./blocks.mjs";

let world;
let recipe;
before(async () => {
  const block = blocksOf("docs/guides/data.md").find(({ lines }) => lines.some((line) => line.includes("function sendBytes(")));
  const { code } = await transform(block.lines.join("\n"), { loader: "ts", target: "es2022" });
  recipe = `${code}\nwindow.sendBytes = sendBytes;`;
  world = await makeWorld(["chromium", "firefox"]);
});
after(() => world?.close());

/** The event at 5 of 50 MB, and the page in which it happens. */
const ENDS = {
  "the sender closes the peer": { sender: "peer.close()" },
  "the sender closes its client": { sender: "client.close()" },
  "the sender closes the channel": { sender: "channel.close()" },
  "the receiver closes the peer": { receiver: "client.remotePeers[0].close()" },
  "the receiver closes its client": { receiver: "client.close()" },
  "the receiver closes the channel": { receiver: "channel.close()" },
  "the receiver's page is left": { receiver: "location.href = 'about:blank'" },
};

/** Collects in a page the errors that no code caught. */
const COLLECT = `
  window.uncaught = [];
  addEventListener("error", ({ message }) => uncaught.push(message));
  addEventListener("unhandledrejection", ({ reason }) => uncaught.push(String(reason)));
`;

/** Returns in the sender's page how sending 50 MB ended. */
async function sendMuch({ to, end }) {
  const peer = client.peer(to);
  window.peer = peer;
  const channel = peer.createDataChannel("much");
  window.channel = channel;
  await peer.connect();
  if (channel.readyState !== "open") await new Promise((done) => channel.addEventListener("open", done, { once: true }));
  const { send } = channel;
  let sent = 0;
  channel.send = (bytes) => {
    send.call(channel, bytes);
    sent += bytes.length;
    if (end && sent >= 5_000_000) {
      // The end comes in a later task, as from an application, and not inside `send()`.
      setTimeout(end === "peer.close()" ? () => peer.close() : end === "client.close()" ? () => client.close() : () => channel.close());
      end = undefined;
    }
  };
  const never = new Promise((done) => setTimeout(done, 10_000, "it never settled"));
  const told = await Promise.race([
    never,
    sendBytes(peer, channel, new Uint8Array(50_000_000)).then(
      () => "all was sent",
      ({ message }) => message,
    ),
  ]);
  await new Promise((done) => setTimeout(done, 100));
  return { told, uncaught };
}

let runs = 0;
for (const kinds of [
  ["chromium", "firefox"],
  ["firefox", "chromium"],
]) {
  describe(`from ${kinds.join(" to ")}: sendBytes() tells that it ended when`, () => {
    for (const [name, { sender, receiver }] of Object.entries(ENDS)) {
      test(name, () =>
        withPages(world.pick(...kinds), [blank(world.server)], async (from, to) => {
          const peerId = `receiver-${++runs}`;
          await Promise.all([startClient(from), startClient(to, { peerId })]);
          for (const page of [from, to]) await inject(page, COLLECT);
          await inject(from, recipe);
          await inject(
            to,
            `client.addEventListener("peer", ({ peer }) => peer.addEventListener("datachannel", ({ channel }) => {
            window.channel = channel;
            channel.binaryType = "arraybuffer";
            let received = 0;
            channel.onmessage = ({ data }) => {
              const before = received;
              received += data.byteLength;
              if (before < 5e6 && received >= 5e6) { ${receiver ?? ""} }
            };
          }));`,
          );
          assert.deepEqual(await from.evaluate(sendMuch, { to: peerId, end: sender }), { told: "much: the channel ended", uncaught: [] });
        }),
      );
    }
  });
}
