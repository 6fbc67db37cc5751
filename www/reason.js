// Why a state changed, in words.
import { SignalingError } from "/package/signalpost.js";

/** Reasons that are no error, or that say more here than the error does. */
const WORDS = {
  "path-lost": "nothing arrives any more, which may pass",
  closed: "by this side",
  offline: "the browser has no network",
  suspended: "this page was asleep",
};

/** "link-lost: the link to the server was lost" */
export const reasonInWords = (code) => (code === "" ? "" : WORDS[code] ? `${code}: ${WORDS[code]}` : new SignalingError(code).message);
