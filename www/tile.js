// What one sees of one peer.
import { flag } from "./flag.js";
import { RoundTrips } from "./quality.js";
import { TimelineView } from "./timeline.js";

const WORDS = {
  new: "found",
  connecting: "connecting",
  connected: "connected",
  disconnected: "interrupted",
  failed: "no path",
  closed: "connecting again",
};

const template = () => document.querySelector("#tile-template").content.firstElementChild.cloneNode(true);

/** Puts a flag, a name and an id into a tile. */
function introduce(element, id, name) {
  element.querySelector(".flag").append(flag(id));
  element.querySelector(".name").textContent = name;
  element.querySelector(".id").textContent = id;
  element.querySelector(".id").title = id;
}

export class Tile {
  element = template();
  #part = (selector) => this.element.querySelector(selector);
  #video = this.#part("video");
  #stream;
  #timeline = new TimelineView();
  #trips = new RoundTrips(this.#part(".trips"));
  #watched = new WeakSet();

  /** `restart()`: the person wants a new path to this peer. */
  constructor(id, { restart }) {
    introduce(this.element, id, "");
    this.element.dataset.peerId = id;
    this.#part(".details").append(this.#timeline.element);
    this.#part(".unmute").addEventListener("click", () => {
      this.#video.muted = false;
      this.#look();
    });
    this.#part(".restart").addEventListener("click", restart);
    this.showState("new", "");
  }

  get state() {
    return this.element.dataset.state;
  }

  /** `connectionState` of the peer's connection, and why, in words or "". */
  showState(state, reason) {
    this.element.dataset.state = state;
    this.#lookAway();
    this.#part(".reason").textContent = reason;
    this.#part(".restart").setAttribute("aria-disabled", String(state === "closed"));
  }

  set name(name) {
    this.#part(".name").textContent = name;
    this.#video.setAttribute("aria-label", `Picture of ${name}`);
    this.#part(".restart").setAttribute("aria-label", `Restart ICE with ${name}`);
  }

  /** Why the peer cannot be reached through the server, in words; "" when it can. Its connection may live. */
  set away(words) {
    if (words) this.element.dataset.away = words;
    else delete this.element.dataset.away;
    this.#lookAway();
  }

  get away() {
    return this.element.dataset.away ?? "";
  }

  /** `{ words, roundTripMs }`, or undefined where no pair is in use. */
  set quality(quality) {
    this.#part(".path").textContent = quality?.words ?? "";
    if (quality === undefined) this.#trips.clear();
    else if (quality.roundTripMs !== undefined) this.#trips.add(quality.roundTripMs);
  }

  set timeline(timeline) {
    this.#timeline.show(timeline);
  }

  get restarting() {
    return this.#part(".restart").getAttribute("aria-busy") === "true";
  }

  set restarting(restarting) {
    this.#part(".restart").setAttribute("aria-busy", String(restarting));
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
    this.quality = undefined;
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

  #lookAway() {
    const { state, away = "" } = this.element.dataset;
    this.#part(".away-words").textContent = away;
    this.#part(".chip").textContent = away.startsWith("away") && state !== "connected" ? "away" : (WORDS[state] ?? state);
  }

  #look() {
    const flows = (kind) =>
      (this.#stream?.getTracks() ?? []).some((track) => track.kind === kind && !track.muted && track.readyState === "live");
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

/** The own tile: no peer, so none of the contract's attributes, and nothing to connect. */
export function ownTile(id, name) {
  const element = template();
  element.classList.add("own");
  introduce(element, id, name);
  element.querySelector(".details").remove();
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
      // One's own face is a mirror, one's screen is not.
      video.classList.toggle("mirror", media.source === "camera");
      video.srcObject = picture ? media.stream : null;
      if (picture) video.play().catch(() => {});
    },
  };
}
