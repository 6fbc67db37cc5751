/** How long each phase of a connection took, in milliseconds; `undefined` for what has not happened. */
export interface Timeline {
  /** The lookup that found the peer (join or `findPeers`); before the connection began, so not part of the rest. */
  readonly discovery: number | undefined;
  /** From the start until the offer was sent or arrived. */
  readonly offer: number | undefined;
  /** From the start until the answer was sent or arrived. */
  readonly answer: number | undefined;
  /** From the start until the other side's first candidate arrived. */
  readonly firstCandidate: number | undefined;
  /** From the start until `connectionState` was `"connected"`. */
  readonly pair: number | undefined;
  /** From the start until data could flow. */
  readonly open: number | undefined;
}

/** @internal From the milliseconds of each phase, by the number that the module has for it. */
export function timelineOf(phase: (number: number) => number | undefined): Timeline {
  const [discovery, offer, answer, firstCandidate, pair, open] = [0, 1, 2, 3, 4, 5].map(phase);
  return { discovery, offer, answer, firstCandidate, pair, open };
}
