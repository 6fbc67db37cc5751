import { text } from "./arguments.js";
import { SignalingError } from "./errors.js";

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
  readonly storage?: "none" | "tab" | "origin";
}

/** How long a page that is loaded anew waits for the end of the one before. */
const WAIT_MS = 300;

/**
 * Hexadecimal digits of this many random bytes of the platform's generator. Some hosts draw nothing before a request is handled:
 * nothing is drawn before it is needed.
 */
function randomHex(bytes: number): string {
  const drawn = new Uint8Array(bytes);
  try {
    crypto.getRandomValues(drawn);
  } catch (cause) {
    const isThere = globalThis.crypto !== undefined;
    throw new SignalingError("unsupported", isThere, { detail: `crypto.getRandomValues: ${cause}` }, cause);
  }
  return Array.from(drawn, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The storage of each `SessionOptions.storage`; none for `"none"`. */
const STORAGES: Record<string, "sessionStorage" | "localStorage"> = { tab: "sessionStorage", origin: "localStorage" };

/** The address without what may be secret in it and changes from page to page: user, password and query. */
function placeOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** @internal Who a client is. Nothing is drawn or read before it is asked for. */
export interface Identity {
  readonly id: string;
  /** By which the server knows it again. */
  readonly key: string;
  /** How many pages have used what is stored, this one with them. */
  readonly pages: number;
  /** Before the first `hello`: makes sure that no other page uses what is stored. It may be called again after it failed. */
  claim(): Promise<void>;
  /** The key is another one from now on. */
  save(key: string): void;
  /** The id is given up. */
  close(): void;
}

/** @internal `url` tells the endpoint, once it is needed. */
export function identity(url: () => string, given: string | undefined, kind: string): Identity {
  const storage = STORAGES[kind];
  let close!: () => void;
  const over = new Promise<void>((done) => (close = done));
  /** Of what was read or drawn; `undefined` before. */
  let own: { id: string; key: string; pages: number } | undefined;
  let claimed: Promise<void> | undefined;

  const name = () => ["signalpost", placeOf(url()), given].join(" ");
  /** The storage; throws where the browser has or allows none. */
  const kept = () => {
    if (storage === undefined) throw new TypeError("nothing is stored");
    return globalThis[storage] as Storage & Record<string, string>;
  };
  const drawn = () => ({ id: given ?? randomHex(8), key: randomHex(32), pages: 0 });
  const stored = () => {
    try {
      const [id, key, pages] = JSON.parse(kept()[name()]);
      if (/^[!-~]{16,64}$/.test(key)) return { id: given ?? text("", id), key: key as string, pages: pages | 0 };
    } catch {
      // Nothing is kept, or what others wrote.
    }
    return undefined;
  };
  const whole = () => (own ??= stored() ?? drawn());
  const save = (next: string) => {
    const { id, pages } = whole();
    own = { id, key: next, pages };
    try {
      kept()[name()] = JSON.stringify([id, next, pages]);
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
        const held = () => {
          done(true);
          return over;
        };
        locks.request(`${name()} ${whole().id}`, { signal: AbortSignal.timeout(WAIT_MS) }, held).catch(() => done(false));
      })
    );
  };
  const claim = async () => {
    // Another page may have gone on with it.
    own = stored() ?? whole();
    if (kind === "tab" && !(await locked())) {
      own = drawn();
      await locked();
    }
    own.pages++;
    save(own.key);
  };

  return {
    get id() {
      return given ?? whole().id;
    },
    get key() {
      return whole().key;
    },
    get pages() {
      return whole().pages;
    },
    claim: () =>
      (claimed ??= claim().catch((error) => {
        claimed = undefined;
        throw error;
      })),
    save,
    close,
  };
}
