// The cells beside the matrix: two families of addresses, TURN over TLS, a slow link, and no path at all.
import { setTimeout as sleep } from "node:timers/promises";
import { PAIRS, judgeCell, measureCell } from "./cells.mjs";
import { freshId, load } from "./connection.mjs";
import { cellText, table } from "./tables.mjs";

/** How slow the slow link is. */
export const SLOW = { delayMs: 50, jitterMs: 5, lossPercent: 1, kilobitsPerSecond: 4000 };
/** How long a pair that cannot connect may take to say so, and how early it may not. */
const FAILURE_MS = { least: 11_500, most: 13_000 };

const CELLS = [
  { name: "cone, cone, IPv4 and IPv6", nats: ["cone", "cone"], expected: "direct", isV6: true },
  { name: "symmetric, symmetric, TURN over TLS alone", nats: ["symmetric", "symmetric"], expected: "relay", ice: "turns" },
  { name: "cone, cone, 50 ms each way, 1 % loss, 4 Mbit/s", nats: ["cone", "cone"], expected: "direct", link: SLOW },
];

/** Measures one of the cells with each pair of browsers; returns a row and the number of problems. */
async function measureRow(withLaboratory, { name, nats, expected, ice, isV6, link }, rounds) {
  const all = await withLaboratory({ isV6 }, async (laboratory, browsers) => {
    if (link) await laboratory.setLink("a", link);
    const judged = [];
    for (const { kinds } of PAIRS) {
      judged.push(judgeCell(await measureCell(laboratory, browsers, { nats, kinds, ice, rounds }), expected));
      console.log(`${name}, ${kinds.join(" ")}: ${cellText(judged.at(-1))} ${judged.at(-1).problems.join("; ")}`);
    }
    return judged;
  });
  return { row: [name, ...all.map(cellText)], problems: all.filter(({ problems }) => problems.length > 0).length };
}

/** Connects where no path is possible; returns `{ code, ms, warnings }`: the error, its time, and the errors that came before, with theirs. */
export async function failOnce(laboratory, tabs) {
  const { server, iceServers } = laboratory.servers;
  laboratory.setNats("symmetric", "symmetric");
  await Promise.all(tabs.map((tab) => load(tab, server.origin)));
  const ids = [freshId("a"), freshId("b")];
  const given = { contender: "signalpost", url: `${server.origin.replace("http", "ws")}/signal`, rtc: { iceServers: iceServers.stun } };
  for (const [at, tab] of tabs.entries()) await tab.evaluate("(given) => lab.prepare(given)", { ...given, id: ids[at] });
  // The kind of NAT is known some moments after the client is.
  await sleep(1500);
  try {
    return await tabs[0].evaluate("(remote) => lab.fail(remote)", ids[1]);
  } finally {
    await Promise.all(tabs.map((tab) => tab.evaluate("lab.end()").catch(() => {})));
  }
}

async function measureFailures(withLaboratory) {
  return withLaboratory({}, async (laboratory, browsers) => {
    const found = [];
    for (const { kinds } of PAIRS) {
      const tabs = await Promise.all((await browsers.pair(...kinds)).map((browser) => browser.open()));
      found.push(await failOnce(laboratory, tabs));
      console.log(`no TURN, ${kinds.join(" ")}: ${JSON.stringify(found.at(-1))}`);
      for (const tab of tabs) await tab.close();
    }
    const said = ({ code, ms, warnings }) =>
      `${warnings.map((one) => `\`${one.code}\` ${Math.round(one.ms)}, `).join("")}\`${code}\` ${Math.round(ms)}`;
    const isWrong = ({ code, ms }) => code !== "connection-failed" || ms < FAILURE_MS.least || ms > FAILURE_MS.most;
    return { row: ["symmetric, symmetric, no TURN", ...found.map(said)], problems: found.filter(isWrong).length };
  });
}

/** Returns `{ text, problems }` of all of these cells. */
export async function runOthers(withLaboratory, rounds) {
  const rows = [];
  for (const cell of CELLS) rows.push(await measureRow(withLaboratory, cell, rounds));
  rows.push(await measureFailures(withLaboratory));
  const text = table(
    ["", ...PAIRS.map(({ name }) => name)],
    rows.map(({ row }) => row),
  );
  return { text, problems: rows.reduce((sum, { problems }) => sum + problems, 0) };
}
