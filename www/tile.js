// What one sees of one peer.
import { flag } from "./flag.js";
import { TimelineView } from "./timeline.js";

const WORDS = {
  new: "found",
  connecting: "connecting",
  connected: "connected",
  disconnected: "interrupted",
  failed: "no path",
  closed: "connecting again",
};

export class Tile {
  element;
  #video;
  #part;
  #stream;
  #timeline = new TimelineView();
  #watched = new WeakSet();

  constructor(id) {
    this.element = document.querySelector("#tile-template").content.firstElementChild.cloneNode(true);
    this.#part = (selector) => this.element.querySelector(selector);
    this.element.dataset.peerId = id;
    this.#part(".flag").append(flag(id));
    this.#part(".id").textContent = id;
    this.#part(".id").title = id;
    this.element.append(this.#timeline.element);
    this.#video = this.#part("video");
    this.#part(".unmute").addEventListener("click", () => {
      this.#video.muted = false;
      this.#look();
    });
    this.state = "new";
  }

  /** `connectionState` of the peer's connection. */
  set state(state) {
    this.element.dataset.state = state;
    this.#part(".chip").textContent = WORDS[state] ?? state;
  }

  set name(name) {
    this.#part(".name").textContent = name;
    this.#video.setAttribute("aria-label", `Picture of ${name}`);
  }

  /** The room no longer lists the peer, but its connection lives. */
  set away(away) {
    this.element.classList.toggle("away", away);
  }

  set path(text) {
    this.#part(".path").textContent = text;
  }

  set timeline(timeline) {
    this.#timeline.show(timeline);
  }

  /** A track of the peer: pictures and sound come in one stream. */
  show(track, stream) {
    if (this.#stream !== stream) {
      this.#stream = stream;
      this.#video.srcObject = stream;
    }
    this.#watch(stream, ["addtrack", "removetrack"]);
    this.#watch(track, ["mute", "unmute", "ended"]);
    this.#look();
  }

  /** The connection that the pictures came over is gone. */
  clear() {
    this.#stream = undefined;
    this.#video.srcObject = null;
    this.path = "";
    this.#look();
  }

  remove() {
    this.clear();
    this.element.remove();
  }

  #watch(target, types) {
    if (this.#watched.has(target)) return;
    this.#watched.add(target);
    for (const type of types) target.addEventListener(type, () => this.#look());
  }

  #look() {
    const flows = (kind) => (this.#stream?.getTracks() ?? []).some((track) => track.kind === kind && !track.muted && track.readyState === "live");
    const [picture, sound] = [flows("video"), flows("audio")];
    this.#video.hidden = !picture;
    this.#part(".badge-mic").toggleAttribute("hidden", !sound);
    this.#part(".unmute").hidden = !sound || !this.#video.muted;
    if (picture || sound) this.#play();
  }

  async #play() {
    try {
      await this.#video.play();
    } catch (error) {
      // No sound before a gesture: the picture at least.
      if (error.name !== "NotAllowedError" || this.#video.muted) return;
      this.#video.muted = true;
      this.#look();
    }
  }
}

/** The own tile: no peer, so none of the contract's attributes. */
export function ownTile(id, name) {
  const element = document.querySelector("#tile-template").content.firstElementChild.cloneNode(true);
  element.classList.add("own");
  element.querySelector(".flag").append(flag(id));
  element.querySelector(".name").textContent = name;
  element.querySelector(".id").textContent = id;
  element.querySelector(".id").title = id;
  element.querySelector(".chip").textContent = "you";
  const video = element.querySelector("video");
  video.muted = true;
  video.setAttribute("aria-label", "Your own picture");
  return {
    element,
    show(media) {
      const { audio, video: picture } = media.tracks;
      element.querySelector(".badge-mic").toggleAttribute("hidden", !audio);
      video.hidden = !picture;
      video.srcObject = picture ? media.stream : null;
      if (picture) video.play().catch(() => {});
    },
  };
}
