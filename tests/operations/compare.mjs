// What the script expects of a browser against what its page observed.
import assert from "node:assert/strict";

/** The specification, and over it what this browser does differently. */
export function expectation(step, browser) {
  const { why, ...different } = step[browser] ?? {};
  const expected = { ...step.expect, ...different };
  return Object.keys(expected).length === 0 ? {} : { result: "ok", ...expected };
}

/** The steps of a case, those of what is given first. */
export const stepsOf = (script, { given, steps }) => [...(script.given[given] ?? []), ...steps];

function isEqual(one, other) {
  try {
    assert.deepEqual(one, other);
    return true;
  } catch {
    return false;
  }
}

/** One line for each field of each step that is not as expected. */
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
