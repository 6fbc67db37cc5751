/** The build puts its id in this place, and into the module (`tools/build_id.mjs`). */
declare const SIGNALPOST_BUILD_ID: string;

/** @internal The build of the module that this script was made with. */
export const buildId: string = SIGNALPOST_BUILD_ID;
