// From logits to the draw, in the order of sampling.py: temperature, top-k, top-p, softmax, one
// random number. All of it happens here, so that a slider moves it at once.

const GREEDY_BELOW = 1e-6; // as in sampling.py: below it a temperature is argmax
const ROWS = 12; // shown at first
const counts = new Map(); // token id -> how often it was drawn
let drawn = null; // {id, dart} of the last draw
let allRows = false;
const FALL = [
  { transform: "translateY(-70px) rotate(-200deg)", opacity: 0 },
  { transform: "none", opacity: 1 },
];

function softmax(numbers) {
  const most = Math.max(...numbers);
  const raised = numbers.map((number) => Math.exp(number - most));
  const total = raised.reduce((sum, part) => sum + part, 0);
  return raised.map((part) => part / total);
}

// One row per token shown, the likeliest first:
//   model   its probability as the model gives it, among the whole vocabulary
//   scaled  its logit divided by the temperature
//   sum     its share and those of all before it, among what top-k has left; NaN beyond
//   share   its probability with the settings; 0 where `cut` says which of them cut it off
function chances(next, { temperature, topK, topP }) {
  const most = next.logits[0];
  const others = next.rest === null ? 0 : Math.exp(next.rest - most);
  const whole = others + next.logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
  const greedy = temperature < GREEDY_BELOW;
  const rows = next.logits.map((logit, i) => ({
    id: next.ids[i],
    label: next.labels[i],
    logit,
    model: Math.exp(logit - most) / whole,
    scaled: greedy ? (i ? -Infinity : 0) : logit / temperature,
    sum: NaN,
    share: 0,
    cut: "",
  }));
  const limit = topK > 0 && topK < rows.length ? rows[topK - 1].logit : -Infinity; // of a tie all stay
  const kept = rows.filter((row) => row.logit >= limit);
  const shares = softmax(kept.map((row) => row.scaled));
  // the likeliest enter one by one until their mass reaches p; the first always does
  let mass = 0;
  const inside = kept.filter((row, i) => {
    const enters = i === 0 || topP >= 1 || mass < topP;
    mass += shares[i];
    row.sum = mass;
    return enters;
  });
  softmax(inside.map((row) => row.scaled)).forEach((share, i) => (inside[i].share = share));
  for (const row of rows)
    row.cut = row.share > 0 || inside.includes(row) ? "" : kept.includes(row) ? "top-p" : "top-k";
  return rows;
}

// Lay the shares end to end on a line and throw a dart.
function throwDart(rows, dart) {
  let end = 0;
  for (const row of rows) {
    end += row.share;
    if (dart < end) return row;
  }
  return rows[0]; // rounding may let the line end just before 1
}

// --- drawing -------------------------------------------------------------------------------------

function softmaxPanel(name) {
  const whole = node("div", "softmax at-" + name);
  const table = node("div", "chain");
  const line = node("div", "dart-line");
  const show = () => {
    const rows = chances(props.value.next[state.position], state);
    table.replaceChildren(...chain(rows, name));
    line.replaceChildren(...dartLine(rows, show));
    refreshThumbnail();
  };
  if (name !== "logits") whole.append(sliders(show));
  if (name === "draw") whole.append(line, table);
  else whole.append(table, line);
  show();
  return whole;
}

// The picture follows the sliders too.
function refreshThumbnail() {
  element.querySelector(".thumb.sampling").replaceChildren(...sketch("sampling"));
}

function sliders(show) {
  const group = node("div", "sliders");
  for (const [name, title, low, high, step] of [
    ["temperature", "temperature", 0, 2, 0.05],
    ["topK", "top-k", 1, 50, 1],
    ["topP", "top-p", 0.05, 1, 0.05],
  ]) {
    const label = node("div", "slider");
    const input = node("input");
    Object.assign(input, { type: "range", min: low, max: high, step, value: state[name] });
    input.setAttribute("aria-label", title);
    input.className = name;
    const number = node("output", "", state[name]);
    input.addEventListener("input", () => {
      state[name] = Number(input.value);
      number.textContent = state[name];
      counts.clear();
      drawn = null;
      show();
    });
    label.append(term(title), input, number);
    group.append(label);
  }
  return group;
}

// Bars of logits show the distance from the best one: ten units are the whole width.
const nearness = (value, best) => Math.max(0.01, 1 + (value - best) / 10);

