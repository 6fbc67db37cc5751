// The tile that shows one peer.
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

  /** The tile calls `restart()` when the person wants a new path to this peer. */
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

  /** Shows the `connectionState` of the peer's connection, and its reason in words, or "". */
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

  /** Says in words why the server cannot reach the peer, or "" if it can. The connection to the peer may still work. */
  set away(words) {
    if (words) this.element.dataset.away = words;
    else delete this.element.dataset.away;
    this.#lookAway();
  }

  get away() {
    return this.element.dataset.away ?? "";
  }

  /** Shows `{ words, roundTripMs }`; undefined if no pair is in use. */
  set quality(quality) {
    this.#part(".path").textContent = quality?.words ?? "";
    if (quality === undefined) this.#trips.clear();
    else if (quality.roundTripMs !== undefined) this.#trips.add(quality.roundTripMs);
  }

  set timeline(timeline) {
    this.#timeline.show(timeline);
  }

  /** Counts, in `data-replaced`, how often another connection took the place of the peer's. */
  noteReplacement() {
    this.element.dataset.replaced = Number(this.element.dataset.replaced ?? 0) + 1;
  }

  get restarting() {
    return this.#part(".restart").getAttribute("aria-busy") === "true";
  }

  set restarting(restarting) {
    this.#part(".restart").setAttribute("aria-busy", String(restarting));
  }

  /** Shows a track of the peer: video and audio come in one stream. */
  show(track, stream) {
    if (this.#stream !== stream) {
      this.#stream = stream;
      this.#video.srcObject = stream;
    }
    this.#watch(stream, ["addtrack", "removetrack"]);
    this.#watch(track, ["mute", "unmute", "ended"]);
    this.#look();
  }

  /** Removes the video of a connection that is gone. */
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
      // Browsers play no sound before a gesture: show the video at least.
      if (error.name !== "NotAllowedError" || this.#video.muted) return;
      this.#video.muted = true;
      this.#look();
    }
  }
}

/** The own tile shows no peer, so it has none of the attributes of a peer's tile, and nothing to connect. */
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
      // The own face is shown as in a mirror, the own screen is not.
      video.classList.toggle("mirror", media.source === "camera");
      video.srcObject = picture ? media.stream : null;
      if (picture) video.play().catch(() => {});
    },
  };
}
