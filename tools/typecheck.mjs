// `npm run typecheck`: the facade, strictly, against the glue of the current sources; and the tests of its types.
import { main } from "./command.mjs";
import { checkTypes } from "./declarations.mjs";
import { buildGlue } from "./glue.mjs";
import { prepareBuild } from "./toolchain.mjs";

await main(async () => {
  await prepareBuild();
  await buildGlue();
  await checkTypes();
});
