// Messages, over one data channel per peer. Nobody keeps them for those who come later.

const MOST_SHOWN = 500;
const MOST_WAITING = 100;
const LONGEST = 4000;

export class Chat {
  #log = document.querySelector("[data-testid=chat-log]");
  #empty = document.querySelector("#log-empty");
  #input = document.querySelector("[data-testid=chat-input]");
  /** RemotePeer → { channel, waiting }. */
  #links = new Map();
  #ownName;

  constructor(ownName) {
    this.#ownName = ownName;
    document.querySelector("#compose").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#input.value.trim();
      if (!text) return;
      this.#input.value = "";
      this.#say(text);
    });
  }

  /** Both sides make the channel, with the same number, so nobody has to wait for the other. */
  attach(peer, nameOf) {
    const channel = peer.createDataChannel("chat", { negotiated: true, id: 1 });
    const link = { channel, waiting: [] };
    this.#links.set(peer, link);
    channel.addEventListener("open", () => link.waiting.splice(0).forEach((frame) => channel.send(frame)));
    channel.addEventListener("message", ({ data }) => {
      const text = understood(data);
      if (text !== undefined) this.#show(nameOf(), text, "theirs");
    });
  }

  detach(peer) {
    this.#links.delete(peer);
  }

  /** A line about the room. */
  note(text) {
    this.#append("note", (line) => (line.textContent = text));
  }

  #say(text) {
    const frame = JSON.stringify({ text });
    for (const { channel, waiting } of this.#links.values()) {
      if (channel.readyState === "open") channel.send(frame);
      else if (channel.readyState === "connecting" && waiting.length < MOST_WAITING) waiting.push(frame);
    }
    this.#show(this.#ownName, text, "mine");
    if (this.#links.size === 0) this.note("Nobody is here to read it yet.");
  }

  #show(name, text, whose) {
    this.#append(whose, (line) => {
      const head = document.createElement("span");
      head.className = "from";
      const author = document.createElement("b");
      author.textContent = name;
      const time = document.createElement("time");
      const now = new Date();
      time.dateTime = now.toISOString();
      time.textContent = now.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      head.append(author, whose === "mine" ? " (you) " : " ", time);
      const body = document.createElement("span");
      body.className = "text";
      body.dir = "auto";
      body.textContent = text;
      line.append(head, body);
    });
  }

  #append(className, fill) {
    const log = this.#log;
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
    const line = document.createElement("li");
    line.className = className;
    fill(line);
    log.append(line);
    while (log.childElementCount > MOST_SHOWN) log.firstElementChild.remove();
    this.#empty.hidden = true;
    if (atEnd || className === "mine") log.scrollTop = log.scrollHeight;
  }
}

/** The text of a frame, or undefined where it is none of ours. */
function understood(data) {
  if (typeof data !== "string" || data.length > 6 * LONGEST) return undefined;
  try {
    const { text } = JSON.parse(data);
    return typeof text === "string" && text !== "" ? text.slice(0, LONGEST) : undefined;
  } catch {
    return undefined;
  }
}
