// Malformed values and frames, by kind, for both tables of hostile frames. A value is JSON text, so that it can be something that
// no JavaScript value can be: doubled, too deep, out of range.

const text = (length) => JSON.stringify("x".repeat(length));
const deep = (depth) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

/** Values of another kind, each with its name. */
export const WRONG = {
  text: { "a number": "5", "a flag": "true", "an array": "[]", "an object": "{}", "a fraction": "1.5" },
  integer: {
    "a text": '"1"',
    "a flag": "true",
    "an array": "[1]",
    "an object": "{}",
    negative: "-1",
    "a fraction": "1.5",
    "too large": "4294967296",
    "far too large": "1".repeat(400),
  },
  flag: { "a number": "1", "a text": '"true"', "an array": "[true]", "an object": "{}" },
  list: { "a text": '"a"', "a number": "1", "an object": "{}", "a flag": "true" },
  object: { "a text": '"a"', "a number": "1", "an array": "[]", "an array of texts": '["a"]', "a flag": "true" },
};

const controls = { "a NUL": '"a\\u0000"', "a line break": '"a\\nb"', "a C1 control": '"a\\u0085"' };
/** Values of the right kind that the field must not have. */
const names = (most) => ({
  ...WRONG.text,
  empty: '""',
  "too long": text(most + 1),
  "too many bytes": JSON.stringify("é".repeat(most / 2 + 1)),
  ...controls,
});
const wrongSdp = {
  "no text": WRONG.text,
  "no description": { empty: '""', nonsense: '"nonsense"', "a bare CR": '"v=0\\r"', "a NUL": '"v=0\\r\\n\\u0000"' },
};
const HOST = "candidate:1 1 udp 1 192.0.2.1 9 typ host";
const candidates = (...inits) => `[${inits.map((init) => (typeof init === "string" ? init : JSON.stringify(init))).join()}]`;
const wrongLines = [
  "",
  "nonsense",
  "candidate:",
  ` ${HOST}`,
  HOST.replace("udp", "u dp"),
  HOST.replace("192.0.2.1", "192.0.2.1\r\na=x"),
  HOST.replace(" 9 ", " 70000 "),
  HOST.replace("host", "guest"),
  `${HOST} ${"x".repeat(500)}`,
];

/** Returns the wrong values for a field of this kind: `[label, JSON text, code]`. */
export const wrongValues = {
  integer: () => entries(WRONG.integer),
  u16: () => [...entries(WRONG.integer), ["above 16 bits", "65536", "invalid-message"]],
  flag: () => entries(WRONG.flag),
  text: () => entries(WRONG.text),
  name: () => entries(names(128)),
  label: () => entries(names(64)),
  object: () => entries(WRONG.object),
  sdp: () => [...entries(wrongSdp["no text"]), ...entries(wrongSdp["no description"], "invalid-description")],
  data: () => [...entries(WRONG.text), ["too long", text(4097), "message-too-large"]],
  list: () => entries({ ...WRONG.list, "an entry that is none": "[5]", "an array as entry": '[["a",1]]', "too deep": deep(100) }),
  metadata: () => [...entries(WRONG.text), ["too long", text(1025), "invalid-message"]],
  key: () => [...entries(WRONG.text), ["too short", text(15), "invalid-message"], ["too long", text(65), "invalid-message"]],
  versions: () =>
    entries({
      ...WRONG.list,
      empty: "[]",
      "one number": "[1]",
      "three numbers": "[1,1,1]",
      "the wrong order": "[2,1]",
      texts: '["1","1"]',
      negative: "[-1,1]",
      "too large": "[1,65536]",
    }),
  labels: () =>
    entries({
      ...WRONG.list,
      "an entry that is no text": "[5]",
      "an empty entry": '[""]',
      "17 entries": JSON.stringify(Array(17).fill("a")),
      "a long entry": `[${text(65)}]`,
      "too deep": deep(100),
    }),
  limit: () => [...wrongValues.u16(), ["zero", "0", "invalid-message"]],
  candidates: () => [
    ...entries({
      ...WRONG.list,
      empty: "[]",
      "an entry that is none": "[5]",
      "an array as entry": `[[${JSON.stringify(HOST)}]]`,
      "4000 entries": `[${"0,".repeat(3999)}0]`,
      "too deep": deep(100),
    }),
    ...entries(
      Object.fromEntries(wrongLines.map((line) => [`the line ${JSON.stringify(line).slice(0, 60)}`, candidates({ candidate: line })])),
      "invalid-candidate",
    ),
    ["an entry without a line", "[{}]", "invalid-candidate"],
    ...wrongValues
      .u16()
      .map(([label, value, code]) => [`sdpMLineIndex: ${label}`, `[{"candidate":${JSON.stringify(HOST)},"sdpMLineIndex":${value}}]`, code]),
    ...wrongValues
      .text()
      .map(([label, value, code]) => [
        `usernameFragment: ${label}`,
        `[{"candidate":${JSON.stringify(HOST)},"usernameFragment":${value}}]`,
        code,
      ]),
    ...wrongValues
      .text()
      .map(([label, value, code]) => [`sdpMid: ${label}`, `[{"candidate":${JSON.stringify(HOST)},"sdpMid":${value}}]`, code]),
  ],
};

const entries = (values, code = "invalid-message") => Object.entries(values).map(([label, value]) => [label, value, code]);

const MARK = "\u2603";

/** Returns the frame as text, with this JSON text in place of one field (`payload.peer.id`); `undefined` leaves the field out. */
export function frameWith(frame, path, value) {
  const copy = structuredClone(frame);
  const steps = path.split(".");
  const last = steps.pop();
  let at = copy;
  for (const step of steps) at = at[step] ??= {};
  if (value === undefined) delete at[last];
  else at[last] = MARK;
  return JSON.stringify(copy).replace(JSON.stringify(MARK), () => value);
}

/**
 * Returns every way in which one frame is wrong: `{ label, frame, code }`. `fields` names the kind of each field by its path, with `!` after it if
 * the field is required. A frame without a code is valid.
 */
export function* malformed(frame, fields) {
  for (const [path, kind] of Object.entries(fields)) {
    const isNeeded = kind.endsWith("!");
    const label = (what) => `${frame.type}: ${path}: ${what}`;
    for (const [what, value, code] of wrongValues[kind.replace("!", "")]())
      yield { label: label(what), frame: frameWith(frame, path, value), code };
    for (const [what, value] of [
      ["missing", undefined],
      ["null", "null"],
    ]) {
      yield { label: label(what), frame: frameWith(frame, path, value), code: isNeeded ? "invalid-message" : undefined };
    }
    const name = path.split(".").at(-1);
    const twice = frameWith(frame, path, `1,${JSON.stringify(name)}:2`);
    yield { label: label("doubled"), frame: twice, code: "invalid-message", isDoubled: true };
  }
}

/** In a page: `window.problems` holds the errors that no code caught. */
export const watch = (page) =>
  page.evaluate(() => {
    window.problems = [];
    addEventListener("unhandledrejection", ({ reason }) => problems.push(`unhandled: ${reason}`));
    addEventListener("error", ({ message }) => problems.push(`uncaught: ${message}`));
  });

export const SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
export { HOST, deep };
