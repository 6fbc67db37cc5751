// A browser that WebDriver drives: Firefox through geckodriver, Chromium through chromedriver.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Page } from "./page.mjs";
import { descendants, killAll, signal } from "./processes.mjs";
import { WebDriver } from "./webdriver.mjs";

const BRIDGE = fileURLToPath(new URL("bridge.mjs", import.meta.url));

/** The names of keys in WebDriver (§17.4.2). */
const KEYS = { Tab: "\uE004", Enter: "\uE007", Escape: "\uE00C", Shift: "\uE008", Space: " ", ArrowDown: "\uE015", ArrowUp: "\uE013" };

/** Returns the actions of a keyboard for "Shift+Tab": keys go down in this order, up in the reverse one. */
function keyActions(combination) {
  const keys = (combination === "+" ? ["+"] : combination.split("+")).map((key) => KEYS[key] ?? key);
  const actions = (type, values) => values.map((value) => ({ type, value }));
  return [...actions("keyDown", keys), ...actions("keyUp", [...keys].reverse())];
}

/**
 * A browser behind a WebDriver session. The tab that was spoken to last is the one in front: every other is hidden.
 */
export class WebDriverBrowser {
  kind;
  console;
  #driver;
  #session;
  #current;
  #first;
  #queue = Promise.resolve();
  #end;
  #processes;
  #isKilled = false;

  constructor({ kind, driver, session, firstTab, log, end, processes }) {
    this.kind = kind;
    this.#driver = driver;
    this.#session = session;
    this.#current = firstTab;
    this.#first = firstTab;
    this.console = log;
    this.#end = end;
    this.#processes = processes;
  }

  get version() {
    return this.#session.capabilities.browserVersion;
  }

  async open(url) {
    const handle = this.#first ?? (await this.#inTurn(() => this.#command("POST", "/window/new", { type: "tab" }))).handle;
    this.#first = undefined;
    const inTab = (body) => this.#inTurn(body, handle);
    const page = new Page(this, {
      // Short, since the tabs of one browser take turns.
      sliceMs: 300,
      run: (script) => inTab(() => this.#command("POST", "/execute/sync", { script: `return ${script}`, args: [] })),
      navigate: (target) => inTab(() => this.#command("POST", "/url", { url: target })),
      press: (key) =>
        inTab(() => this.#command("POST", "/actions", { actions: [{ type: "key", id: "keyboard", actions: keyActions(key) }] })),
      capture: (file) => inTab(async () => writeFileSync(file, Buffer.from(await this.#command("GET", "/screenshot"), "base64"))),
      dispose: () => this.#closeTab(handle),
    });
    return url === undefined ? page : page.goto(url);
  }

  /** Leaves all pages first, so that peers see a closing tab instead of a crash, and then kills the process: an orderly end takes 4 s. */
  async close() {
    if (this.#isKilled) return;
    await this.#inTurn(async () => {
      for (const handle of await this.#command("GET", "/window/handles", undefined, 5000)) {
        await this.#command("POST", "/window", { handle }, 5000);
        await this.#command("POST", "/url", { url: "about:blank" }, 5000);
      }
    }).catch(() => {});
    this.#driver.close();
    await this.#end();
  }

  /** Stops every process of the browser for this long, as a sleeping machine does; returns the wall-clock time at which they went on. */
  async sleep(ms) {
    const processes = this.#processes();
    signal(processes, "SIGSTOP");
    await sleep(ms);
    signal(processes, "SIGCONT");
    return Date.now();
  }

  /** Kills the browser with its pages, which can send nothing any more. */
  async kill() {
    this.#isKilled = true;
    killAll(this.#processes());
    this.#driver.close();
    await this.#end();
  }

  #command(method, command, body, timeoutMs) {
    return this.#driver.request(method, `/session/${this.#session.sessionId}${command}`, body, { timeoutMs });
  }

  /** Closing the last window would end the WebDriver session: it is emptied instead. */
  #closeTab(handle) {
    return this.#inTurn(async () => {
      const handles = await this.#command("GET", "/window/handles");
      if (handles.length === 1) {
        await this.#command("POST", "/url", { url: "about:blank" });
        this.#first = handle;
        return;
      }
      await this.#command("DELETE", "/window");
      this.#current = undefined;
      const [other] = handles.filter((candidate) => candidate !== handle);
      await this.#command("POST", "/window", { handle: other });
      this.#current = other;
    }, handle);
  }

  /** WebDriver has one current window: the commands of all tabs form one queue. */
  #inTurn(body, handle) {
    const turn = this.#queue.then(async () => {
      if (handle !== undefined && handle !== this.#current) {
        await this.#command("POST", "/window", { handle });
        this.#current = handle;
      }
      return body();
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }
}

/** Resolves with the first line of a child's output; rejects when the child ends before that. */
function firstLine(child, name) {
  return new Promise((resolve, reject) => {
    child.stdout.once("data", resolve);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${name} ended with ${code}`)));
  });
}

async function untilReady(driver, child, output) {
  for (let round = 0; round < 200; round += 1) {
    if (child.exitCode !== null) break;
    try {
      if ((await driver.request("GET", "/status", undefined, { timeoutMs: 2000 })).ready) return;
    } catch {
      // The driver is not listening yet.
    }
    await sleep(50);
  }
  throw new Error(`the driver did not become ready: ${output.slice(-5).join(" | ")}`);
}

/**
 * Starts a driver with these arguments, which make it listen on `port`, and a WebDriver session with these capabilities. Calls `heard(line)` for each
 * line that the driver writes. Returns `{ driver, session, firstTab, end }`; `end()` ends the driver and its process group.
 */
export async function startDriver({ namespace, directory, program, args, env, port, capabilities, heard }) {
  const child = namespace.spawn(program, args, { env });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      output.push(line);
      heard(line);
    });
  }
  const socket = path.join(directory, "webdriver.sock");
  const bridge = namespace.spawn(process.execPath, [BRIDGE, socket, String(port)]);
  await firstLine(bridge, "the bridge");
  const driver = new WebDriver(socket, port);
  await untilReady(driver, child, output);
  const session = await driver.request("POST", "/session", { capabilities: { alwaysMatch: capabilities } });
  await driver.request("POST", `/session/${session.sessionId}/timeouts`, { script: 120_000, pageLoad: 30_000 });
  const firstTab = await driver.request("GET", `/session/${session.sessionId}/window`);
  const end = async () => {
    for (const each of [child, bridge]) {
      if (each.exitCode !== null || each.signalCode !== null) continue;
      const gone = new Promise((resolve) => each.once("exit", resolve));
      process.kill(-each.pid, "SIGKILL");
      await gone;
    }
  };
  return { driver, session, firstTab, end, processes: () => descendants(child.pid) };
}
