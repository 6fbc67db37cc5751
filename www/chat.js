// Messages, over one data channel per peer. Nobody keeps them for people who come later.

const MOST_SHOWN = 500;
const MOST_WAITING = 100;
const LONGEST = 4000;

export class Chat extends EventTarget {
  ownName;
  #log = document.querySelector("[data-testid=chat-log]");
  #empty = document.querySelector("#log-empty");
  #input = document.querySelector("[data-testid=chat-input]");
  /** RemotePeer → { channel, waiting }. */
  #links = new Map();
  /** Peer id → the messages that were written while the page was connecting to the peer again. */
  #kept = new Map();
  #atEnd = true;

  constructor(ownName) {
    super();
    this.ownName = ownName;
    this.#log.addEventListener("scroll", () => (this.#atEnd = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 60));
    // A picture has loaded, or the log is visible again: the text that the person reads stays in view.
    this.#log.addEventListener("load", () => this.#toEnd(), true);
    new ResizeObserver(() => this.#toEnd()).observe(this.#log);
    document.querySelector("#compose").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#input.value.trim();
      if (!text) return;
      this.#input.value = "";
      this.#say(text);
    });
  }

  /** Both sides create the channel, with the same number, so neither waits for the other. */
  attach(peer, nameOf) {
    const link = { channel: undefined, waiting: this.#kept.get(peer.id) ?? [] };
    this.#kept.delete(peer.id);
    this.#links.set(peer, link);
    const use = (channel) => {
      link.channel = channel;
      channel.addEventListener("open", () => this.#flush(peer, link));
      channel.addEventListener("message", ({ data }) => {
        const text = understood(data);
        if (text === undefined) return;
        this.#show(nameOf(), text, "theirs");
        this.#went(peer, false);
      });
    };
    use(peer.createDataChannel("chat", { negotiated: true, id: 1 }));
    peer.addEventListener("datachannel", ({ channel, replaced }) => replaced && channel.label === "chat" && use(channel));
    peer.addEventListener("statechange", () => this.#flush(peer, link));
  }

  /** Sends what was written while the path to the peer was lost. */
  #flush(peer, { channel, waiting }) {
    if (!isReady(peer, channel)) return;
    for (const frame of waiting.splice(0)) channel.send(frame);
  }

  /** Ends the channel of a connection that is over. `stays`: the peer is still here, and the page will connect to it again. */
  detach(peer, stays) {
    if (stays) this.#kept.set(peer.id, this.#links.get(peer)?.waiting ?? []);
    this.#links.delete(peer);
  }

  /** Forgets the messages for a peer that is gone. */
  forget(id) {
    this.#kept.delete(id);
  }

  /** Adds a line about the room. */
  note(text) {
    this.#append("note", (line) => (line.textContent = text));
  }

  /** Adds an element like a message; `whose` is "mine" or "theirs". */
  insert(name, whose, element) {
    this.#append(whose, (line) => line.append(head(name, whose), element));
    if (whose === "theirs") this.dispatchEvent(new Event("arrived"));
  }

  #say(text) {
    const frame = JSON.stringify({ text });
    for (const [peer, { channel, waiting }] of this.#links) {
      if (isReady(peer, channel)) {
        channel.send(frame);
        this.#went(peer, true);
      } else if (waiting.length < MOST_WAITING) waiting.push(frame);
    }
    for (const waiting of this.#kept.values()) if (waiting.length < MOST_WAITING) waiting.push(frame);
    this.#show(this.ownName, text, "mine");
    if (this.#links.size + this.#kept.size === 0) this.note("Nobody is here to read it yet.");
  }

  #show(name, text, whose) {
    const body = document.createElement("span");
    body.className = "text";
    body.dir = "auto";
    body.textContent = text;
    this.insert(name, whose, body);
  }

  /** Reports that a message went over the link to the peer. */
  #went(peer, outwards) {
    this.dispatchEvent(new CustomEvent("went", { detail: { id: peer.id, outwards } }));
  }

  #append(className, fill) {
    const log = this.#log;
    const line = document.createElement("li");
    line.className = className;
    fill(line);
    log.append(line);
    while (log.childElementCount > MOST_SHOWN) log.firstElementChild.remove();
    this.#empty.hidden = true;
    if (className === "mine") this.#atEnd = true;
    this.#toEnd();
  }

  /** Scrolls to the newest message, unless the person is reading older ones. */
  #toEnd() {
    if (this.#atEnd) this.#log.scrollTop = this.#log.scrollHeight;
  }
}

/** Whether a message would go through now. An open channel of a lost path only stores it, and loses it when the connection is replaced. */
function isReady(peer, channel) {
  return channel.readyState === "open" && peer.state === "connected";
}

function head(name, whose) {
  const element = document.createElement("span");
  element.className = "from";
  const author = document.createElement("b");
  author.textContent = name;
  const time = document.createElement("time");
  const now = new Date();
  time.dateTime = now.toISOString();
  time.textContent = now.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  element.append(author, whose === "mine" ? " (you) " : " ", time);
  return element;
}

/** Returns the text of a frame, or undefined for a frame of another program. */
function understood(data) {
  if (typeof data !== "string" || data.length > 6 * LONGEST) return undefined;
  try {
    const { text } = JSON.parse(data);
    return typeof text === "string" && text !== "" ? text.slice(0, LONGEST) : undefined;
  } catch {
    return undefined;
  }
}
