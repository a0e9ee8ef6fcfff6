// Attention maps: `props.value` is {tokens, token_ids, n_layer, n_head, maps}; see attention_tab.py.
// `maps` holds the weights of all heads, one byte each (255 is 1), in the order layer, head, from,
// to. Text is set as textContent only: anyone can write the tokens.
const SVG = "http://www.w3.org/2000/svg";
const state = { layer: 0, head: 0, weights: null };

function node(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function shape(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// The weight's square root, so that a tenth of the attention can be told from none.
const ink = (byte) => Math.sqrt(byte / 255);
const percent = (byte) => Math.round((100 * byte) / 255) + " %";

function mapOf(layer, head) {
  const { tokens, n_head } = props.value;
  const size = tokens.length * tokens.length;
  const start = (layer * n_head + head) * size;
  return state.weights.subarray(start, start + size);
}

function thumbnail(layer, head) {
  const T = props.value.tokens.length;
  const button = node("button", "thumbnail");
  button.type = "button";
  button.title = "layer " + layer + ", head " + head;
  button.setAttribute("aria-label", button.title);
  button.setAttribute("aria-pressed", layer === state.layer && head === state.head);
  const canvas = node("canvas");
  canvas.width = canvas.height = T;
  const image = new ImageData(T, T);
  mapOf(layer, head).forEach((byte, i) => image.data.set([99, 102, 241, 255 * ink(byte)], 4 * i));
  canvas.getContext("2d").putImageData(image, 0, 0);
  button.append(canvas);
  button.addEventListener("click", () => {
    for (const other of element.querySelectorAll(".thumbnail"))
      other.setAttribute("aria-pressed", other === button);
    Object.assign(state, { layer, head });
    drawHead();
  });
  return button;
}

function overview() {
  const { n_layer, n_head } = props.value;
  const grid = node("div", "grid");
  grid.style.gridTemplateColumns = "auto repeat(" + n_head + ", minmax(0, 1fr))";
  grid.append(node("span"));
  for (let head = 0; head < n_head; head++) grid.append(node("span", "axis", "head " + head));
  for (let layer = 0; layer < n_layer; layer++) {
    grid.append(node("span", "axis", "layer " + layer));
    for (let head = 0; head < n_head; head++) grid.append(thumbnail(layer, head));
  }
  return grid;
}

function drawHead() {
  const tokens = props.value.tokens;
  const T = tokens.length;
  const weights = mapOf(state.layer, state.head);
  const cell = Math.max(11, Math.min(30, Math.floor(440 / T)));
  const longest = Math.max(...tokens.map((token) => token.length));
  const margin = 10 + 7 * Math.min(longest, 14);
  const side = margin + cell * T + 2;
  const svg = shape("svg", { viewBox: "0 0 " + side + " " + side, width: side, height: side });
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "attention of layer " + state.layer + ", head " + state.head);
  const short = (token) => (token.length > 14 ? token.slice(0, 13) + "…" : token);
  for (let i = 0; i < T; i++) {
    const middle = margin + cell * (i + 0.5) + 4;
    svg.append(shape("text", { x: margin - 6, y: middle, class: "from" }, short(tokens[i])));
    const turned = "translate(" + middle + " " + (margin - 6) + ") rotate(-90)";
    svg.append(shape("text", { transform: turned, class: "to" }, short(tokens[i])));
    for (let j = 0; j <= i; j++) {
      const box = { x: margin + cell * j, y: margin + cell * i, width: cell - 1, height: cell - 1 };
      const rect = shape("rect", { ...box, rx: 2, class: "cell", "data-i": i, "data-j": j });
      const fill = shape("rect", { ...box, rx: 2, class: "weight" });
      fill.setAttribute("fill-opacity", ink(weights[i * T + j]).toFixed(3));
      svg.append(rect, fill);
    }
  }
  svg.addEventListener("mouseover", (event) => {
    const { i, j } = event.target.dataset;
    if (i !== undefined) show(Number(i), Number(j));
  });
  const title = "Layer " + state.layer + ", head " + state.head;
  element.querySelector(".head-title").textContent = title;
  element.querySelector(".scroll").replaceChildren(svg);
  show(T - 1);
}

// Row i: what token i attends to, as the chips' background; and one weight of it in words.
function show(i, j) {
  const tokens = props.value.tokens;
  const T = tokens.length;
  const weights = mapOf(state.layer, state.head).subarray(i * T, i * T + T);
  element.querySelectorAll(".chip").forEach((chip, k) => {
    chip.style.setProperty("--weight", (100 * ink(weights[k])).toFixed(0) + "%");
    chip.classList.toggle("reader", k === i);
    chip.classList.toggle("future", k > i);
  });
  if (j === undefined) j = weights.indexOf(Math.max(...weights));
  const words = ["“", tokens[i], "” gives ", percent(weights[j]), " of its attention to “"];
  element.querySelector(".readout").textContent = words.join("") + tokens[j] + "”";
}

function draw() {
  const root = element.querySelector(".panel");
  root.replaceChildren();
  const value = props.value;
  if (!value || !value.tokens) return;
  state.weights = Uint8Array.from(atob(value.maps), (character) => character.charCodeAt(0));
  state.layer = Math.min(state.layer, value.n_layer - 1);
  state.head = Math.min(state.head, value.n_head - 1);

  const chips = node("div", "chips");
  value.tokens.forEach((token, i) => {
    const chip = node("code", "chip", token);
    chip.title = "token " + i + ", id " + value.token_ids[i];
    chip.addEventListener("mouseenter", () => show(i));
    chips.append(chip);
  });
  const left = node("div", "overview");
  left.append(node("h4", "", "All heads"), overview());
  const right = node("div", "detail");
  const readout = node("p", "readout");
  readout.setAttribute("aria-live", "polite");
  right.append(node("h4", "head-title"), readout, node("div", "scroll"));
  const both = node("div", "maps");
  both.append(left, right);
  root.append(chips, both);
  drawHead();
}

watch("value", draw);
draw();
