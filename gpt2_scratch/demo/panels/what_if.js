// What if a head were missing? `props.value` is what inside_view.what_if_view gives; {} at first.

const signed = (number, digits) => (number < 0 ? "−" : "+") + Math.abs(number).toFixed(digits);
const quoted = (label) => "“" + label + "”";
const isOff = ([layer, head]) => props.value.heads.some(([l, h]) => l === layer && h === head);
const ask = (heads, layers) => trigger("select", { heads, layers });

function toggleHead(layer, head) {
  const { heads, layers } = props.value;
  const rest = heads.filter(([l, h]) => l !== layer || h !== head);
  ask(rest.length < heads.length ? rest : [...heads, [layer, head]], layers);
}

function toggleLayer(layer) {
  const { heads, layers } = props.value;
  ask(heads, layers.includes(layer) ? layers.filter((l) => l !== layer) : [...layers, layer]);
}

// Three characters are enough on a square; what is less than a tenth is 0.
const shortly = (effect) => {
  const size = Math.abs(effect);
  return size < 0.05 ? "0" : signed(effect, size < 9.95 ? 1 : 0);
};

// A change of 2 nats, to a seventh of the probability, is the full colour.
function effectButton(text, effect, off, title, act) {
  const button = node("button", "effect", text);
  button.type = "button";
  button.title = title;
  button.setAttribute("aria-label", title);
  button.setAttribute("aria-pressed", off);
  if (effect !== null) {
    const colour = diverging(-effect / 4, isDark()); // orange: its absence costs
    button.style.background = css(colour);
    button.style.color = inkOn(colour);
  }
  button.addEventListener("click", act);
  return button;
}

function grid() {
  const { n_layer, n_head, effects, layer_effects, predicted, layers } = props.value;
  const table = node("div", "effects");
  table.style.gridTemplateColumns = "auto repeat(" + n_head + ", minmax(0, 1fr)) minmax(0, 1.3fr)";
  table.style.minWidth = 70 + 31 * n_head + "px";
  table.append(node("span", "axis", "head"));
  for (let head = 0; head < n_head; head++) table.append(node("span", "axis", head));
  table.append(node("span", "axis", "whole"));
  const buttons = [];
  const said = (what, effect) =>
    what +
    (effect === null ? "" : ": without it " + signed(effect, 2) + " nats for " + quoted(predicted));
  for (let layer = 0; layer < n_layer; layer++) {
    table.append(node("span", "axis", "layer " + layer));
    for (let head = 0; head < n_head; head++) {
      const effect = effects ? effects[layer][head] : null;
      const title = said("Layer " + layer + ", head " + head, effect);
      const text = effect === null ? "·" : shortly(effect);
      buttons.push(
        effectButton(text, effect, isOff([layer, head]), title, () => toggleHead(layer, head)),
      );
      table.append(buttons.at(-1));
    }
    const effect = layer_effects ? layer_effects[layer] : null;
    const text = effect === null ? "skip" : shortly(effect);
    buttons.push(
      effectButton(
        text,
        effect,
        layers.includes(layer),
        said("Layer " + layer + " as a whole", effect),
        () => toggleLayer(layer),
      ),
    );
    table.append(buttons.at(-1));
  }
  roving(buttons, n_head + 1, 0);
  return table;
}

// "Layer 0, head 2: “girl” would fall from 48 % to 0.06 %."
function important() {
  const { most_important, effects, log_probability, predicted } = props.value;
  const list = node("ol", "important");
  for (const [layer, head] of most_important) {
    const item = node("li");
    const button = node("button", "place", "Layer " + layer + ", head " + head);
    button.type = "button";
    button.title = "Switch it off or on";
    button.addEventListener("click", () => toggleHead(layer, head));
    const after = Math.exp(Math.min(0, log_probability + effects[layer][head]));
    const change =
      ": without it " + quoted(predicted) + " goes from " + shareText(Math.exp(log_probability));
    item.append(button, change + " to " + shareText(after) + ".");
    list.append(item);
  }
  return list;
}

function outcome(title, { rows, continuation }, widest, before) {
  const column = node("div", "outcome");
  column.append(node("h4", "", title));
  const table = node("table", "next-token");
  for (const row of rows) {
    const line = node("tr");
    const token = node("td", "token");
    token.append(node("code", "chip", row.label));
    const bars = node("td", "bars");
    bars.append(bar("reshaped", row.probability / widest));
    line.append(token, bars, node("td", "number", shareText(row.probability)));
    line.classList.toggle(
      "moved",
      Boolean(before) && !before.some((other) => other.token_id === row.token_id),
    );
    table.append(line);
  }
  const text = node("p", "text", props.value.text);
  text.append(node("mark", "", continuation));
  column.append(table, text);
  return column;
}

function summary() {
  const { heads, layers } = props.value;
  const parts = [
    ...layers.map((layer) => "layer " + layer),
    ...heads.map(([layer, head]) => "head " + layer + "·" + head),
  ];
  return parts.length ? "Without " + parts.join(", ") : "Nothing is switched off";
}

function act(text, title, work, disabled) {
  const button = node("button", "", text);
  button.type = "button";
  button.title = title;
  button.disabled = disabled;
  button.addEventListener("click", work);
  return button;
}

function draw() {
  const root = element.querySelector(".panel");
  const value = props.value;
  const place = [...root.querySelectorAll("button")].indexOf(document.activeElement);
  root.replaceChildren();
  if (!value || !value.untouched) return;
  const heading = node("div", "panel-heading");
  heading.append(node("h3", "", "What if a head were missing?"));
  heading.append(
    explained(
      "span",
      "hint",
      "By [ablation]: each square is a [head]; its number, in [nats|nat], is what its absence does to the predicted token. Click to switch it off.",
    ),
  );
  const left = node("div", "parts");
  const scroll = node("div", "scroll");
  scroll.append(grid());
  left.append(scroll);
  if (value.most_important.length)
    left.append(node("h4", "", "The heads that matter most for this prediction"), important());
  const right = node("div", "outcomes");
  const said = node("div", "panel-heading");
  said.setAttribute("aria-live", "polite");
  const tools = node("span", "tools");
  const nothingOff = !value.heads.length && !value.layers.length;
  tools.append(
    act("All on", "Nothing switched off", () => ask([], []), nothingOff),
    act(
      "Switch off the " + value.most_important.length,
      "The heads that matter most",
      () => ask(value.most_important, []),
      !value.most_important.length,
    ),
  );
  said.append(node("strong", "", summary()), tools);
  const widest = Math.max(
    ...[value.untouched, value.ablated].flatMap(({ rows }) => rows.map((row) => row.probability)),
  );
  const both = node("div", "both");
  both.append(
    outcome("As it is", value.untouched, widest),
    outcome("With that off", value.ablated, widest, value.untouched.rows),
  );
  right.append(said, both);
  const whole = node("div", "what-if");
  whole.append(left, right);
  root.append(heading, whole);
  if (place >= 0) root.querySelectorAll("button")[place]?.focus({ preventScroll: true });
}

onThemeChange(draw);
watch("value", draw);
draw();
