// Checks of how a page looks.

/** Source of a page's function that returns what a person must scroll sideways: the window, or a part of the page that scrolls by itself. */
export const OVERFLOW = `() => {
  const scrolls = (element) => element === document.documentElement || ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
  return [...document.querySelectorAll("html, body *:not(svg *)")]
    .filter((element) => element.scrollWidth > element.clientWidth && scrolls(element))
    .map(({ localName, id, className, scrollWidth, clientWidth }) => \`\${id || String(className) || localName}: \${scrollWidth} in \${clientWidth}\`);
}`;

/** Source of a page's function that returns the visible controls that are smaller than this, in CSS pixels. */
export const SMALL_CONTROLS = `(least) => [...document.querySelectorAll("button, a[href], input, summary")]
  .filter((element) => element.checkVisibility() && !element.matches(".skip"))
  .map((element) => ({ element, box: element.getBoundingClientRect() }))
  .filter(({ box }) => box.width < least || box.height < least)
  .map(({ element, box }) => \`\${element.id || element.dataset.testid || element.className || element.localName}: \${Math.round(box.width)} × \${Math.round(box.height)}\`)`;

/** In a page: functions about colours (WCAG 2.2, relative luminance and contrast ratio). */
const COLOURS = `
  const parsed = (colour) => {
    const canvas = (window.colourCanvas ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true }));
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return { parts: [red, green, blue], alpha: alpha / 255 };
  };
  const luminance = ({ parts }) => {
    const [red, green, blue] = parts.map((part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (a, b) => {
    const [light, dark] = [luminance(parsed(a)), luminance(parsed(b))].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };`;

/** Source of a page's function that returns the contrast of each pair of the palette, [[foreground, background], …]. */
export const PALETTE = `(pairs) => {
  ${COLOURS}
  const probe = document.body.appendChild(document.createElement("i"));
  const ratios = pairs.map(([foreground, background]) => {
    probe.style.color = \`var(--\${foreground})\`;
    probe.style.backgroundColor = \`var(--\${background})\`;
    const { color, backgroundColor } = getComputedStyle(probe);
    return Math.round(100 * contrast(color, backgroundColor)) / 100;
  });
  probe.remove();
  return ratios;
}`;

/** Source of a page's function that returns the visible texts with less contrast than AA requires. */
export const FAINT_TEXTS = `() => {
  ${COLOURS}
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { backgroundColor, backgroundImage } = getComputedStyle(at);
      if (backgroundImage !== "none") return undefined;
      const { alpha } = parsed(backgroundColor);
      if (alpha === 1) return backgroundColor;
      if (alpha > 0) return undefined;
    }
    return "white";
  };
  const faint = [];
  let looked = 0;
  for (const element of document.querySelectorAll("body *:not(svg *, .visually-hidden, .skip)")) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "");
    if (!hasText || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    const behind = background(element);
    if (behind === undefined || fontSize === "0px") continue;
    const size = parseFloat(fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700) ? 3 : 4.5;
    const ratio = contrast(color, behind);
    looked += 1;
    if (ratio < least) faint.push(\`\${element.textContent.trim().slice(0, 30)}: \${ratio.toFixed(2)}\`);
  }
  return { faint, looked };
}`;
