// The link that brings others into the room.
import { toast } from "./toast.js";

export function showInvitation(roomName) {
  const address = new URL("/", location.href);
  address.searchParams.set("room", roomName);
  document.querySelector("#address").textContent = address.href;
  document.querySelector("#another").href = address.href;
  for (const button of document.querySelectorAll("[data-action=copy]")) button.addEventListener("click", () => copy(address.href));
}

async function copy(address) {
  try {
    await navigator.clipboard.writeText(address);
    toast("The link is copied. Open it in another tab, or send it to somebody.");
  } catch {
    // Without the permission, the person copies the link by hand.
    getSelection().selectAllChildren(document.querySelector("#address"));
    toast(`Copy this link: ${address}`);
  }
}
