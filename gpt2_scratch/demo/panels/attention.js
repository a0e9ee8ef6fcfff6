// Attention maps. `props.value` is what attention_view.maps_view gives; {} before the first text.
//
// A map is held as the lower triangle of its square, row by row: what i gives to j <= i is number
// i (i + 1) / 2 + j. Maps, statistics and rollout come once for each of one or two models.

const FULL = 65535; // the 16-bit number that stands for a weight of 1
const state = {
  layer: null,
  head: null,
  rollout: false, // the rollout instead of a head
  view: 0, // the number of a model, or "difference"
  hideFirst: false,
  large: false, // all heads over the whole width, as lines
  locked: null, // {axis: "row" | "column", index}
  pointed: null, // the same, where the pointer or the focus is; `other` is the cell's other index
};
let maps = []; // per model: Uint16Array of all heads' triangles
let rollouts = [];
let key = ""; // the tokens that the lock belongs to

const isDifference = () => state.view === "difference";
const at = (i, j) => (i * (i + 1)) / 2 + j;
const quoted = (index) => "“" + props.value.labels[index] + "”";
const short = (text) => (text.length > 14 ? text.slice(0, 13) + "…" : text);
const number = (layer, head) => layer * props.value.n_head + head;
const points = (d) => (d < 0 ? "−" : "+") + shareText(Math.abs(d)).replace(" %", "");

function decoded(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Uint16Array(bytes.buffer);
}

// The triangle of one head (or of the rollout, where `head` is null), as shares.
function triangle(model, head) {
  const T = props.value.tokens.length;
  const size = at(T, 0);
  const stored = head === null ? rollouts[model] : maps[model];
  const shares = Float32Array.from(stored.subarray((head || 0) * size, (head || 0) * size + size));
  for (let i = 0; i < T; i++) {
    const row = shares.subarray(at(i, 0), at(i + 1, 0));
    if (state.hideFirst) row[0] = 0;
    const total = state.hideFirst ? row.reduce((sum, share) => sum + share, 0) : FULL;
    for (let j = 0; j <= i; j++) row[j] = total ? row[j] / total : 0;
  }
  return shares;
}

function shown(head) {
  if (!isDifference()) return triangle(state.view, head);
  const before = triangle(0, head);
  return triangle(1, head).map((share, k) => share - before[k]);
}

const chosen = () => (state.rollout ? null : number(state.layer, state.head));
const colour = (share) => (isDifference() ? diverging : sequential)(share, isDark());

function headTitle(layer, head) {
  return "Layer " + layer + ", head " + head;
}

function valueText(value, unit) {
  return unit === "share" ? shareText(value) : value.toFixed(1) + " " + unit;
}

// --- the overview ------------------------------------------------------------------------------

