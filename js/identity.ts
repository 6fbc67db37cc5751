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

/** @internal Who a client is. */
export interface Identity {
  readonly id: string;
  /** By which the server knows it again. */
  readonly key: string;
  /** How many pages have used what is stored, this one with them. */
  readonly pages: number;
  /** Before the first `hello`: makes sure that no other page uses what is stored. */
  claim(): Promise<void>;
  /** The key is another one from now on. */
  save(key: string): void;
  /** The id is given up. */
  close(): void;
}

/** @internal */
export function identity(url: string, given: string | undefined, keep: string): Identity {
  const storage = STORAGES[keep];
  const name = ["signalpost", url, given].join(" ");
  let close!: () => void;
  const over = new Promise<void>((done) => (close = done));
  let id: string;
  let key: string;
  let pages = 0;
  let claimed: Promise<void> | undefined;

  /** What is stored, by name; nothing, where nothing is kept. */
  const kept = () => (globalThis as any)[storage!];
  const draw = () => {
    id = given ?? randomHex(8);
    key = randomHex(32);
  };
  const read = () => {
    try {
      const [storedId, storedKey, storedPages] = JSON.parse(kept()[name]);
      if (/^[!-~]{16,64}$/.test(storedKey)) {
        id = text("", storedId);
        key = storedKey;
        pages = storedPages | 0;
      }
    } catch {
      // Nothing is kept, or what others wrote.
    }
  };
  const save = (next: string) => {
    key = next;
    try {
      kept()[name] = JSON.stringify([id, key, pages]);
    } catch {
      // It is as if nothing were to be kept.
    }
  };
  /** Whether the id is this page's until the end; also where nobody can tell. */
  const locked = () => {
    const locks = globalThis.navigator?.locks;
    return (
      !locks ||
      new Promise<boolean>((done) => {
        const held = () => (done(true), over);
        locks.request(`${name} ${id}`, { signal: AbortSignal.timeout(WAIT_MS) }, held).catch(() => done(false));
      })
    );
  };
  const claim = async () => {
    // Another page may have gone on with it.
    read();
    if (keep === "tab" && !(await locked())) {
      draw();
      await locked();
    }
    pages++;
    save(key);
  };

  draw();
  read();
  return {
    get id() {
      return id;
    },
    get key() {
      return key;
    },
    get pages() {
      return pages;
    },
    claim: () => (claimed ??= claim()),
    save,
    close,
  };
}
