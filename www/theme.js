// Light or dark: as the system says, until the button says otherwise. A classic script in the head, so that nothing flashes.
(() => {
  const KEY = "signalpost-theme";
  const root = document.documentElement;
  const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

  /** A page without storage forgets the choice, nothing else. */
  const stored = (value) => {
    try {
      if (value === undefined) return localStorage.getItem(KEY);
      if (value === null) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, value);
    } catch {
      // Forbidden by the browser's settings.
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
