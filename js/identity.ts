import { bytes, text } from "./arguments.js";
import { SignalingError } from "./errors.js";
import { KEY_BYTES, MIN_KEY_BYTES } from "./limits.js";

/** How the client stores its session. */
export interface SessionOptions {
  /**
   * Where the client stores the secret that resumes the session, and the peer id if you give no `peerId`. If the browser
   * refuses to store it, the client behaves as with `"none"`. Every script of the origin can read the stored values.
   *
   * - `"none"`, the default: in memory. If a page is killed, its id stays taken until the server's resume window is over.
   * - `"tab"`: in `sessionStorage`. A page that is reloaded in this tab has the id at once. A duplicated tab, which copies
   *   that storage, gets its own id, or `peer-id-taken` if you give a `peerId`: the client finds out by Web Locks which page was first.
   *   Without Web Locks (no https, no localhost) the duplicate takes the id, as with `"origin"`.
   * - `"origin"`: in `localStorage`. The newest page with this id has it, and the page before it becomes `superseded`.
   */
  readonly storage?: "none" | "tab" | "origin";
}

/** How long a reloaded page waits for the end of the page before, in milliseconds. */
const WAIT_MS = 300;

/**
 * Returns the hexadecimal digits of this many random bytes of the platform's generator. Some hosts give no random bytes before they handle
 * a request, so the client draws none before it needs them.
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

/** The storage for each value of `SessionOptions.storage`. */
const STORAGES: Record<string, "sessionStorage" | "localStorage"> = { tab: "sessionStorage", origin: "localStorage" };

/** Returns the address without user, password and query, which may be secret and may change from page to page. */
function placeOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** @internal The identity of a client. It reads and draws a value only when the client first needs it. */
export interface Identity {
  readonly id: string;
  /** The key by which the server recognizes the client. */
  readonly key: string;
  /** How many pages have used the stored identity, including this page. */
  readonly pages: number;
  /** Makes sure, before the first `hello`, that no other page uses the stored identity. After a failure the client may call it again. */
  claim(): Promise<void>;
  /** Replaces the key. */
  save(key: string): void;
  /** Gives the id up. */
  close(): void;
}

/** @internal Makes the identity of a client. `url` returns the endpoint; the identity calls it only when it needs the address. */
export function identity(url: () => string, given: string | undefined, kind: string): Identity {
  const storage = STORAGES[kind];
  let close!: () => void;
  const over = new Promise<void>((done) => (close = done));
  /** The identity that was read or drawn; `undefined` before that. */
  let own: { id: string; key: string; pages: number } | undefined;
  let claimed: Promise<void> | undefined;

  const name = () => ["signalpost", placeOf(url()), given].join(" ");
  /** Returns the storage; throws with `"none"`, and where the browser allows none. */
  const kept = () => {
    if (storage === undefined) throw new TypeError("nothing is stored");
    return globalThis[storage] as Storage & Record<string, string>;
  };
  const drawn = () => ({ id: given ?? randomHex(8), key: randomHex(32), pages: 0 });
  const stored = () => {
    try {
      const [id, key, pages] = JSON.parse(kept()[name()]);
      if (typeof key === "string" && bytes(key) >= MIN_KEY_BYTES && bytes(key) <= KEY_BYTES)
        return { id: given ?? text("", id), key, pages: Math.abs(pages | 0) };
    } catch {
      // Nothing is stored, or another script wrote the value.
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
      // The storage is full or forbidden: the client goes on as with `"none"`.
    }
  };
  /** Whether this page keeps the id until its end; true also if there are no Web Locks to tell. */
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
    // Another page may have used the stored identity meanwhile.
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
