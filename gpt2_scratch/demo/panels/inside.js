// The walk of one prediction through the model. `props.value` is what inside_view gives, and `open`,
// {position, stage}, where a link says with what to begin; {} before the first text. Helpers draw:
// inside_picture.js the map of the stages, inside_matrix.js the open one, inside_softmax.js the last
// three; tour.js leads through them. What they share is here.

const state = {
  stage: 0, // which of value.stages is open
  head: null,
  position: null, // the token whose prediction is followed
  playing: null, // the timer of Play
  temperature: 0.8,
  topK: 50,
  topP: 1,
};
const STEP_MS = 2600; // of Play: time to read a caption
let key = ""; // the text that position belongs to
const decoded = new Map(); // matrices of this value, by key

const stageIndex = (name) => props.value.stages.findIndex((stage) => stage.key === name);
const stageNow = () => props.value.stages[state.stage];
const isNarrow = () => element.clientWidth < 860; // as in inside.css
const quoted = (label) => "“" + label + "”";
const signed = (number, digits = 2) => (number < 0 ? "−" : "") + Math.abs(number).toFixed(digits);
const tokenLabel = (i) => props.value.tokens[i].label;
const layerName = () => "Layer " + props.value.layer;

// The numbers of a stage: decoded once, since each look into props.value has a price.
function numbersOf(name) {
  if (!decoded.has(name)) {
    const stored = props.value.matrices[name];
    if (!stored) return null;
    const { shape, step, data } = stored;
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    const numbers = Float32Array.from(new Int16Array(bytes.buffer), (number) => number * step);
    decoded.set(name, { shape: [...shape], numbers });
  }
  return decoded.get(name);
}

// A matrix of a stage as {rows, columns, at(i, j), largest}; of one head, where it has heads. What
// the mask hides is −∞, and NaN where it is a share: not 0, but never asked.
function matrixOf(stage, head = state.head) {
  const stored = numbersOf(stage === "masked" ? "scores" : stage);
  if (!stored) return null;
  const [rows, columns] = stored.shape.slice(-2);
  const start = stored.shape.length === 3 ? head * rows * columns : 0;
  const numbers = stored.numbers.subarray(start, start + rows * columns);
  const hidden = { masked: -Infinity, weights: NaN }[stage];
  const at = (i, j) => (hidden !== undefined && j > i ? hidden : numbers[i * columns + j]);
  const largest = numbers.reduce((most, number) => Math.max(most, Math.abs(number)), 0);
  return { rows, columns, at, largest, ofTokens: ["scores", "masked", "weights"].includes(stage) };
}

// Shares are coloured on the one scale, numbers with a sign on the other.
function colourOf(stage, value, largest) {
  if (!Number.isFinite(value)) return isDark() ? [51, 65, 85] : [203, 213, 225];
  if (stage === "weights") return sequential(value, isDark());
  return diverging(largest ? value / (2 * largest) : 0, isDark());
}

// --- moving --------------------------------------------------------------------------------------

function open(stage, { focus = false } = {}) {
  state.stage = Math.max(0, Math.min(stage, props.value.stages.length - 1));
  showOpen();
  if (focus) element.querySelector(".stage[aria-current]").focus();
}

// Picture and open stage together, where both fit; else what has been opened.
function bringIntoView() {
  const detail = element.querySelector(".opened");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const behavior = still ? "auto" : "smooth";
  if (detail.getBoundingClientRect().bottom <= innerHeight) return;
  const top = element.querySelector(".controls").getBoundingClientRect().top;
  const both = detail.getBoundingClientRect().bottom - top <= innerHeight;
  if (both) element.querySelector(".controls").scrollIntoView({ block: "start", behavior });
  else detail.scrollIntoView({ block: "nearest", behavior });
}

function play(on) {
  if (on && !state.playing) bringIntoView();
  clearInterval(state.playing);
  state.playing = on
    ? setInterval(() => {
        const isLast = state.stage >= props.value.stages.length - 1;
        if (isLast || !element.offsetParent) return play(false); // at its end, or in another tab
        open(state.stage + 1);
        bringIntoView();
      }, STEP_MS)
    : null;
  const button = element.querySelector(".play");
  button.textContent = on ? "Pause" : "Play";
  button.setAttribute("aria-pressed", on);
}

function choosePosition(position) {
  state.position = position;
  draw();
}

function chooseHead(head) {
  state.head = head;
  draw();
}

// The numbers of another layer are with the server.
function chooseLayer(layer) {
  if (layer !== props.value.layer) trigger("select", { layer, head: state.head });
}

// --- the panel -----------------------------------------------------------------------------------

function toolButton(text, title, act, className = "") {
  const button = node("button", className, text);
  button.type = "button";
  button.title = title;
  button.addEventListener("click", act);
  return button;
}

function controls() {
  const bar = node("div", "controls");
  const steps = node("span", "tools");
  steps.append(
    toolButton("◀", "The stage before (left arrow)", () => open(state.stage - 1), "back"),
    toolButton("Play", "Walk through the stages", () => play(!state.playing), "play"),
    toolButton("▶", "The next stage (right arrow)", () => open(state.stage + 1), "next"),
  );
  const place = node("span", "place");
  place.setAttribute("aria-live", "polite");
  bar.append(
    steps,
    place,
    toolButton("Tour", "Six steps for a start", () => tour(0), "start-tour"),
  );
  return bar;
}

