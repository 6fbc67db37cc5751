// Says in words why a state changed.
import { SignalingError } from "/package/signalpost.js";

/** Reasons that are not errors, or that say more here than the error does. */
const WORDS = {
  "path-lost": "nothing arrives; this may pass",
  closed: "by this side",
  offline: "the browser has no network",
  suspended: "this page was frozen",
};

/** "link-lost: the link to the server was lost" */
export const reasonInWords = (code) => (code === "" ? "" : WORDS[code] ? `${code}: ${WORDS[code]}` : new SignalingError(code).message);
