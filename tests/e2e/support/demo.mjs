// Uses the demo page as a person does.

/** Returns the address of a room's page, for this peer id, which is the name too. */
export const address = (server, room, id) => `${server.origin}/?room=${room}&peer=${id}&name=${id}`;

/** Waits until the page shows the peer as connected. */
export const shows = (page, id, what = `${id} to be shown as connected`) =>
  page.waitFor(`document.querySelector('[data-peer-id="${id}"]')?.dataset.state === "connected"`, null, { what, timeoutMs: 20_000 });

/** Types a message, as a person would. */
export const say = (page, text) =>
  page.evaluate((text) => {
    const input = document.querySelector("[data-testid=chat-input]");
    input.focus();
    input.value = text;
    input.form.requestSubmit();
  }, text);

export const reads = (page, text) =>
  page.waitFor(`document.querySelector("[data-testid=chat-log]").textContent.includes(${JSON.stringify(text)})`, null, {
    what: `"${text}" in the log`,
  });

/** Chats both ways: each message is in both logs. */
export async function chat(pages, word) {
  for (const [side, page] of pages.entries()) await say(page, `${word} from ${side}`);
  for (const page of pages) for (const side of pages.keys()) await reads(page, `${word} from ${side}`);
}

/** Presses a button of the page. */
export const click = (page, selector) => page.evaluate((selector) => document.querySelector(selector).click(), selector);

/** In a page: `window.peer` is the connection to the other side, with a channel whose end the page records. */
export async function observe(id) {
  const peer = window.signalpost.remotePeers.find((peer) => peer.id === id);
  window.peer = peer;
  window.ended = [];
  window.arrived = [];
  const channel = peer.createDataChannel("probe", { negotiated: true, id: 77 });
  window.channel = channel;
  for (const type of ["closing", "close", "error"]) channel.addEventListener(type, () => ended.push(`the channel: ${type}`));
  peer.addEventListener("statechange", ({ state, reason }) => ended.push(`${state} ${reason}`));
  peer.addEventListener("error", ({ error }) => ended.push(error.message));
  peer.addEventListener("track", ({ track, transceiver }) => arrived.push({ track, transceiver }));
  window.heard = [];
  channel.addEventListener("message", ({ data }) => heard.push(data));
  if (channel.readyState !== "open") await new Promise((done) => channel.addEventListener("open", done, { once: true }));
}

/** In a page: makes a file of this many bytes, the same for the same seed (mulberry32). */
export const FILE = `({ name, type, size, seed }) => {
  const bytes = new Uint8Array(size);
  let state = seed >>> 0;
  for (let at = 0; at < size; at += 1) {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    bytes[at] = mixed >>> 24;
  }
  return new File([bytes], name, { type });
}`;

/** Drops a file on the page, as a person does; returns its SHA-256. */
export const drop = (page, file) =>
  page.evaluate(
    `async (wanted) => {
      const file = (${FILE})(wanted);
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(file);
      const overlay = document.querySelector("#drop");
      const event = (type) => new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
      document.body.dispatchEvent(event("dragenter"));
      const shown = !overlay.hidden;
      document.body.dispatchEvent(event("dragover"));
      document.body.dispatchEvent(event("drop"));
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
      return { digest: Array.from(digest).join(), shown, hidden: overlay.hidden };
    }`,
    file,
  );

/** Makes the page's downloads readable from now on: `window.offered`, by address. */
export const keepDownloads = (page) =>
  page.evaluate(() => {
    const make = URL.createObjectURL.bind(URL);
    window.offered = new Map();
    URL.createObjectURL = (blob) => {
      const made = make(blob);
      offered.set(made, blob);
      return made;
    };
  });

/** Waits until the page offers the file for download; returns the contents behind the link. */
export async function downloaded(page, name) {
  const card = `[...document.querySelectorAll("[data-testid=file][data-direction=in]")].find((card) => card.querySelector(".file-name").textContent === ${JSON.stringify(name)})`;
  await page.waitFor(`(${card})?.querySelector("[data-testid=file-link]").hidden === false`, null, {
    what: `${name} to arrive`,
    timeoutMs: 20_000,
  });
  return page.evaluate(`async () => {
    const card = ${card};
    const link = card.querySelector("[data-testid=file-link]");
    const blob = offered.get(link.href);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
    return { digest: Array.from(digest).join(), size: blob.size, type: blob.type, download: link.download, words: card.querySelector(".file-words").textContent };
  }`);
}
