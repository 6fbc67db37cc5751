/** The build writes its id here and into the module (`tools/build_id.mjs`). */
declare const SIGNALPOST_BUILD_ID: string;

/** @internal The id of the build that made this script and its module. */
export const buildId: string = SIGNALPOST_BUILD_ID;
