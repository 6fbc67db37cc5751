// Names that are easy to say aloud.

const QUALITIES = [
  "amber",
  "brisk",
  "calm",
  "clear",
  "coral",
  "early",
  "fair",
  "gentle",
  "golden",
  "quiet",
  "silver",
  "steady",
  "swift",
  "tidal",
  "warm",
  "wide",
];
const PLACES = [
  "anchorage",
  "bay",
  "bridge",
  "cape",
  "cove",
  "crossing",
  "harbour",
  "headland",
  "island",
  "landing",
  "lagoon",
  "pass",
  "pier",
  "reef",
  "sound",
  "strait",
];
const BIRDS = [
  "avocet",
  "curlew",
  "dunlin",
  "eider",
  "fulmar",
  "gannet",
  "heron",
  "kestrel",
  "osprey",
  "petrel",
  "plover",
  "puffin",
  "sandpiper",
  "swift",
  "tern",
  "wren",
];

const drawn = (most) => crypto.getRandomValues(new Uint32Array(1))[0] % most;
const oneOf = (words) => words[drawn(words.length)];
const capital = (word) => word[0].toUpperCase() + word.slice(1);

export const roomName = () => `${oneOf(QUALITIES)}-${oneOf(PLACES)}-${10 + drawn(90)}`;

export const personName = () => `${capital(oneOf(QUALITIES))} ${capital(oneOf(BIRDS))}`;

/** Returns the name that a stranger gives itself, in a form that the page can show, or else its id. */
export function shownName(metadata, id) {
  const name = metadata !== null && typeof metadata === "object" ? metadata.name : undefined;
  const text = typeof name === "string" ? name.replace(/\s+/g, " ").trim().slice(0, 40) : "";
  return text || shortId(id);
}

export const shortId = (id) => (id.length > 18 ? `${id.slice(0, 16)}…` : id);
