// The person's own name: it comes from the address once, then the tab keeps it, so that a shared link carries no name.
import { personName } from "./names.js";

const KEY = "signalpost-name";

function kept(name) {
  try {
    if (name === undefined) return sessionStorage.getItem(KEY) ?? "";
    sessionStorage.setItem(KEY, name);
  } catch {
    // The browser's settings forbid storage: then the name lasts as long as the page.
  }
  return name ?? "";
}

/** Returns the name of `?name=`, else the name that the tab keeps, else a random one. */
export function ownName(query) {
  const given = (query.get("name") ?? "").replace(/\s+/g, " ").trim().slice(0, 40);
  return kept(given || kept() || personName());
}

/** Removes the name from the page's address. */
export function hideName() {
  const address = new URL(location.href);
  if (!address.searchParams.has("name")) return;
  address.searchParams.delete("name");
  history.replaceState(history.state, "", address);
}
