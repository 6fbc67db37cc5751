// What is run in a page, alike in both browsers: values travel as JSON, and a failure keeps its name and code.

/** A failure inside the page. */
export class PageError extends Error {
  constructor({ name, message, code, stack }, where) {
    super(`${where}: ${name}: ${message}`);
    this.name = "PageError";
    this.pageName = name;
    this.code = code;
    this.pageStack = stack;
  }
}

/** The expression of a function or of a source text; if it is a function it is called with the argument. */
const awaited = (fnOrSource, arg) => `(async () => {
  const f = (${fnOrSource});
  return typeof f === "function" ? f(${JSON.stringify(arg ?? null)}) : f;
})()`;

/** A script whose value is a JSON text, { value } or { error }. */
export const evaluateScript = (fnOrSource, arg) => `(async () => {
  try {
    const value = await ${awaited(fnOrSource, arg)};
    return JSON.stringify({ value: value === undefined ? null : value });
  } catch (e) {
    const known = e !== null && typeof e === "object";
    return JSON.stringify({ error: {
      name: known ? String(e.name) : typeof e, message: known ? String(e.message) : String(e),
      code: known ? e.code : undefined, stack: known ? String(e.stack) : "" } });
  }
})()`;

/** A script that asks again until the value is truthy or the slice is over; what throws counts as "not yet". */
export const waitScript = (fnOrSource, arg, sliceMs) => `(async () => {
  const end = performance.now() + ${sliceMs};
  for (;;) {
    let last = null;
    try {
      const value = await ${awaited(fnOrSource, arg)};
      if (value) return JSON.stringify({ value });
      last = JSON.stringify(value) ?? "undefined";
    } catch (e) {
      last = String(e);
    }
    if (performance.now() >= end) return JSON.stringify({ last });
    await new Promise((done) => setTimeout(done, 20));
  }
})()`;
