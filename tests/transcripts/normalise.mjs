// Makes a recording repeatable: random values become names or small numbers, values of one machine are removed.

const ADDRESS = "192.0.2.1";
const TIMESTAMP = 1_763_890_000_123;

/** Replaces random numbers by small ones, always the same for the same number. */
function numbered(first) {
  const known = new Map();
  return { known, of: (value) => known.get(value) ?? known.set(value, first + known.size).get(value) };
}

const parse = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Returns the file of one conversation. `frames` come from the tee. */
export function normalised({ about, browsers, frames }) {
  const keys = new Map();
  const sessions = numbered(1_001);
  const connections = numbered(2_001);
  const names = new Map();
  const sockets = new Map();

  // A socket belongs to the peer that says hello on it, also when other frames come before.
  for (const { socket, text } of frames) {
    const frame = parse(text);
    const peer = frame?.type === "hello" && frame.payload?.peer?.id;
    if (typeof peer !== "string" || sockets.has(socket)) continue;
    const before = [...sockets.values()].filter((name) => name.split("#")[0] === peer).length;
    sockets.set(socket, `${peer}#${before + 1}`);
  }

  const text = (value) =>
    value
      .replaceAll(/\b10\.9\.0\.1\b/g, ADDRESS)
      .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.local/g, (name) => {
        if (!names.has(name)) names.set(name, `00000000-0000-4000-8000-${String(names.size + 1).padStart(12, "0")}.local`);
        return names.get(name);
      });
  const field = (name, value) => {
    if (name === "key" && /^[0-9a-f]{32,}$/.test(value)) {
      if (!keys.has(value)) keys.set(value, `${String(keys.size + 1).padStart(2, "0")}`.repeat(value.length / 2));
      return keys.get(value);
    }
    // The numbers that a test writes by hand are small already.
    if (name === "session" && value > 100_000) return sessions.of(value);
    if ((name === "connection" || name === "target") && value > 100_000) return connections.of(value);
    if (name === "timestamp") return TIMESTAMP;
    return value;
  };
  const walk = (value, name) => {
    if (typeof value === "string") return text(field(name, value));
    if (Array.isArray(value)) return value.map((entry) => walk(entry));
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, walk(entry, key)]));
    return field(name, value);
  };

  const steps = frames.map(({ socket, by, text: sent, ...more }) => {
    const frame = sent === undefined ? undefined : parse(sent);
    const isEnvelope = frame && typeof frame === "object" && !Array.isArray(frame);
    const what = isEnvelope ? { frame: walk(frame) } : sent === undefined ? more : { text: sent };
    return { socket: sockets.get(socket) ?? `nobody#${socket}`, by, ...what };
  });
  const head = JSON.stringify({ about, browsers }).slice(0, -1);
  return `${head},"steps":[\n${steps.map((step) => `  ${JSON.stringify(step)}`).join(",\n")}\n]}\n`;
}
