// The scripts that run in a page, the same in both browsers: values travel as JSON, and a failure keeps its name and code.

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

/** Returns an expression for the promise of the value of a source text, or of a function called with `arg`. */
const awaited = (fnOrSource, arg) => `(async () => {
  const f = (${fnOrSource});
  return typeof f === "function" ? f(${JSON.stringify(arg ?? null)}) : f;
})()`;

/** Returns a script whose value is a JSON text, { value } or { error }. */
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

/** Returns a script that evaluates until the value is truthy or `sliceMs` are over; an exception counts as "not yet". */
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
