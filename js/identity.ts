import { text } from "./arguments.js";

/** How a client's session is kept. */
export interface SessionOptions {
  /**
   * Where the secret that resumes the session is kept, and with it the peer id if no `peerId` is given. What cannot be stored
   * is as with `"none"`; every script of the origin can read what is.
   *
   * - `"none"`, the default: in memory. After a page that was killed its id is taken until the server's window is over.
   * - `"tab"`: in `sessionStorage`; the page that is loaded anew in this tab has the id at once. A duplicated tab, which copies
   *   that storage, gets an id of its own, or `peer-id-taken` where `peerId` is given: Web Locks tell which came first. Where
   *   there are none (no https, no localhost) it is as with `"origin"`.
   * - `"origin"`: in `localStorage`; the newest page with this id has it, and the one before is told `superseded`.
   */
  readonly keep?: "none" | "tab" | "origin";
}

/** How long a page that is loaded anew waits for the end of the one before. */
const WAIT_MS = 300;

/** @internal Hexadecimal digits of this many random bytes of the platform's generator. */
function randomHex(bytes: number): string {
  const drawn = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(drawn, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Where what is kept lies, by `SessionOptions.keep`. */
const STORAGES: Record<string, string> = { tab: "sessionStorage", origin: "localStorage" };

/** @internal Who a client is: its id, and the key by which the server knows it again. */
export class Identity {
  id!: string;
  key!: string;
  /** The id is given up. */
  close!: () => void;
  readonly #over = new Promise<void>((done) => (this.close = done));
  readonly #given: string | undefined;
  readonly #storage: string | undefined;
  readonly #name: string;
  #claimed: Promise<void> | undefined;

  constructor(url: string, given: string | undefined, keep: string) {
    this.#given = given;
    this.#storage = STORAGES[keep];
    this.#name = ["signalpost", url, given].join(" ");
    this.#draw();
    this.#read();
  }

  /** Before the first `hello`: makes sure that no other page uses what is stored. */
  claim(): Promise<void> {
    return (this.#claimed ??= this.#claim());
  }

  async #claim(): Promise<void> {
    // Another page may have gone on with it.
    this.#read();
    if (this.#storage === STORAGES["tab"] && !(await this.#locked())) {
      this.#draw();
      await this.#locked();
    }
    this.save(this.key);
  }

  save(key: string): void {
    this.key = key;
    try {
      this.#kept()[this.#name] = JSON.stringify([this.id, key]);
    } catch {
      // It is as if nothing were to be kept.
    }
  }

  #draw(): void {
    this.id = this.#given ?? randomHex(8);
    this.key = randomHex(32);
  }

  #read(): void {
    try {
      const [id, key] = JSON.parse(this.#kept()[this.#name]);
      if (/^[!-~]{16,64}$/.test(key)) {
        this.id = text("", id);
        this.key = key;
      }
    } catch {
      // Nothing is kept, or what others wrote.
    }
  }

  /** What is stored, by name; nothing, where nothing is kept. */
  #kept(): any {
    return (globalThis as any)[this.#storage!];
  }

  /** Whether the id is this page's until the end; also where nobody can tell. */
  async #locked(): Promise<boolean> {
    const locks = globalThis.navigator?.locks;
    return (
      !locks ||
      new Promise((done) => {
        const held = () => (done(true), this.#over);
        locks.request(`${this.#name} ${this.id}`, { signal: AbortSignal.timeout(WAIT_MS) }, held).catch(() => done(false));
      })
    );
  }
}
