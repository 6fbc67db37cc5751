// The statistics of a list of times.

const ascending = (values) => [...values].sort((a, b) => a - b);

/** Returns the quantile `q` (0 to 1) of a non-empty list, interpolated between its neighbours (Hyndman and Fan's type 7). */
export function quantile(values, q) {
  if (values.length === 0) throw new RangeError("a quantile of nothing");
  const sorted = ascending(values);
  const at = (sorted.length - 1) * q;
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}

export const median = (values) => quantile(values, 0.5);
export const p95 = (values) => quantile(values, 0.95);

/**
 * Returns a 95 % interval of the ratio of two medians, by resampling the rounds (a round's times belong together: they met the
 * same noise). `random` is a source of numbers below 1.
 */
export function ratioInterval(values, floor, random, draws = 400) {
  const ratios = Array.from({ length: draws }, () => {
    const rounds = Array.from(values, () => Math.floor(random() * values.length));
    return median(rounds.map((round) => values[round])) / median(rounds.map((round) => floor[round]));
  });
  return [quantile(ratios, 0.025), quantile(ratios, 0.975)];
}
