// Keeps Debian from starting the servers that it installs: the tests start their own.
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { capture, findProgram } from "./command.mjs";

/** Debian asks this script before it starts a service (invoke-rc.d); 101 says no. */
const policy = "/usr/sbin/policy-rc.d";

/** Runs `install`, which installs packages with these services, and keeps the services from starting, now and with the system. */
export async function withoutServices(services, install) {
  const ours = services.length > 0 && !existsSync(policy);
  const remove = () => rmSync(policy, { force: true });
  if (ours) {
    writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    process.once("exit", remove);
  }
  try {
    await install();
  } finally {
    if (ours) remove();
  }
  if (services.length > 0 && findProgram("systemctl")) await capture("systemctl", ["disable", ...services]);
}
