// On a narrow screen, the room shows one part at a time. On a wide screen this changes nothing.

export class Views {
  #room = document.querySelector("#call");
  #buttons = [...document.querySelectorAll("[data-show]")];
  #unread = 0;

  constructor() {
    for (const button of this.#buttons) button.addEventListener("click", () => this.show(button.dataset.show));
    this.show("people");
  }

  show(view) {
    this.#room.dataset.view = view;
    for (const button of this.#buttons) button.setAttribute("aria-pressed", String(button.dataset.show === view));
    if (view === "chat") this.#count(0);
  }

  /** Marks that a new message has come. */
  arrived() {
    if (this.#room.dataset.view !== "chat") this.#count(this.#unread + 1);
  }

  #count(unread) {
    this.#unread = unread;
    const badge = document.querySelector("#unread");
    badge.hidden = unread === 0;
    badge.textContent = unread > 99 ? "99+" : unread;
    badge.setAttribute("aria-label", `${unread} unread`);
  }
}
