// Ways to hand a file to the page: drop it anywhere, choose it, or paste it.

/** Calls `take(files)` with the files that the person drops, chooses or pastes. */
export function acceptFiles(take) {
  const overlay = document.querySelector("#drop");
  const chooser = document.querySelector("[data-testid=file-input]");
  /** Counts entered elements: inside the window, the browser reports the entered element before it reports that the pointer left the element around it. */
  let depth = 0;
  const carriesFiles = ({ dataTransfer }) => [...(dataTransfer?.types ?? [])].includes("Files");
  const over = (now) => {
    depth = now;
    overlay.hidden = depth === 0;
  };

  window.addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    over(depth + 1);
  });
  window.addEventListener("dragleave", (event) => carriesFiles(event) && over(Math.max(0, depth - 1)));
  window.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  window.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    over(0);
    take([...event.dataTransfer.files]);
  });
  window.addEventListener("paste", ({ clipboardData }) => {
    const files = [...(clipboardData?.files ?? [])];
    if (files.length > 0) take(files);
  });
  document.querySelector("[data-testid=file-button]").addEventListener("click", () => chooser.click());
  chooser.addEventListener("change", () => {
    take([...chooser.files]);
    // The person can choose the same file again.
    chooser.value = "";
  });
}
