// Whether the laboratory can run here.
import { spawnSync } from "node:child_process";
import { mayMakeNamespaces } from "../harness/namespace.mjs";

/** Returns why there can be no laboratory on this machine, or undefined. */
export function obstacle() {
  if (!mayMakeNamespaces()) return "the laboratory needs network namespaces, which only root on Linux can make";
  const { status } = spawnSync("unshare", ["--net", "true"], { stdio: "ignore" });
  return status === 0 ? undefined : "this machine does not permit network namespaces";
}