// Which token's prediction is followed: each is foretold from those before it.
function tokenRow() {
  const row = node("div", "chips");
  row.setAttribute("role", "group");
  row.setAttribute(
    "aria-label",
    "Whose prediction: the token after which the next one is foretold",
  );
  const buttons = props.value.tokens.map((token, i) => {
    const chip = node("button", "chip", token.label);
    chip.type = "button";
    chip.title = "token " + i + ", id " + token.id + ", bytes " + token.bytes;
    chip.setAttribute("aria-pressed", i === state.position);
    chip.classList.toggle("reader", i === state.position);
    chip.classList.toggle("future", i > state.position);
    chip.addEventListener("click", () => choosePosition(i));
    return chip;
  });
  roving(buttons, 1, state.position);
  row.append(...buttons);
  const next = props.value.next[state.position];
  const [best] = chances(next, { temperature: 1, topK: 0, topP: 1 });
  const foretold = node("span", "foretold", "→ " + next.labels[0] + " ");
  foretold.append(node("span", "hint", shareText(best.model)));
  row.append(foretold);
  return row;
}

function draw() {
  const root = element.querySelector(".panel");
  const value = props.value;
  if (!value || !value.tokens) return root.replaceChildren();
  const focused = document.activeElement;
  const place = [...root.querySelectorAll("button")].indexOf(focused);
  decoded.clear();
  if (value.text !== key) {
    const last = value.tokens.length - 1;
    state.position = Math.max(0, Math.min(value.open?.position ?? last, last));
    state.head = value.head;
    if (value.open) state.stage = Math.max(0, stageIndex(value.open.stage));
  }
  key = value.text;
  state.head = Math.min(state.head ?? value.head, value.n_head - 1);

  const detail = node("section", "opened");
  detail.setAttribute("aria-label", "The open stage");
  root.replaceChildren(tourOffer(), tokenRow(), rail(), controls(), picture(), detail);
  if (state.playing) play(true);
  if (place >= 0) root.querySelectorAll("button")[place]?.focus({ preventScroll: true });
  showOpen();
}

function showOpen() {
  const stage = stageNow();
  element.querySelectorAll(".stage").forEach((button) => {
    const isOpen = button.dataset.stage === stage.key;
    if (isOpen) button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
    button.tabIndex = isOpen ? 0 : -1;
  });
  element.querySelector(".back").disabled = state.stage === 0;
  element.querySelector(".next").disabled = state.stage === props.value.stages.length - 1;
  const count = state.stage + 1 + " of " + props.value.stages.length + ": ";
  const place = element.querySelector(".place");
  place.replaceChildren(node("span", "hint", count), node("strong", "", stage.title));
  const detail = element.querySelector(".opened");
  // where there is one column, under its own part of the picture
  const narrow = element.clientWidth && isNarrow();
  const zones = element.querySelector(".zones");
  (narrow ? element.querySelector(".zone." + stage.zone) : zones).after(detail);
  detail.replaceChildren(...tourStep(), ...opened(stage));
}

// What a stage opens to. The last three have no matrix: there one token's row is all that is left.
function opened(stage) {
  const head = node("div", "panel-heading");
  head.append(node("h3", "", stage.title));
  const body = node("div", "both");
  const left = node("div", "numbers");
  const right = node("div", "reasons");
  right.append(explained("p", "said", stage.said), formula(stage), ...stage.code.map(codeLines));
  if (stage.key === "tokens") left.append(tokenTable());
  else if (["logits", "sampling", "draw"].includes(stage.key)) left.append(softmaxPanel(stage.key));
  else left.append(...matrixPanel(stage, head));
  if (stage.key === "neurons") left.append(neuronList());
  if (["scores", "masked", "weights"].includes(stage.key)) right.append(headGallery(stage));
  body.append(left, right);
  head.append(stepButtons());
  return [head, body];
}

// As the buttons of the controls, where these are out of sight.
function stepButtons() {
  const tools = node("span", "tools");
  const button = (text, title, by) => {
    const made = toolButton(text, title, () => {
      play(false);
      open(state.stage + by);
      bringIntoView();
      [...element.querySelectorAll(".opened .tools button")]
        .find((b) => b.title === title)
        ?.focus();
    });
    made.setAttribute("aria-label", title);
    tools.append(made);
  };
  if (state.stage > 0) button("◀", "To the stage before", -1);
  if (state.stage < props.value.stages.length - 1) button("▶", "To the next stage", 1);
  return tools;
}

function formula(stage) {
  const line = node("p", "formula");
  line.append(node("code", "", stage.formula));
  return line;
}

function codeLines({ file, lines }) {
  const block = node("div", "code");
  const list = node("pre");
  for (const [number, text] of lines) {
    const line = node("span", "line");
    line.append(node("span", "number", number), node("code", "", text));
    list.append(line);
  }
  list.tabIndex = 0; // the keyboard can scroll it
  list.setAttribute("aria-label", "lines of " + file);
  block.append(node("span", "hint", file), list);
  return block;
}

// Arrow keys lead through the picture; the open stage is its one stop of the Tab key.
element.addEventListener("keydown", (event) => {
  if (!event.target.classList?.contains("stage")) return;
  const steps = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -99, End: 99 };
  if (!(event.key in steps)) return;
  event.preventDefault();
  open(state.stage + steps[event.key], { focus: true });
});
// For Copy a link: what is seen here, as `linked_place` of tabs/inside.py reads it.
(window.linkedPlace ||= {}).inside = () =>
  props.value?.tokens && [props.value.layer, state.head, state.position, stageNow().key].join(".");
onThemeChange(() => props.value && props.value.tokens && draw());
watch("value", draw);
draw();
