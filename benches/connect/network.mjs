// usage: node network.mjs, as a child with an IPC channel
// Runs everything between the pages and the servers in one process inside the namespace: the site, and a delay proxy before
// each server. It takes the messages { start: { site, proxies } }, { delayMs } and { take: name }, and answers each with one message.
import { startDelayProxy } from "./delay_proxy.mjs";
import { startSite } from "./site.mjs";

const proxies = new Map();

async function start({ site, proxies: wanted }) {
  await startSite(site);
  for (const { name, port, target } of wanted) proxies.set(name, await startDelayProxy({ port, target }));
  return {};
}

function setDelay(delayMs) {
  for (const proxy of proxies.values()) proxy.setDelay(delayMs);
  return {};
}

process.on("message", async (told) => {
  try {
    if (told.start) process.send(await start(told.start));
    else if (told.take) process.send(proxies.get(told.take).take());
    else process.send(setDelay(told.delayMs));
  } catch (error) {
    process.send({ error: String(error.stack ?? error) });
  }
});
process.on("disconnect", () => process.exit(0));
