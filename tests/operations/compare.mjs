// Compares what the script expects of a browser with what its page observed.
import assert from "node:assert/strict";

/** Returns the specification with the differences of this browser. */
export function expectation(step, browser) {
  const { why, ...different } = step[browser] ?? {};
  const expected = { ...step.expect, ...different };
  return Object.keys(expected).length === 0 ? {} : { result: "ok", ...expected };
}

/** Returns the steps of a case; the steps that its `given` names come first. */
export const stepsOf = (script, { given, steps }) => [...(script.given[given] ?? []), ...steps];

function isEqual(one, other) {
  try {
    assert.deepEqual(one, other);
    return true;
  } catch {
    return false;
  }
}

/** Returns one line for each field of each step that is not as expected. */
export function disagreements(script, browser, results) {
  const found = [];
  script.cases.forEach((each, place) => {
    const observations = results[place];
    if (!Array.isArray(observations)) {
      found.push({ browser, case: each.name, step: "-", field: "-", expected: "a run", observed: observations?.broken ?? "nothing" });
      return;
    }
    stepsOf(script, each).forEach((step, index) => {
      for (const [field, expected] of Object.entries(expectation(step, browser))) {
        const observed = observations[index]?.[field] ?? null;
        if (isEqual(observed, expected)) continue;
        const message = observations[index]?.message;
        found.push({ browser, case: each.name, step: `${index} ${step.on ?? "a"}.${step.do}`, field, expected, observed, message });
      }
    });
  });
  return found;
}
