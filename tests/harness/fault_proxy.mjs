// A TCP proxy between pages and one server, with the faults that a test commands; nothing happens here by chance.
// A *link* is one TCP connection that asks for the signaling path; all others (pages, the package) pass untouched.
// As a program: node fault_proxy.mjs PORT TARGET, with commands on its stdin (faults.mjs speaks to it).
import net from "node:net";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { Link } from "./fault_link.mjs";

const LINK_HEAD = Buffer.from("GET /signal");

export class FaultProxy {
  #server;
  #target;
  #links = [];
  #rules = [];
  #sockets = new Set();
  /** What happens to a new link: "open", "reset", or one of the ways to freeze it: "hold", "sink", "stall". */
  #gate = "open";
  #delay = { up: 0, down: 0 };
  /** The frames of all links that passed as a whole, oldest first. */
  #frames = [];
  #waiting = new Set();

  constructor(target) {
    this.#target = target;
  }

  async listen(port) {
    this.#server = net.createServer({ noDelay: true, allowHalfOpen: true }, (page) => this.#accept(page));
    await new Promise((resolve, reject) => this.#server.once("error", reject).listen(port, "127.0.0.1", resolve));
    return this.#server.address().port;
  }

  close() {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Returns every link so far: `{ id, at, ended, up, down }`; a direction is `{ bytes, head, swallowed, frozen }`. */
  links() {
    return this.#links.map((link) => link.report());
  }

  /** Returns the frames that passed: `{ at, link, direction, type, text }`; `where` may name `link`, `direction`, `type`, and `from`, an index in the whole list. */
  frames({ from = 0, ...where } = {}) {
    return this.#frames.slice(from).filter((frame) => Object.entries(where).every(([name, value]) => frame[name] === value));
  }

  /** Returns how many frames of any kind passed so far: an index for `from`. */
  place() {
    return this.#frames.length;
  }

  /** Resolves with the frames of this kind once `count` of them have passed. */
  passed({ count = 1, ...where }) {
    return this.#until(() => {
      const found = this.frames(where);
      return found.length >= count ? found : undefined;
    });
  }

  /** Resolves with the links once `count` of them exist, or `ended` of them have ended. */
  linked({ count = 0, ended = 0 }) {
    return this.#until(() => {
      const links = this.links();
      return links.length >= count && links.filter((link) => link.ended !== undefined).length >= ended ? links : undefined;
    });
  }

  /** Resolves with what the rule saw, once it has applied. */
  fired({ rule }) {
    return this.#until(() => this.#rules[rule]?.seen);
  }

  /**
   * Registers an act that is done once, on the link where its rule applies first: `{ direction, type | byte | part: "head", nth = 1, isBefore = false,
   * link }`. `type` is the type of a frame (the `nth` from now on), after it has passed or before it passes; `byte` is how many bytes of frames pass on
   * one link before the act; `head` is the request or the response that opens a link. Returns the number of the rule.
   */
  rule({ when, act }) {
    return this.#rules.push({ nth: 1, ...when, act, seen: undefined }) - 1;
  }

  /**
   * Does an act now, on the link with that number or on all open links: `{ cut: "reset" | "fin", to: "page" | "server" }` (both sides without `to`);
   * `{ freeze: "hold" | "sink" | "stall", direction }`: the proxy keeps the bytes that come, drops them, or does not read them;
   * `{ thaw: true, direction }`; `{ delay: ms, direction }` and `{ gate: … }` hold for later links too. `{ target: port }` leads later connections to
   * another server.
   */
  act({ link, ...act }, own) {
    if (act.gate !== undefined) this.#gate = act.gate;
    if (act.target !== undefined) this.#target = act.target;
    if (act.delay !== undefined) for (const direction of directions(act)) this.#delay[direction] = act.delay;
    const concerned = own ? [own] : this.#links.filter(({ id, ended }) => ended === undefined && (link === undefined || id === link));
    for (const each of concerned) {
      if (act.delay !== undefined) for (const direction of directions(act)) each[direction].delay(act.delay);
      if (act.freeze !== undefined) for (const direction of directions(act)) each[direction].freeze(act.freeze);
      if (act.thaw) for (const direction of directions(act)) each[direction].thaw();
      if (act.cut !== undefined) each.cut(act.cut, act.to);
    }
    return concerned.map(({ id }) => id);
  }

  #until(look) {
    return new Promise((resolve) => {
      const attempt = () => {
        const found = look();
        if (found === undefined) return;
        this.#waiting.delete(attempt);
        resolve(found);
      };
      this.#waiting.add(attempt);
      attempt();
    });
  }

  #told() {
    for (const attempt of [...this.#waiting]) attempt();
  }

  #accept(page) {
    this.#know(page);
    let head = Buffer.alloc(0);
    const read = (data) => {
      head = Buffer.concat([head, data]);
      if (head.length < LINK_HEAD.length) return;
      page.off("data", read);
      page.pause();
      page.unshift(head);
      if (head.subarray(0, LINK_HEAD.length).equals(LINK_HEAD)) this.#open(page);
      else this.#pass(page);
    };
    page.on("data", read);
  }

  #pass(page) {
    const upstream = this.#connect();
    page.pipe(upstream).pipe(page);
    page.once("close", () => upstream.destroy());
    upstream.once("close", () => page.destroy());
  }

  #open(page) {
    if (this.#gate === "reset") {
      page.resetAndDestroy();
      const [id, at] = [this.#links.length, Date.now()];
      this.#links.push({ id, ended: at, report: () => ({ id, at, ended: at, isRefused: true }) });
      this.#told();
      return;
    }
    const link = new Link({
      id: this.#links.length,
      page,
      upstream: this.#connect(),
      act: (act) => this.act(act, link),
      rules: () => this.#rules,
      passed: (frame) => {
        this.#frames.push(frame);
        this.#told();
      },
      told: () => this.#told(),
    });
    this.#links.push(link);
    this.#told();
    for (const direction of directions({})) {
      link[direction].delay(this.#delay[direction]);
      if (this.#gate !== "open") link[direction].freeze(this.#gate);
    }
    link.start();
  }

  #connect() {
    return this.#know(net.connect({ port: this.#target, host: "127.0.0.1", noDelay: true, allowHalfOpen: true }));
  }

  #know(socket) {
    this.#sockets.add(socket);
    // "close" follows every error and reports it.
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
    return socket;
  }
}

const directions = ({ direction }) => (direction === undefined ? ["up", "down"] : [direction]);

/** A command is a line `{ id, name, given }`; its answer is `{ id, value }` or `{ id, error }`. */
async function serve(port, target) {
  const proxy = new FaultProxy(target);
  await proxy.listen(port);
  console.log("ready");
  createInterface({ input: process.stdin }).on("line", async (line) => {
    const { id, name, given } = JSON.parse(line);
    const answer = await Promise.resolve()
      .then(() => proxy[name](given))
      .then(
        (value) => ({ id, value }),
        (error) => ({ id, error: error.message }),
      );
    console.log(JSON.stringify(answer));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await serve(...process.argv.slice(2).map(Number));
