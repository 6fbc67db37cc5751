// The buttons of the own microphone, camera and screen, and the notices when the browser or the person refuses.
import { Media } from "./media.js";
import { toast } from "./toast.js";

const NAMES = { microphone: "microphone", camera: "camera", screen: "screen", test: "test picture" };
const TITLES = { microphone: "Your microphone stays off", camera: "Your camera stays off", screen: "Your screen is not shared" };

/** `own`: the own tile. */
export function connectMediaButtons(media, own) {
  const buttons = Object.fromEntries(Object.keys(TITLES).map((device) => [device, document.querySelector(`#${device}`)]));
  buttons.screen.hidden = !Media.canShareScreen;
  for (const [device, button] of Object.entries(buttons)) {
    button.addEventListener("click", async () => {
      // The test picture takes the camera's place, so the camera's button ends it.
      if (device === "camera" && media.source === "test") {
        media.stopPicture();
        return;
      }
      button.setAttribute("aria-busy", "true");
      try {
        await media.toggle(device);
      } catch (error) {
        const instead = device === "camera" ? { label: "Send a test picture instead", run: () => media.useTestPicture() } : undefined;
        toast(TITLES[device], { error, action: instead });
      } finally {
        button.removeAttribute("aria-busy");
      }
    });
  }
  media.addEventListener("change", () => {
    for (const [device, button] of Object.entries(buttons)) {
      button.setAttribute("aria-pressed", String(media.isOn(device) || (device === "camera" && media.source === "test")));
    }
    own.show(media);
  });
  media.addEventListener("lost", ({ detail }) => toast(`The ${NAMES[detail]} is no longer available`));
}
