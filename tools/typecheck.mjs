// `npm run typecheck`: the facade, strictly, against the glue of the current sources.
import { main } from "./command.mjs";
import { tsc } from "./declarations.mjs";
import { buildGlue } from "./glue.mjs";
import { prepareBuild } from "./toolchain.mjs";

await main(async () => {
  await prepareBuild();
  await buildGlue();
  await tsc("--noEmit");
});
