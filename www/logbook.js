// Lists the events of the links with their reasons, newest first.

const MOST = 100;

const two = (number) => String(number).padStart(2, "0");

export class Logbook {
  #list = document.querySelector("#logbook");

  /** Adds an entry; `tone` is "good", "bad" or "" and colours the mark only, never the words. */
  write(text, tone = "") {
    const line = document.createElement("li");
    line.dataset.tone = tone;
    const now = new Date();
    const time = document.createElement("time");
    time.dateTime = now.toISOString();
    time.textContent = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(":");
    const words = document.createElement("span");
    words.textContent = text;
    line.append(time, words);
    this.#list.prepend(line);
    while (this.#list.childElementCount > MOST) this.#list.lastElementChild.remove();
  }
}
