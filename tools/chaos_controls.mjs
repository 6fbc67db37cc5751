// `npm run chaos:controls`: the negative controls of the chaos suite. A server is built whose guards can be switched off one by one (feature
// `weakened`, in a folder of its own). With every guard on a seed must pass; with one off the suite must find the same seed broken, and in the
// way that this guard prevents. About five minutes.
import path from "node:path";
import { ToolError, capture, main, run } from "./command.mjs";
import { cargoTarget } from "./paths.mjs";

const TARGET = path.join(cargoTarget, "weakened");
const SERVER = path.join(TARGET, "debug", "signalpost-server");
const CHAOS = path.join(cargoTarget, "debug", "signalpost-chaos");
const MESH = ["--redis", "--nodes", "3", "--client-faults", "0", "--server", SERVER];
const BUSY = ["--clients", "12", "--rate", "5"];
/** Clients that are silent for longer than the window of 4 s: a busy one comes back before a wrongly ended session is gone. */
const IDLE = ["--clients", "24", "--rate", "1", "--window", "4"];

/** The guards, a run in which each is needed, and how the suite words that it was missing. */
const CONTROLS = [
  {
    guard: "probe",
    options: [...BUSY, "--seed", "1", "--minutes", "0.3", "--server-faults", "60", "--only", "wedge-subscriptions"],
    finds: /^ODD: +a wedged subscription was not found within 8 s$/m,
  },
  {
    guard: "fence",
    options: [...IDLE, "--seed", "2", "--minutes", "0.9", "--server-faults", "20", "--only", "deafen-server"],
    finds: /^ODD: +\d+ lost its session at [\d.]+ s, and Redis no data$/m,
  },
  {
    guard: "gap-check",
    options: [
      ...[...BUSY, "--seed", "3", "--minutes", "0.3", "--server-faults", "60"],
      ...["--longest", "3", "--only", "cut-subscriptions,freeze-subscriptions"],
    ],
    finds: /^ODD: +client \d+ left a socket on which a frame of the server was missing$/m,
  },
];

/** Runs the suite, and returns its exit code and what it has printed. */
async function chaos(options, weakened) {
  const env = { ...process.env, SIGNALPOST_WEAKENED: weakened };
  const { code, stdout } = await capture(CHAOS, [...MESH, ...options], { env, stdio: ["ignore", "pipe", "inherit"] });
  return { code, stdout };
}

await main(async () => {
  await run("cargo", ["build", "--quiet", "-p", "signalpost-chaos"]);
  await run("cargo", ["build", "--quiet", "-p", "signalpost-server", "--features", "weakened", "--target-dir", TARGET]);
  for (const { guard, options, finds } of CONTROLS) {
    const whole = await chaos(options, "");
    if (whole.code !== 0) throw new ToolError(`with every guard on the suite fails:\n${whole.stdout}`);
    const weak = await chaos(options, guard);
    const found = weak.stdout.match(finds)?.[0];
    if (weak.code === 0 || !found)
      throw new ToolError(`without ${guard} the suite ends with ${weak.code} and does not find it:\n${weak.stdout}`);
    console.log(`without ${guard}: ${found}; with it the same seed passes`);
  }
});