function paint(canvas, head) {
  if (state.large && head !== null) return paintLines(canvas, head);
  const T = props.value.tokens.length;
  const image = new ImageData(T, T);
  const shares = shown(head);
  for (let i = 0; i < T; i++)
    for (let j = 0; j <= i; j++)
      image.data.set([...colour(shares[at(i, j)]), 255], 4 * (i * T + j));
  canvas.width = canvas.height = T;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// As the model view of BertViz: the reading tokens on the left, what they read on the right.
function paintLines(canvas, head) {
  const T = props.value.tokens.length;
  canvas.width = 320;
  canvas.height = 200;
  const step = canvas.height / T;
  const pen = canvas.getContext("2d");
  const shares = shown(head);
  for (let i = 0; i < T; i++)
    for (let j = 0; j <= i; j++) {
      const share = shares[at(i, j)];
      if (Math.abs(share) < 0.02) continue;
      pen.strokeStyle = strokeOf(share);
      pen.globalAlpha = Math.abs(share); // not its root: what is weak in all heads would hide the rest
      pen.lineWidth = 2;
      pen.beginPath();
      pen.moveTo(0, step * (i + 0.5));
      pen.lineTo(canvas.width, step * (j + 0.5));
      pen.stroke();
    }
}

function enlarge(event) {
  state.large = !state.large;
  event.target.setAttribute("aria-pressed", state.large);
  element.querySelector(".maps").classList.toggle("large", state.large);
  repaint();
}

function thumbnail(title, head, choose) {
  const button = node("button", "thumbnail");
  button.type = "button";
  button.title = title;
  button.setAttribute("aria-label", title);
  const canvas = node("canvas");
  canvas.dataset.head = head === null ? "rollout" : head;
  button.append(canvas);
  button.addEventListener("click", choose);
  return button;
}

function overview() {
  const { n_layer, n_head } = props.value;
  const grid = node("div", "grid");
  grid.style.gridTemplateColumns = "auto repeat(" + n_head + ", minmax(0, 1fr))";
  grid.append(node("span", "axis", "layer ╲ head"));
  for (let head = 0; head < n_head; head++) grid.append(node("span", "axis", head));
  const buttons = [];
  for (let layer = 0; layer < n_layer; layer++) {
    grid.append(node("span", "axis", layer));
    for (let head = 0; head < n_head; head++) {
      const choose = () => chooseHead(layer, head);
      buttons.push(thumbnail(headTitle(layer, head), number(layer, head), choose));
      grid.append(buttons.at(-1));
    }
  }
  roving(buttons, n_head, number(state.layer, state.head));
  return grid;
}

function rolloutButton() {
  const whole = node("div", "rollout");
  const choose = () => {
    state.rollout = true;
    drawHead();
  };
  whole.append(thumbnail("Attention rollout", null, choose));
  whole.append(node("span", "hint", "Rollout: all layers together"));
  return whole;
}

function chooseHead(layer, head) {
  Object.assign(state, { layer, head, rollout: false });
  drawHead();
}

// What there is to see in this text, where there is something.
function story() {
  const { story, labels, token_ids } = props.value;
  if (!story) return [];
  const { layer, head, reader, first, share } = story;
  const [token, next] = [labels[reader], labels[first + 1]];
  const before = token_ids.slice(0, reader).filter((id) => id === token_ids[reader]).length;
  const [which, earlier] = before === 1 ? ["The second “", "the first"] : ["A later “", "an earlier"];
  const line = node("p", "story");
  line.append(
    node("strong", "", which + token + "” reads “" + next + "”"),
    ", which followed " + earlier + " one, with " + shareText(share) + " of its attention in layer " +
      layer + ", head " + head + ". So an induction head finds what may come next: it goes on with " +
      "what it has seen once. ",
    tool("Show it", "Choose this head and lock this token", () => showStory()),
  );
  return [line];
}

function showStory() {
  const { layer, head, reader } = props.value.story;
  state.locked = { axis: "row", index: reader, other: null };
  chooseHead(layer, head);
}

// Which heads stand out on this text, each a button that shows it.
function strongest() {
  const list = node("dl", "strongest");
  for (const { title, unit, end, heads } of props.value.strongest) {
    list.append(node("dt", "", (end === "lowest" ? "lowest " : "") + title));
    const places = node("dd");
    for (const [place, value] of heads) {
      const layer = Math.floor(place / props.value.n_head);
      const head = place % props.value.n_head;
      const button = node("button", "place", layer + "·" + head);
      button.type = "button";
      button.title = headTitle(layer, head);
      button.append(node("span", "", " " + valueText(value, unit)));
      button.addEventListener("click", () => chooseHead(layer, head));
      places.append(button);
    }
    list.append(places);
  }
  return list;
}

// --- one map -----------------------------------------------------------------------------------

function drawHead() {
  for (const canvas of element.querySelectorAll(".thumbnail canvas")) {
    const head = canvas.dataset.head === "rollout" ? null : Number(canvas.dataset.head);
    canvas.parentElement.setAttribute("aria-pressed", head === chosen());
  }
  const title = state.rollout ? "Attention rollout" : headTitle(state.layer, state.head);
  element.querySelector(".head-title").textContent = title;
  element.querySelector(".numbers").replaceChildren(...statistics());
  element.querySelector(".scroll.matrix").replaceChildren(matrix());
  element.querySelector(".scale").replaceChildren(scale());
  show();
}

function statistics() {
  if (state.rollout) return [node("span", "", "how much of each token's last state came from where")];
  const all = props.value.statistics;
  return all[0].map(({ title, unit, values }, k) => {
    const item = node("span", "", title + " ");
    const text = valueText(values[chosen()], unit);
    const pair = all[1] && text + " → " + valueText(all[1][k].values[chosen()], unit);
    item.append(node("strong", "", pair || text));
    return item;
  });
}

// --- reading -----------------------------------------------------------------------------------

function point(place) {
  state.pointed = place;
  show();
}

// Click to lock a row or a column, and again to let it go. The logit lens follows.
function lock(place) {
  if (!place) return;
  const { locked } = state;
  const same = locked && locked.axis === place.axis && locked.index === place.index;
  state.locked = same ? null : { axis: place.axis, index: place.index, other: null };
  if (state.locked && place.axis === "row") announce(place.index);
  show();
}

function announce(index) {
  const detail = { index, from: "attention" };
  document.dispatchEvent(new CustomEvent("token-chosen", { detail }));
}

// Everything that follows the pointer and the lock: the lock decides what is drawn strong, the
// pointer what is read out.
function show() {
  const T = props.value.tokens.length;
  const shares = shown(chosen());
  const focus = state.locked || state.pointed;
  const read = state.pointed || state.locked || { axis: "row", index: T - 1, other: null };
  const row = focus && focus.axis === "row" ? focus.index : focus ? null : T - 1;

  element.querySelectorAll(".chip").forEach((chip, k) => {
    const share = row === null ? (k >= focus.index ? shares[at(k, focus.index)] : 0) : 0;
    const ink = row === null ? share : k <= row ? shares[at(row, k)] : 0;
    const strength = (100 * Math.sqrt(Math.abs(ink))).toFixed(0);
    chip.style.setProperty("--weight", 0.8 * strength + "%");
    chip.classList.toggle("less", ink < 0);
    chip.classList.toggle("reader", focus ? k === focus.index : k === row);
    chip.classList.toggle("future", row === null ? k < focus.index : k > row);
    const isLocked = Boolean(state.locked) && state.locked.index === k;
    chip.setAttribute("aria-pressed", isLocked);
  });
  const svg = element.querySelector(".matrix svg");
  frame(svg.querySelector(".frame"), focus);
  for (const cell of svg.querySelectorAll("[data-i], [data-j]")) {
    const place = focus && cell.dataset[focus.axis === "row" ? "i" : "j"];
    cell.classList.toggle("kept", Boolean(focus) && Number(place) === focus.index);
  }
  element.querySelector(".scroll.arcs").replaceChildren(arcs(focus));
  element.querySelector(".scroll.lines").replaceChildren(lines(focus));
  element.querySelector(".readout").textContent = sentence(read, shares);
  element.querySelector(".tops").textContent = tops(read, shares);
}

function strongestOf(place, shares) {
  const T = props.value.tokens.length;
  const isRow = place.axis === "row";
  const others = [...Array(T).keys()].filter((k) => (isRow ? k <= place.index : k >= place.index));
  const share = (k) => (isRow ? shares[at(place.index, k)] : shares[at(k, place.index)]);
  return others
    .map((k) => [k, share(k)])
    .sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
}

function sentence(place, shares) {
  const other = place.other ?? strongestOf(place, shares)[0][0];
  const [i, j] = place.axis === "row" ? [place.index, other] : [other, place.index];
  const each = props.value.models.map((_, model) => triangle(model, chosen())[at(i, j)]);
  const verb = state.rollout ? " owes " : " gives ";
  const what = state.rollout ? " of its last state to " : " of its attention to ";
  if (each.length === 1) return quoted(i) + verb + shareText(each[0]) + what + quoted(j);
  const [one, two] = props.value.models;
  const figures = shareText(each[0]) + " in " + one + ", " + shareText(each[1]) + " in " + two;
  const change = " (" + points(each[1] - each[0]) + " points)";
  return quoted(i) + verb + figures + change + what + quoted(j);
}

function tops(place, shares) {
  const parts = strongestOf(place, shares)
    .slice(0, 5)
    .filter(([, share]) => Math.abs(share) >= 0.0005)
    .map(([k, share]) => quoted(k) + " " + (isDifference() ? points : shareText)(share));
  const start = place.axis === "row" ? " reads " : " is read by ";
  const end = isDifference() ? " (percentage points)" : "";
  return quoted(place.index) + start + (parts.join(", ") || "nothing") + end;
}

// --- the panel ---------------------------------------------------------------------------------

function tool(text, title, act) {
  const button = node("button", "", text);
  button.type = "button";
  button.title = title;
  button.addEventListener("click", act);
  return button;
}

function toolbar() {
  const bar = node("div", "panel-heading");
  const box = node("input");
  box.type = "checkbox";
  box.checked = state.hideFirst;
  box.addEventListener("change", () => {
    state.hideFirst = box.checked;
    repaint();
  });
  const hide = node("label", "legend hide-first");
  hide.append(box, "Hide the first token's share");
  bar.append(hide);
  if (props.value.models.length === 2) bar.append(views());
  const tools = node("span", "tools downloads");
  tools.append(
    tool("PNG", "Download this map as a picture", () => savePng(fileName() + ".png", picture())),
    tool("SVG", "Download this map as a vector graphic", () =>
      save(fileName() + ".svg", svgText(picture()), "image/svg+xml"),
    ),
    tool("JSON", "Download the weights of all heads", () =>
      save("attention-" + props.value.models.join("-") + ".json", json(), "application/json"),
    ),
  );
  bar.append(tools);
  return bar;
}

function views() {
  const group = node("span", "tools views");
  const [one, two] = props.value.models;
  const choices = [
    [one, 0],
    [two, 1],
    [two + " − " + one, "difference"],
  ];
  for (const [text, view] of choices) {
    const button = tool(text, "Show " + text, () => {
      state.view = view;
      for (const other of group.children) other.setAttribute("aria-pressed", other === button);
      repaint();
    });
    button.setAttribute("aria-pressed", state.view === view);
    group.append(button);
  }
  return group;
}

function repaint() {
  for (const canvas of element.querySelectorAll(".thumbnail canvas"))
    paint(canvas, canvas.dataset.head === "rollout" ? null : Number(canvas.dataset.head));
  drawHead();
}

function chips() {
  const row = node("div", "chips");
  const buttons = props.value.labels.map((text, i) => {
    const chip = node("button", "chip", text);
    chip.type = "button";
    chip.title = "token " + i + ", id " + props.value.token_ids[i];
    const place = { axis: "row", index: i, other: null };
    chip.addEventListener("mouseenter", () => point(place));
    chip.addEventListener("mouseleave", () => point(null));
    chip.addEventListener("focus", () => point(place));
    chip.addEventListener("blur", () => point(null));
    chip.addEventListener("click", () => lock(place));
    return chip;
  });
  roving(buttons, 1, 0);
  row.append(...buttons);
  row.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && state.locked) lock(state.locked);
  });
  return row;
}

