// Offers a room if the address has none. The form itself puts the room into the address.
import { roomName } from "./names.js";

export function showLanding(name) {
  const room = document.querySelector("#room");
  room.value = roomName();
  document.querySelector("#name").value = name;
  document.querySelector("#shuffle").addEventListener("click", () => {
    room.value = roomName();
    room.focus();
    room.select();
  });
  document.querySelector("#landing").hidden = false;
}
