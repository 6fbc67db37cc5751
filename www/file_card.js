// Shows one file among the messages: its progress for each receiver, and the link to it when it has arrived.

const UNITS = ["bytes", "KiB", "MiB"];
const SPOKEN_EVERY = 25;
/** The time between two updates: chunks come faster than a person can read. */
const SHOWN_EVERY_MS = 100;

/** "1.4 MiB" */
export function sizeInWords(bytes) {
  let [size, unit] = [bytes, 0];
  while (size >= 1024 && unit < UNITS.length - 1) [size, unit] = [size / 1024, unit + 1];
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${bytes === 1 ? "byte" : UNITS[unit]}`;
}

/** Returns a name without characters that are invisible or change the direction of the text after them. */
const printable = (name) => name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "").trim() || "file";

export class FileCard {
  element = document.querySelector("#file-template").content.firstElementChild.cloneNode(true);
  #part = (selector) => this.element.querySelector(selector);
  #name;
  #size;
  /** { name, transfer } of each receiver; there is no name if this page receives. */
  #ends;
  #from;
  #removed;
  #address = "";
  #shownAt = 0;

  /** A file to send has `file` and `receivers`; a file that arrives has `from` and `transfer`. The card calls `removed()` when it holds the file no longer. */
  constructor({ name, size, file, receivers, from, transfer, removed = () => {} }) {
    this.#name = printable(name);
    this.#size = size;
    this.#ends = receivers ?? [{ name: "", transfer }];
    this.#from = from;
    this.#removed = removed;
    this.element.dataset.direction = receivers ? "out" : "in";
    this.#part(".file-name").textContent = this.#name;
    this.#part(".file-size").textContent = sizeInWords(size);
    this.#part("progress").setAttribute("aria-label", `${receivers ? "Sending" : "Receiving"} ${this.#name}`);
    this.#part(".file-cancel").setAttribute("aria-label", `Cancel ${this.#name}`);
    this.#part(".file-cancel").addEventListener("click", () => {
      for (const { transfer } of this.#ends) transfer.cancel();
    });
    for (const end of this.#ends) end.transfer.addEventListener("change", () => this.#show());
    if (file) this.#preview(file, URL.createObjectURL(file));
    this.#show();
  }

  #show() {
    const transfers = this.#ends.map(({ transfer }) => transfer);
    const running = transfers.some((transfer) => !transfer.isOver);
    const now = performance.now();
    if (running && now - this.#shownAt < SHOWN_EVERY_MS) return;
    this.#shownAt = now;
    const done = transfers.filter(({ state }) => state === "done");
    const share =
      this.#size === 0 ? Number(!running) : transfers.reduce((sum, { bytes }) => sum + bytes, 0) / (this.#size * transfers.length);
    const percent = Math.floor(100 * share);
    this.element.dataset.state = running ? "running" : done.length > 0 ? "done" : "stopped";
    this.#part("progress").value = share;
    this.#part("progress").hidden = !running;
    this.#part(".file-cancel").hidden = !running;
    this.#part(".file-words").textContent = this.#from === undefined ? this.#sentWords(percent) : this.#receivedWords(percent);
    if (!running && this.#from !== undefined && done.length > 0 && !this.#address) this.#offer(done[0].blob);
    // A screen reader speaks the steps and the end, not every chunk.
    const spoken = running
      ? share > 0 && percent % SPOKEN_EVERY < 2
        ? `${percent}\u00a0%`
        : undefined
      : this.#part(".file-words").textContent;
    if (spoken !== undefined) this.#part("progress").setAttribute("aria-valuetext", spoken);
  }

  #sentWords(percent) {
    if (this.#ends.length === 1) return `to ${this.#ends[0].name}: ${words(this.#ends[0].transfer, percent)}`;
    return this.#ends
      .map(({ name, transfer }) => `${name}: ${words(transfer, Math.floor((100 * transfer.bytes) / Math.max(1, transfer.size)))}`)
      .join(" · ");
  }

  #receivedWords(percent) {
    const [{ transfer }] = this.#ends;
    if (transfer.state !== "done") return words(transfer, percent);
    return {
      true: "arrived, SHA-256 compared: intact",
      false: "arrived, but it differs from the file that was sent",
      undefined: "arrived",
    }[transfer.intact];
  }

  #preview(blob, address) {
    if (!PICTURES.test(blob.type)) return;
    const picture = this.#part(".file-picture");
    picture.addEventListener("error", () => (picture.hidden = true));
    picture.src = address;
    picture.alt = `Preview of ${this.#name}`;
    picture.hidden = false;
  }

  /** Shows the link to the file, a preview of a picture, and a button that removes the file. */
  #offer(blob) {
    this.#address = URL.createObjectURL(blob);
    const link = this.#part(".file-link");
    link.href = this.#address;
    link.download = this.#name;
    link.setAttribute("aria-label", `Download ${this.#name}`);
    link.hidden = false;
    this.#preview(blob, this.#address);
    const remove = this.#part(".file-remove");
    remove.setAttribute("aria-label", `Remove ${this.#name}`);
    remove.hidden = false;
    remove.addEventListener("click", () => {
      URL.revokeObjectURL(this.#address);
      this.#removed();
      this.element.closest("li").remove();
      document.querySelector("[data-testid=chat-input]").focus();
    });
  }
}

/** The types that the page shows as pictures, and that can be nothing else. */
const PICTURES = /^image\/(png|jpeg|gif|webp|avif)$/;

function words({ state, reason, intact }, percent) {
  if (state === "waiting") return "waiting";
  if (state === "running") return `${percent}\u00a0%`;
  if (state === "stopped") return `stopped, ${reason}`;
  return intact === false ? "arrived damaged" : "arrived";
}