// Logits: the raw scores. After that: each step of the settings in a column of its own.
function chain(rows, name) {
  const raw = name === "logits";
  const table = node("table", "next-token chain-table");
  const head = node("tr");
  const titles = raw
    ? [["token"], ["logit"], [""], ["probability"], [""]]
    : [
        ["token"],
        ["logit", "logit"],
        ["÷ temperature"],
        ["", "near"],
        ["sum", "sum"],
        ["probability"],
        [""],
        ["drawn"],
      ];
  for (const [title, className] of titles) {
    const cell = node("th", className, title);
    cell.scope = "col";
    head.append(cell);
  }
  table.append(head);
  const widest = Math.max(...rows.map((row) => Math.max(row.model, raw ? 0 : row.share)));
  for (const row of allRows ? rows : rows.slice(0, ROWS))
    table.append(raw ? logitRow(row, rows[0], widest) : settingsRow(row, rows[0], widest));
  const rest = node(
    "p",
    "hint",
    raw ? othersText(rows) : "Bars: grey the model's own, indigo with the settings. ",
  );
  const text = allRows ? "Show fewer" : "Show " + rows.length;
  rest.append(
    toolButton(
      text,
      "How many tokens the table has",
      () => {
        allRows = !allRows;
        showOpen();
      },
      "link",
    ),
  );
  return [table, rest];
}

function cells(line, row, contents) {
  line.dataset.id = row.id;
  const chip = node("code", "chip", row.label);
  chip.title = "id " + row.id;
  for (const [className, content] of [["token", chip], ...contents]) {
    const cell = node("td", className);
    cell.append(...[content].flat());
    line.append(cell);
  }
  return line;
}

function logitRow(row, best, widest) {
  return cells(node("tr"), row, [
    ["number", signed(row.logit)],
    ["bars", bar("raw", nearness(row.logit, best.logit))],
    ["number", shareText(row.model)],
    ["bars", bar("raw", row.model / widest)],
  ]);
}

function settingsRow(row, best, widest) {
  const line = node("tr", row.cut ? "ruled-out" : "");
  line.classList.toggle("hit", Boolean(drawn) && drawn.id === row.id);
  cells(line, row, [
    ["number logit", signed(row.logit)],
    ["number", Number.isFinite(row.scaled) ? signed(row.scaled) : "−∞"],
    ["bars near", bar("raw", nearness(row.scaled, best.scaled))],
    ["number sum", Number.isNaN(row.sum) ? "" : (100 * row.sum).toFixed(0) + " %"],
    ["number share", row.cut ? "cut by " + row.cut : shareText(row.share)],
    ["bars", [bar("raw", row.model / widest), bar("reshaped", row.share / widest)]],
    ["number drawn", String(counts.get(row.id) || "")],
  ]);
  line.querySelector(".share").dataset.share = row.share;
  return line;
}

function othersText(rows) {
  const { others } = props.value.next[state.position];
  const mass = rows.reduce((sum, row) => sum + row.model, 0);
  return `The other ${others.toLocaleString("en")} tokens of the vocabulary have ${shareText(Math.max(0, 1 - mass))} together. `;
}

function dartLine(rows, show) {
  const line = node("div", "line");
  line.setAttribute("aria-hidden", "true"); // the table says the same
  rows
    .filter((row) => row.share > 0)
    .forEach((row, k) => {
      const piece = node("span", "piece", row.share > 0.05 ? row.label : "");
      piece.style.flexGrow = row.share;
      piece.style.setProperty("--shade", 48 - 9 * (k % 5) + "%");
      piece.classList.toggle("hit", Boolean(drawn) && drawn.id === row.id);
      piece.title = row.label + " " + shareText(row.share);
      line.append(piece);
    });
  const dart = node("span", "dart");
  dart.append(node("span", "die", "⚄"), node("span", "", "▼"));
  dart.style.left = 100 * (drawn ? drawn.dart : 0.5) + "%";
  dart.classList.toggle("thrown", Boolean(drawn));
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (drawn && drawn.fresh && !still && dart.animate)
    dart.animate(FALL, { duration: 450, easing: "ease-in" });
  const board = node("div", "board");
  board.append(dart, line);
  const once = (times) => {
    for (let k = 0; k < times; k++) {
      const dart = Math.random();
      const row = throwDart(rows, dart);
      counts.set(row.id, (counts.get(row.id) || 0) + 1);
      drawn = { id: row.id, label: row.label, dart, fresh: true };
    }
    show();
    drawn.fresh = false;
    element.querySelector(times === 1 ? ".throw" : ".throw-many").focus();
  };
  const bar = node("div", "throws");
  bar.append(
    toolButton("Draw", "Throw the dart once", () => once(1), "throw primary"),
    toolButton("Draw 100", "Throw it a hundred times and count", () => once(100), "throw-many"),
  );
  const said = node("span", "outcome");
  said.setAttribute("aria-live", "polite");
  if (drawn) {
    said.append(
      "The dart fell at " + drawn.dart.toFixed(3) + ": ",
      node("code", "chip", drawn.label),
    );
    bar.append(said);
    if (state.position === props.value.tokens.length - 1)
      bar.append(
        toolButton(
          "Append it and go on",
          "The text grows by this token, and is read again",
          () => trigger("submit", { token_id: drawn.id }),
          "append",
        ),
      );
  } else {
    said.append("A random number from 0 to 1 chooses the token.");
    bar.append(said);
  }
  return [board, bar];
}
