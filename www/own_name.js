// What one calls oneself: from the address once, then kept by the tab, so that a link that is shared carries no name.
import { personName } from "./names.js";

const KEY = "signalpost-name";

function kept(name) {
  try {
    if (name === undefined) return sessionStorage.getItem(KEY) ?? "";
    sessionStorage.setItem(KEY, name);
  } catch {
    // Forbidden by the browser's settings: then it is only for now.
  }
  return name ?? "";
}

/** The name of `?name=`, else the tab's own, else one that is drawn. */
export function ownName(query) {
  const given = (query.get("name") ?? "").replace(/\s+/g, " ").trim().slice(0, 40);
  return kept(given || kept() || personName());
}

/** Takes the name out of the page's address. */
export function hideName() {
  const address = new URL(location.href);
  if (!address.searchParams.has("name")) return;
  address.searchParams.delete("name");
  history.replaceState(history.state, "", address);
}
