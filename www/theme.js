// Light or dark: the system decides until the person presses the button. This is a classic script in the head, so that the page does not flash.
(() => {
  const KEY = "signalpost-theme";
  const root = document.documentElement;
  const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

  /** A page without storage forgets the choice, and works otherwise. */
  const stored = (value) => {
    try {
      if (value === undefined) return localStorage.getItem(KEY);
      if (value === null) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, value);
    } catch {
      // The browser's settings forbid storage.
    }
    return null;
  };
  const systems = () => (systemIsDark.matches ? "dark" : "light");
  const current = () => root.dataset.theme ?? systems();

  function apply(theme) {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  }

  apply(stored());
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("#theme");
    const show = () => button.setAttribute("aria-pressed", String(current() === "dark"));
    button.addEventListener("click", () => {
      const wanted = current() === "dark" ? "light" : "dark";
      const own = wanted === systems() ? null : wanted;
      stored(own);
      apply(own);
      show();
    });
    systemIsDark.addEventListener("change", show);
    show();
  });
})();
