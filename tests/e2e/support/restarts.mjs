// ICE restarts between Chromium and Firefox, and how they may fail.

/** A time longer than any wait in a page. */
const MOST_MS = 20_000;
/** Firefox takes 28 s to find that a path is silent. */
const NOTICED_MS = 45_000;

/**
 * Runs `act`, which restarts ICE and checks the result; returns whether it succeeded.
 *
 * Firefox now and then ends DTLS within moments of a restart with Chromium: seen once in some 270 restarts a second or more apart, and
 * with quicker ones in plain browsers too. No data flows ever again then, and the SDK must report it: `peer` is closed, or its path failed, in each of `pages`. Only for that
 * the function returns false. It throws for any other failure, and for any failure between browsers of one kind.
 */
export async function restarts(t, kinds, pages, act) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("nothing came of it in time")), MOST_MS)));
  try {
    await Promise.race([act(), late]);
    return true;
  } catch (error) {
    if (new Set(kinds).size === 1) throw error;
    for (const page of pages) {
      try {
        await page.waitFor("['closed', 'failed'].includes(peer.state)", null, { timeoutMs: NOTICED_MS });
      } catch {
        throw error;
      }
    }
    t.diagnostic(`Firefox ended the connection after a restart of ICE: ${error.message}`);
    return false;
  } finally {
    clearTimeout(timer);
  }
}
