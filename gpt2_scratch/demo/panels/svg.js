// Drawing: SVG nodes, scales of colour, light and dark, and pictures to take along.

const SVG = "http://www.w3.org/2000/svg";

function shape(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Labels carry their looks themselves, so that they keep them in a file.
function label(text, attributes) {
  const looks = { "font-family": "monospace", "font-size": 11, fill: "currentColor" };
  return shape("text", { ...looks, ...attributes }, text);
}

const isDark = () => document.body.classList.contains("dark");

function onThemeChange(callback) {
  new MutationObserver(callback).observe(document.body, { attributeFilter: ["class"] });
}

// Nine colours of matplotlib's magma (van der Walt and Smith 2015, CC0), dark to light. Its lightness
// rises evenly, so that it reads the same to the colour-blind and in grey.
const MAGMA = [
  [0, 0, 4],
  [29, 17, 71],
  [81, 18, 124],
  [130, 38, 129],
  [182, 54, 121],
  [230, 81, 100],
  [251, 136, 97],
  [254, 194, 135],
  [252, 253, 191],
];
// Blue and orange can be told apart with every kind of colour blindness (Okabe and Ito 2008).
const [LESS, LESS_ON_DARK] = [[0, 114, 178], [86, 180, 233]];
const [MORE, MORE_ON_DARK] = [[213, 94, 0], [244, 167, 70]];

function signColour(difference, dark) {
  if (difference < 0) return dark ? LESS_ON_DARK : LESS;
  return dark ? MORE_ON_DARK : MORE;
}

const mixed = (a, b, part) => a.map((from, i) => Math.round(from + part * (b[i] - from)));

// Square roots, so that a tenth can be told from nothing.
function sequential(share, dark) {
  const part = Math.sqrt(Math.min(Math.max(share, 0), 1));
  const place = (MAGMA.length - 1) * (dark ? part : 1 - part);
  const below = Math.min(Math.floor(place), MAGMA.length - 2);
  return mixed(MAGMA[below], MAGMA[below + 1], place - below);
}

// Half of the attention going elsewhere is already the full colour.
function diverging(difference, dark) {
  const neutral = dark ? [24, 30, 42] : [246, 246, 246];
  const part = Math.sqrt(Math.min(2 * Math.abs(difference), 1));
  return mixed(neutral, signColour(difference, dark), part);
}

const css = (colour) => "rgb(" + colour.join(",") + ")";

// Black or white, whichever can be read better on a colour: by its luminance, as WCAG defines it. The
// worse of the two cases is at 0.179, where both have a contrast of 4.6.
function inkOn(colour) {
  const [r, g, b] = colour.map((part) => {
    const c = part / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

// A box that scrolls sideways; it fades out where more of it follows.
function scrolling(className) {
  const box = node("div", "scroll " + className);
  const look = () =>
    box.classList.toggle("more", box.scrollLeft + box.clientWidth < box.scrollWidth - 2);
  box.addEventListener("scroll", look);
  new ResizeObserver(look).observe(box);
  new MutationObserver(look).observe(box, { childList: true });
  return box;
}

function save(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function svgText(svg) {
  return '<?xml version="1.0" encoding="UTF-8"?>\n' + new XMLSerializer().serializeToString(svg);
}

// Twice as large as on the page: a picture for a slide or a paper.
function savePng(name, svg) {
  const image = new Image();
  image.addEventListener("load", () => {
    const canvas = document.createElement("canvas");
    canvas.width = 2 * image.width;
    canvas.height = 2 * image.height;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save(name, blob), "image/png");
  });
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(svgText(svg));
}
