// `node webpack.mjs production|development`: webpack without a configuration, in the current directory, from main.js to dist/main.js.
import path from "node:path";
import webpack from "webpack";

const options = { mode: process.argv[2], context: process.cwd(), entry: "./main.js", output: { path: path.resolve("dist") } };
webpack(options, (error, stats) => {
  if (error) throw error;
  if (stats.hasErrors() || stats.hasWarnings()) {
    console.error(stats.toString("errors-warnings"));
    process.exitCode = 1;
  }
});