function draw() {
  const root = element.querySelector(".panel");
  root.replaceChildren();
  const value = props.value;
  if (!value || !value.tokens) return;
  maps = value.maps.map(decoded);
  rollouts = value.rollout.map(decoded);
  const tokens = value.token_ids.join(" ");
  if (tokens !== key) Object.assign(state, { locked: null, pointed: null });
  key = tokens;
  if (state.layer === null || state.layer >= value.n_layer || state.head >= value.n_head) {
    const [best] = value.strongest.find(({ title }) => title === "induction").heads[0];
    const found = value.story;
    state.layer = found ? found.layer : Math.floor(best / value.n_head);
    state.head = found ? found.head : best % value.n_head;
    if (found) state.locked = { axis: "row", index: found.reader, other: null };
  }
  state.view = value.models.length === 2 ? "difference" : 0;

  const left = node("div", "overview");
  left.style.flexBasis = Math.max(280, 60 + 26 * value.n_head) + "px";
  const heading = node("div", "panel-heading");
  heading.append(node("h3", "", "All heads"), node("span", "hint", "click one to enlarge it"));
  const tools = node("span", "tools");
  tools.append(tool("Enlarge all", "All heads over the whole width, as lines", enlarge));
  tools.firstChild.setAttribute("aria-pressed", state.large);
  heading.append(tools);
  const grid = scrolling("");
  grid.append(overview());
  left.append(heading, grid, rolloutButton());
  left.append(node("h4", "", "Heads that stand out"), strongest());

  const right = node("div", "detail");
  const title = node("div", "panel-heading");
  title.append(node("h3", "head-title"), node("span", "hint numbers"));
  const readout = node("p", "readout");
  readout.setAttribute("aria-live", "polite");
  const pictures = node("div", "pictures");
  pictures.append(...["matrix", "arcs", "lines"].map(scrolling));
  right.append(title, readout, node("p", "hint tops"), node("div", "scale"), pictures);

  const both = node("div", "maps");
  both.classList.toggle("large", state.large);
  both.append(left, right);
  const hint = "Point at a token or a square to read its weights; click to lock it, Escape to let go.";
  root.append(...story(), chips(), node("p", "hint", hint), toolbar(), both);
  repaint();
}

document.addEventListener("token-chosen", ({ detail }) => {
  if (detail.from === "attention" || !props.value.tokens) return;
  state.locked = { axis: "row", index: detail.index, other: null };
  show();
});
onThemeChange(() => props.value && props.value.tokens && repaint());
watch("value", draw);
draw();
