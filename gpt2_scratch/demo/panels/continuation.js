// A prompt and its continuation: `props.value` is {prompt, model, ids, text, statistics, running}
// while text comes in, and has `tokens` afterwards, with what each might have been; see written.py.
// With `steps` it grows a token at a time, and the last one is explained at once.
const state = { coloured: true, chosen: -1 };

// Surprise in bits, as a share of 8: a token of one in 256 gets the full colour.
const surprise = (p) => Math.min(1, -Math.log2(Math.max(p, 1e-9)) / 8);

function ordinal(n) {
  const ending = n % 100 >= 11 && n % 100 <= 13 ? "th" : { 1: "st", 2: "nd", 3: "rd" }[n % 10];
  return n.toLocaleString("en") + (ending || "th");
}

function tokenSpan(token, i) {
  const span = node("span", "written", token.text);
  if (!token.text) span.classList.add("invisible"); // half a character, or the end of the text
  span.style.setProperty("--surprise", (100 * surprise(token.probability)).toFixed(0) + "%");
  span.setAttribute("role", "button");
  span.tabIndex = i ? -1 : 0; // one stop of the Tab key; the arrows move on from there
  span.setAttribute("aria-label", token.token + ", " + shareText(token.probability));
  return span;
}

function paragraph({ prompt, text, running, tokens }) {
  const made = node("p", "continuation");
  made.append(prompt); // a string is appended as a text node
  const mark = node("mark", tokens && state.coloured ? "coloured" : "");
  if (tokens) mark.append(...tokens.map(tokenSpan));
  else mark.append(text);
  made.append(mark);
  if (running) made.append(node("span", "caret"));
  return made;
}

// What token i was and what else it might have been; an alternative can be written on from.
function describe(i) {
  const box = element.querySelector(".alternatives");
  const { prompt, model, ids, tokens } = props.value;
  const { token, probability, rank, alternatives } = tokens[i];
  element.querySelectorAll(".written").forEach((span, k) => {
    span.classList.toggle("chosen", k === i);
    span.tabIndex = k === i ? 0 : -1;
  });
  const said = node("p", "said");
  said.append(node("code", "chip", token), " had " + shareText(probability));
  said.append(rank === 1 ? ", the model's first choice." : ", its " + ordinal(rank) + " choice.");
  const list = node("ul");
  const widest = alternatives[0].probability;
  for (const other of alternatives) {
    const button = node("button", "other" + (other.token === token ? " taken" : ""));
    button.type = "button";
    const chip = node("code", "chip", other.token);
    button.append(chip, bar("reshaped", other.probability / widest), shareText(other.probability));
    if (Number.isInteger(other.id)) {
      button.title = "Write on from here with this token";
      const begun = { prompt, model, ids: [...ids.slice(0, i), other.id] };
      button.addEventListener("click", () => trigger("select", begun));
    } else button.disabled = true;
    const item = node("li");
    item.append(button);
    list.append(item);
  }
  box.replaceChildren(said, list);
}

// On a narrow page what is said of a token may lie below the screen.
function reveal() {
  const box = element.querySelector(".alternatives");
  if (innerWidth <= 640) box.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

function choose(i, focus) {
  state.chosen = i;
  describe(i);
  reveal();
  if (focus) element.querySelectorAll(".written")[i].focus();
}

function explanation() {
  if (!props.value.tokens) return node("div", "to-come");
  const box = node("div", "alternatives");
  box.setAttribute("aria-live", "polite");
  const words = "Click a token to see what else it might have been, and one of those to go on with it.";
  box.append(node("p", "hint", words));
  return box;
}

// What is known about the run, the seed to use again, and the text to copy.
function toolbar({ statistics = [], text, running, seed }) {
  const line = node("div", "panel-heading");
  const said = node("p", "statistics hint");
  const [first, ...others] = statistics;
  if (first) said.append(node("strong", "", first), ...others.map((part) => " · " + part));
  line.append(said);
  const buttons = node("span", "tools");
  buttons.classList.toggle("waiting", !!running);
  if (Number.isInteger(seed)) {
    const keep = node("button", "keep-seed", "Keep this seed");
    keep.type = "button";
    keep.addEventListener("click", () => trigger("submit"));
    buttons.append(keep);
  }
  if (text && navigator.clipboard) {
    const copy = node("button", "copy", "Copy");
    copy.type = "button";
    copy.addEventListener("click", async () => {
      const whole = element.querySelector(".continuation").textContent;
      const copied = await navigator.clipboard.writeText(whole).then(() => true, () => false);
      copy.textContent = copied ? "Copied" : "Refused";
      setTimeout(() => (copy.textContent = "Copy"), 1500);
    });
    buttons.append(copy);
  }
  line.append(buttons);
  return line;
}

function legend() {
  const label = node("label", "legend");
  const box = node("input");
  box.type = "checkbox";
  box.checked = state.coloured;
  box.addEventListener("change", () => {
    state.coloured = box.checked;
    element.querySelector("mark").classList.toggle("coloured", box.checked);
  });
  label.append(box, "expected", node("span", "scale"), "surprising");
  return label;
}

function listen(written) {
  const index = (event) => [...written.querySelectorAll(".written")].indexOf(event.target);
  written.addEventListener("mouseover", (event) => {
    if (index(event) >= 0 && state.chosen < 0) describe(index(event));
  });
  written.addEventListener("click", (event) => {
    const i = index(event);
    if (i < 0) return;
    if (i === state.chosen) state.chosen = -1; // a second click lets go
    else choose(i);
  });
  written.addEventListener("keydown", (event) => {
    const i = index(event);
    const last = written.querySelectorAll(".written").length - 1;
    const target = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: last }[event.key];
    if (i < 0 || (target === undefined && event.key !== "Enter")) return;
    event.preventDefault();
    choose(Math.max(0, Math.min(last, target === undefined ? i : target)), true);
  });
}

let drawn = ""; // the end of a stream comes with its last value again: what has the focus stays

// One of the texts of this prompt is shown once more.
function open(text) {
  props.value = text;
  draw();
}

function draw() {
  const root = element.querySelector(".panel");
  const value = props.value || {};
  if (JSON.stringify(value) === drawn) return;
  drawn = JSON.stringify(value);
  state.chosen = -1;
  if (value.prompt === undefined) {
    const words = "The text appears here, with what the model wrote marked.";
    root.replaceChildren(node("p", "continuation empty", words));
    return;
  }
  const written = paragraph(value);
  root.replaceChildren(toolbar(value), written);
  const { tokens, running, steps } = value;
  if (!running && tokens?.length) remember(value);
  const below = [legend(), explanation(), tree(value, open)];
  below[0].classList.toggle("waiting", !tokens); // its place is kept: nothing jumps at the end
  root.append(...below);
  if (tokens?.length) listen(written);
  if (tokens?.length && steps) describe(tokens.length - 1);
}

watch("value", draw);
draw();
