// Every peer has its own signal flag, which follows from its id, in the colours of the sea.

const SVG = "http://www.w3.org/2000/svg";
/** A light colour beside a dark one is always easy to tell apart. */
const LIGHT = ["#f5c22b", "#f7f9f9"];
const DARK = ["#1d4f91", "#25667a", "#c8392f", "#17242c"];

/** FNV-1a over the UTF-16 units. */
function hash(text) {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return value;
}

/** Each pattern: shapes of a 60 × 44 field, [path, colour number]; the field itself has colour 0. */
const PATTERNS = [
  [["M20 0h20v44H20z", 1]],
  [["M0 15h60v14H0z", 1]],
  [["M0 0h30v22H0zM30 22h30v22H30z", 1]],
  [["M0 0h60L0 44z", 1]],
  [["M30 0 60 22 30 44 0 22z", 1]],
  [["M15 11h30v22H15z", 1]],
  [["M24 0h12v16h24v12H36v16H24V28H0V16h24z", 1]],
  [
    ["M0 0h10l50 36v8H50L0 8z", 1],
    ["M60 0v8L10 44H0v-8L50 0z", 1],
  ],
  [
    ["M0 0h20v44H0z", 1],
    ["M40 0h20v44H40z", 2],
  ],
  [
    ["M0 0h60v15H0z", 1],
    ["M0 29h60v15H0z", 2],
  ],
  [
    ["M15 11h30v22H15z", 1],
    ["M24 17h12v10H24z", 2],
  ],
  [["M0 0 30 22 0 44z", 1]],
];

export function flag(id) {
  const seed = hash(id);
  const light = LIGHT[seed & 1];
  const dark = DARK[(seed >>> 1) & 3];
  const colours = seed & 8 ? [light, dark, LIGHT[~seed & 1]] : [dark, light, DARK[((seed >>> 1) + 1 + (seed >>> 5)) & 3]];
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 60 44");
  const shapes = [["M0 0h60v44H0z", 0], ...PATTERNS[(seed >>> 16) % PATTERNS.length]];
  for (const [path, colour] of shapes) {
    const shape = document.createElementNS(SVG, "path");
    shape.setAttribute("d", path);
    shape.setAttribute("fill", colours[colour]);
    svg.append(shape);
  }
  return svg;
}
