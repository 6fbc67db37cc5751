// Without a room in the address: offer one. The form itself puts it there.
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
