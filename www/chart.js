// Draws the room as a sea chart: the server is a lighthouse on the coast, every peer is a vessel under its flag, every link is a line.
import { flag } from "./flag.js";
import { inWords } from "./quality.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 240;
/** Below this width, the chart leaves out the figures that the tiles show too. */
const NARROW = 480;
const SOUNDINGS = 22;
/** The distance between the depth figures and everything else in the chart, in pixels. */
const CLEAR = 46;
const FLAG = { width: 40, height: 29 };
const LONGEST_NAME = 16;
const PULSE_MS = 600;

function drawn(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const shortened = (name) => (name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name);

/** "Ada: connected, direct, 1.2 ms" */
function sentence({ name, state, away, quality }) {
  const facts = [state, away, quality?.words.split(" · ")[0] ?? "", quality?.roundTripMs === undefined ? "" : inWords(quality.roundTripMs)];
  return `${name}: ${facts.filter(Boolean).join(", ")}.`;
}

export class Chart {
  #svg = document.querySelector("#chart");
  #own;
  #link = "idle";
  /** { id, name, state, away, quality } of each peer. */
  #peers = [];
  #places = new Map();
  #width = 0;

  constructor(own) {
    this.#own = own;
    new ResizeObserver(([{ contentRect }]) => {
      const width = Math.round(contentRect.width);
      if (width === this.#width || width === 0) return;
      this.#width = width;
      this.#draw();
    }).observe(this.#svg.parentElement);
  }

  set link(state) {
    this.#link = state;
    this.#draw();
  }

  set peers(peers) {
    this.#peers = peers;
    this.#draw();
  }

  /** Shows that a message went over the link to the peer: a light runs along the line. */
  pulse(id, outwards) {
    const place = this.#places.get(id);
    if (!place || this.#width === 0 || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const [from, to] = outwards ? [this.#places.get(""), place] : [place, this.#places.get("")];
    const spark = drawn("circle", { class: "spark", r: 5 });
    this.#svg.append(spark);
    const at = ({ x, y }) => ({ transform: `translate(${x}px, ${y}px)` });
    spark.animate([at(from), at(to)], { duration: PULSE_MS, easing: "ease-in-out" }).finished.then(
      () => spark.remove(),
      () => {},
    );
  }

  #draw() {
    const width = this.#width;
    if (width === 0) return;
    const you = { x: width * (this.#peers.length ? 0.4 : 0.58), y: HEIGHT / 2 + 24 };
    this.#places = new Map([["", you]]);
    for (const [at, { id }] of this.#peers.entries()) this.#places.set(id, this.#placeOf(at, you));
    const text = [`The server: ${this.#link}.`, ...this.#peers.map(sentence)].join(" ");
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.#svg.setAttribute("aria-label", `A chart of the room. ${text}`);
    const sparks = this.#svg.querySelectorAll(".spark");
    this.#svg.replaceChildren(this.#sea(), ...this.#beam(you), ...this.#peers.flatMap((peer) => this.#line(peer, you)), this.#lighthouse());
    this.#svg.append(
      this.#vessel(this.#own, you, "you"),
      ...this.#peers.map((peer) => this.#vessel(peer, this.#places.get(peer.id), peer.state, peer.away)),
    );
    this.#svg.append(...sparks);
  }

  /** Places a peer on an arc, seaward of the own vessel; more than four peers stand in two rows. */
  #placeOf(at, you) {
    const count = this.#peers.length;
    const rows = count > 4 ? 2 : 1;
    const inRow = Math.ceil(count / rows);
    const row = at % rows;
    const share = inRow === 1 ? 0.36 : Math.floor(at / rows) / (inRow - 1);
    const bend = Math.sin(share * Math.PI) * 22;
    const reach = this.#width - you.x - 58;
    return { x: you.x + reach * (rows === 1 ? 0.84 : 0.55 + 0.42 * row) + bend - 10, y: 34 + share * (HEIGHT - 88) };
  }

  #sea() {
    const coast = this.#width < NARROW ? 74 : 92;
    const contour = (shift) =>
      `M${coast + shift} 0C${coast + shift + 34} 60 ${coast + shift - 26} 120 ${coast + shift + 22} ${HEIGHT * 0.66}S${coast + shift - 8} 214 ${coast + shift + 14} ${HEIGHT}`;
    const soundings = this.#soundings(coast + 76).map(({ x, y, depth }) => drawn("text", { class: "sounding", x, y }, String(depth)));
    return drawn(
      "g",
      { "aria-hidden": "true" },
      drawn("path", { class: "shallow far", d: `${contour(58)}H0V0z` }),
      drawn("path", { class: "shallow", d: `${contour(22)}H0V0z` }),
      drawn("path", { class: "contour", d: contour(58) }),
      drawn("path", { class: "contour", d: contour(22) }),
      drawn("path", { class: "land", d: `${contour(-34)}H0V0z` }),
      ...soundings,
    );
  }

  /** Returns depth figures, always at the same places, and none where the chart has text. */
  #soundings(from) {
    const you = this.#places.get("");
    const along = ({ x, y }) => [0, 0.25, 0.5, 0.75, 1].map((part) => ({ x: you.x + part * (x - you.x), y: you.y + part * (y - you.y) }));
    const taken = [...this.#places.values()].flatMap((place) => [...along(place), { x: place.x, y: place.y + FLAG.height }]);
    const free = ({ x, y }) => taken.every((place) => Math.hypot(place.x - x, place.y - y) > CLEAR);
    const all = Array.from({ length: SOUNDINGS }, (_, at) => ({
      // Steps by the powers of the plastic ratio spread evenly over a plane and never line up.
      x: from + ((at * 0.754878) % 1) * (this.#width - from - 30),
      y: 22 + ((at * 0.56984) % 1) * (HEIGHT - 34),
      depth: 7 + ((at * 29) % 41),
    }));
    return all.filter(free);
  }

  /** Draws the light, which shines on every vessel that has a link. */
  #beam(you) {
    const lamp = { x: 44, y: 74 };
    if (this.#link === "connected") {
      const across = 26;
      return [
        drawn("path", { class: "beam", d: `M${lamp.x} ${lamp.y}L${you.x - 8} ${you.y - across}L${you.x + 8} ${you.y + across}z` }),
        drawn("path", { class: "server-line connected", d: `M${lamp.x} ${lamp.y}L${you.x} ${you.y}` }),
      ];
    }
    return [drawn("path", { class: `server-line ${this.#link}`, d: `M${lamp.x} ${lamp.y}L${you.x} ${you.y}` })];
  }

  #lighthouse() {
    const lit = this.#link === "connected" ? "lamp lit" : "lamp";
    return drawn(
      "g",
      { "aria-hidden": "true" },
      drawn("path", { class: "tower", d: "M37 82h14l4 54H33z" }),
      drawn("path", { class: "tower-band", d: "M36 96h16l1 13H35zM34 122h20l1 14H33z" }),
      drawn("path", { class: "tower", d: "M36 66l8-7 8 7z" }),
      drawn("circle", { class: lit, cx: 44, cy: 74, r: 6.5 }),
      drawn("text", { class: "land-name", x: 44, y: 156, "text-anchor": "middle" }, "server"),
    );
  }

  #line({ id, state, quality }, you) {
    const { x, y } = this.#places.get(id);
    const lines = [drawn("path", { class: `peer-line ${state}`, d: `M${you.x} ${you.y}L${x} ${y}` })];
    if (quality) {
      const way = quality.relayed ? "relayed" : "direct";
      const words = [
        this.#width < NARROW && !quality.relayed ? "" : way,
        quality.roundTripMs === undefined ? "" : inWords(quality.roundTripMs),
      ].filter(Boolean);
      // The label stands nearer to the peer, where the lines are apart, and above its own line.
      const place = { x: you.x + (x - you.x) * 0.52, y: you.y + (y - you.y) * 0.52 - 7 };
      lines.push(
        drawn(
          "text",
          { class: "line-word", ...place, "text-anchor": y < you.y ? "end" : "start", "aria-hidden": "true" },
          words.join(" · "),
        ),
      );
    }
    return lines;
  }

  #vessel({ id, name }, { x, y }, state, away = "") {
    const picture = flag(id);
    for (const [key, value] of Object.entries({ x: x - FLAG.width / 2, y: y - FLAG.height / 2, ...FLAG })) picture.setAttribute(key, value);
    const edge = drawn("rect", { class: "flag-edge", x: x - FLAG.width / 2, y: y - FLAG.height / 2, ...FLAG });
    const label = drawn(
      "text",
      { class: "vessel-name", x, y: y + FLAG.height / 2 + 16, "text-anchor": "middle" },
      state === "you" ? "you" : shortened(name),
    );
    return drawn("g", { class: `vessel ${state}${away ? " away" : ""}`, "aria-hidden": "true" }, picture, edge, label);
  }
}
