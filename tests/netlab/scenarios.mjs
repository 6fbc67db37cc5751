/** What `npm run netlab` can run, by its first word. */
export const SCENARIOS = ["all", "matrix", "others", "recoveries", "cell", "recovery"];
