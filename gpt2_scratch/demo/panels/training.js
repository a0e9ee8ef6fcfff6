// How the models were trained. `props.value` is what training_view gives; {} before the first look.
// The chart helpers come first, then one function per section.

const state = { run: 0, against: "tokens" };
const SERIES = ["#6366f1", "#d55e00", "#0f9d74", "#cc79a7"]; // told apart by the colour-blind too

const TITLES = {
  loss: "loss on training text",
  response_loss: "response loss",
  bits_per_byte: "bits per byte",
  exact_match: "exact match",
  contains_match: "contains the answer",
  rouge_l: "ROUGE-L",
  sft: "short tasks",
  book: "the book's tasks",
  distinct_3: "different 3-grams",
  repeated_4: "repeated 4-grams",
  f1: "F1",
  roc_auc: "ROC AUC",
};
const words = (name) => name.replaceAll("_", " ");
const titleOf = (name) => TITLES[name] || words(name);
const isRate = (name) => !name.includes("loss") && !["bits_per_byte", "perplexity"].includes(name);

function compact(value) {
  if (value >= 1e6) return Number((value / 1e6).toFixed(2)) + "M";
  if (value >= 1e4) return Number((value / 1e3).toFixed(1)) + "k";
  return String(Number(value.toPrecision(4)));
}

// --- charts ------------------------------------------------------------------------------------

// Round numbers from low to high, about `count` of them.
function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((candidate) => candidate >= rough);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step)
    found.push(Number(tick.toPrecision(12)));
  return found;
}

// series: [{name, x, y, points: true for marks instead of a bare line}]
function lineChart(title, series, xTitle) {
  const figure = node("figure", "chart");
  const room = element.clientWidth || 1116;
  const width = room > 900 ? Math.floor((room - 28) / 2) : room; // two side by side
  const [left, right, top, bottom, height] = [46, 12, 10, 34, 240];
  const xs = series.flatMap((s) => s.x);
  const ys = series.flatMap((s) => s.y).filter(Number.isFinite);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const pad = (high - low) * 0.06 || 0.05;
  const [x0, x1, y0, y1] = [Math.min(0, ...xs), Math.max(...xs), low - pad, high + pad];
  const px = (x) => left + ((x - x0) / (x1 - x0 || 1)) * (width - left - right);
  const py = (y) => top + ((y1 - y) / (y1 - y0)) * (height - top - bottom);

  const svg = shape("svg", { viewBox: "0 0 " + width + " " + height, width, height, role: "img" });
  svg.setAttribute("aria-label", title);
  for (const tick of ticks(y0, y1, 5)) {
    const line = { x1: left, x2: width - right, y1: py(tick), y2: py(tick), class: "gridline" };
    svg.append(shape("line", line));
    svg.append(label(compact(tick), { x: left - 6, y: py(tick) + 4, "text-anchor": "end" }));
  }
  for (const tick of ticks(x0, x1, width < 420 ? 4 : 6))
    svg.append(label(compact(tick), { x: px(tick), y: height - 18, "text-anchor": "middle" }));
  svg.append(label(xTitle, { x: width - right, y: height - 4, "text-anchor": "end" }));
  series.forEach(({ x, y, points }, k) => {
    const path = x.map((value, i) => (i ? "L" : "M") + px(value) + " " + py(y[i])).join("");
    const looks = { fill: "none", stroke: SERIES[k], "stroke-width": points ? 2 : 1.5 };
    svg.append(shape("path", { d: path, class: "curve", ...looks }));
    if (points)
      x.forEach((value, i) =>
        svg.append(shape("circle", { cx: px(value), cy: py(y[i]), r: 3, fill: SERIES[k] })),
      );
  });
  const hair = shape("line", { y1: top, y2: height - bottom, class: "hair", visibility: "hidden" });
  svg.append(hair);

  const legend = node("div", "legends");
  const readings = series.map(({ name }, k) => {
    const item = node("span", "key");
    const swatch = node("span", "swatch");
    swatch.style.background = SERIES[k];
    const reading = node("strong");
    item.append(swatch, name + " ", reading);
    legend.append(item);
    return reading;
  });
  const place = node("span", "hint place");
  legend.append(place);
  const read = (x) => {
    series.forEach((s, k) => {
      let nearest = 0;
      s.x.forEach((value, i) => {
        if (Math.abs(value - x) < Math.abs(s.x[nearest] - x)) nearest = i;
      });
      readings[k].textContent = compact(s.y[nearest]);
    });
    place.textContent = "at " + compact(x) + " " + xTitle;
    hair.setAttribute("x1", px(x));
    hair.setAttribute("x2", px(x));
  };
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = x0 + (((event.clientX - box.left) / box.width) * width - left) / (width - left - right) * (x1 - x0);
    hair.setAttribute("visibility", "visible");
    read(Math.min(Math.max(x, x0), x1));
  });
  svg.addEventListener("pointerleave", () => {
    hair.setAttribute("visibility", "hidden");
    read(x1);
  });
  read(x1);
  figure.append(node("figcaption", "", title), legend, svg);
  return figure;
}

function confusion({ title, tn, fp, fn, tp, ...figures }) {
  const figure = node("figure", "confusion");
  figure.append(node("figcaption", "", titleOf(title)));
  const table = node("table");
  const head = node("tr");
  for (const text of ["", "called ham", "called spam"]) head.append(node("th", "", text));
  table.append(head);
  for (const [truth, counts, right] of [
    ["is ham", [tn, fp], 0],
    ["is spam", [fn, tp], 1],
  ]) {
    const row = node("tr");
    row.append(node("th", "", truth));
    const total = counts[0] + counts[1] || 1;
    counts.forEach((count, k) => {
      const cell = node("td", "", count.toLocaleString("en"));
      const background = sequential(count / total, isDark());
      cell.style.background = css(background);
      cell.style.color = inkOn(background);
      cell.title = shareText(count / total) + " of what " + truth + (k === right ? ", right" : ", wrong");
      row.append(cell);
    });
    table.append(row);
  }
  figure.append(table);
  const names = ["accuracy", "precision", "recall", "f1", "roc_auc", "ece", "threshold"];
  const list = node("p", "hint");
  list.textContent = names
    .filter((name) => name in figures)
    .map((name) => (name === "ece" ? "calibration error" : titleOf(name)) + " " + figures[name])
    .join(" · ");
  figure.append(list);
  return figure;
}

// Of the messages that get 80 %, are 80 % spam? Dots on the diagonal say so.
function reliability({ title, reliability: rows }) {
  const figure = node("figure", "reliability");
  figure.append(node("figcaption", "", titleOf(title) + ": reliability"));
  const [left, side, bottom] = [46, 190, 38];
  const [width, height] = [left + side + 12, side + bottom + 8];
  const svg = shape("svg", { viewBox: "0 0 " + width + " " + height, width, height, role: "img" });
  svg.setAttribute("aria-label", "given probability against the part that is spam");
  const px = (x) => left + side * x;
  const py = (y) => 6 + side * (1 - y);
  for (const tick of [0, 0.5, 1]) {
    svg.append(shape("line", { x1: px(0), x2: px(1), y1: py(tick), y2: py(tick), class: "gridline" }));
    svg.append(label(100 * tick + "%", { x: left - 12, y: py(tick) + 4, "text-anchor": "end" }));
    svg.append(label(100 * tick + "%", { x: px(tick), y: side + 26, "text-anchor": "middle" }));
  }
  svg.append(label("given probability", { x: px(1), y: height - 2, "text-anchor": "end" }));
  svg.append(shape("line", { x1: px(0), y1: py(0), x2: px(1), y2: py(1), class: "hair" }));
  const most = Math.max(...rows.map((row) => row.n));
  for (const { n, score, positive } of rows) {
    const r = 3 + 7 * Math.sqrt(n / most);
    const dot = { cx: px(score), cy: py(positive), r, fill: SERIES[0], "fill-opacity": 0.65 };
    const circle = shape("circle", dot);
    const text = n + " messages: given " + shareText(score) + ", spam " + shareText(positive);
    circle.append(shape("title", {}, text));
    svg.append(circle);
  }
  figure.append(svg);
  return figure;
}

// --- sections ----------------------------------------------------------------------------------

function section(title, hint, ...parts) {
  const whole = node("section");
  const heading = node("div", "panel-heading");
  heading.append(node("h3", "", title), node("span", "hint", hint));
  whole.append(heading, ...parts);
  return whole;
}

// columns: [title, row -> text or node, "number" for a figure]
function table(rows, columns, className = "") {
  const scroll = node("div", "scroll");
  const made = node("table", "figures " + className);
  const head = node("tr");
  for (const [title, , kind] of columns) {
    const cell = node("th", kind, title);
    cell.scope = "col";
    head.append(cell);
  }
  made.append(head);
  for (const row of rows) {
    const line = node("tr");
    for (const [, read, kind] of columns) {
      const cell = node("td", kind);
      cell.append(read(row) ?? "–");
      line.append(cell);
    }
    made.append(line);
  }
  scroll.append(made);
  return scroll;
}

const code = (text) => node("code", "", text);
const rate = (value) => (value === null || value === undefined ? "–" : shareText(value));

function choice(values, current, choose) {
  const group = node("span", "tools choice");
  for (const [value, text] of values) {
    const button = node("button", "", text);
    button.type = "button";
    button.setAttribute("aria-pressed", value === current);
    button.addEventListener("click", () => choose(value));
    group.append(button);
  }
  return group;
}

function charts() {
  const run = props.value.runs[state.run];
  const x = run.curves[state.against];
  const losses = [{ name: titleOf("loss"), x, y: run.curves.loss }];
  const others = {};
  for (const [name, figure] of Object.entries(run.held_out)) {
    const series = { x: figure[state.against], y: figure.values, points: true };
    if (name.includes("loss")) losses.push({ ...series, name: "held-out " + words(name) });
    else (others[isRate(name) ? "rates" : name] ||= []).push({ ...series, name: titleOf(name) });
  }
  const grid = node("div", "charts");
  grid.append(lineChart("Loss in nats", losses, state.against));
  for (const [name, series] of Object.entries(others))
    grid.append(lineChart("Held-out " + titleOf(name), series, state.against));
  const rates = [{ name: "part of the peak", x, y: run.curves.learning_rate }];
  grid.append(lineChart("Learning rate", rates, state.against));
  return grid;
}

function curves() {
  const { runs } = props.value;
  const controls = node("div", "panel-heading");
  const redraw = (change) => (value) => {
    state[change] = value;
    draw();
  };
  const names = runs.map((run, k) => [k, run.name]);
  controls.append(choice(names, state.run, redraw("run")));
  const axes = [
    ["tokens", "tokens read"],
    ["minutes", "minutes"],
  ];
  controls.append(choice(axes, state.against, redraw("against")));
  const hint = "from weights/*.log.jsonl; point at a curve to read it";
  return section("Training runs", hint, controls, charts());
}

function heldOut() {
  const columns = [
    ["text", (row) => titleOf(row.title)],
    ["bits per byte", (row) => row.bits_per_byte.toFixed(3), "number"],
    ["perplexity", (row) => row.perplexity.toFixed(1), "number"],
    ["tokens", (row) => row.tokens.toLocaleString("en"), "number"],
  ];
  const hint = "how well base foresees text that it has never read; lower is better";
  return section("Held-out text", hint, table(props.value.base, columns));
}

function diversity() {
  const { temperatures: x, model, authors } = props.value.diversity;
  const ours = Object.entries(model).map(([name, y]) => ({ name: titleOf(name), x, y, points: true }));
  const theirs = Object.entries(authors).map(([name, value]) => ({
    name: "the authors' " + titleOf(name),
    x,
    y: x.map(() => value),
  }));
  const hint = "continuations of held-out stories: cold text repeats itself, hot text rambles";
  const grid = node("div", "charts");
  grid.append(lineChart("Part of all n-grams of 200 tokens", [...ours, ...theirs], "temperature"));
  return section("Temperature and diversity", hint, grid);
}

function spam() {
  const row = node("div", "charts");
  for (const part of props.value.confusion) {
    const both = node("div", "charts");
    both.append(confusion(part));
    if (part.reliability) both.append(reliability(part));
    row.append(both);
  }
  return section("Spam filter on test messages", "rows: what they are; columns: the verdict", row);
}

function answers() {
  const { answers, kinds, samples } = props.value;
  const parts = [];
  const figure = (name, value) =>
    value === null || value === undefined ? "–" : isRate(name) ? rate(value) : value.toFixed(3);
  const rows = answers.flatMap(({ title, n, figures }) => figures.map((f) => ({ title, n, ...f })));
  const columns = [
    ["instructions", (row) => titleOf(row.title)],
    ["of them", (row) => String(row.n ?? "–"), "number"],
    ["figure", (row) => titleOf(row.name)],
    ["base", (row) => figure(row.name, row.before), "number"],
    ["chat", (row) => figure(row.name, row.after), "number"],
  ];
  if (rows.length) parts.push(table(rows, columns));
  if (kinds.length) {
    const fold = node("details");
    fold.append(node("summary", "", "Exact answers by kind of task"));
    const byKind = [
      ["kind", (row) => words(row.kind)],
      ["instructions", (row) => titleOf(row.set)],
      ["of them", (row) => String(row.n ?? "–"), "number"],
      ["base", (row) => rate(row.before), "number"],
      ["chat", (row) => rate(row.after), "number"],
    ];
    fold.append(table(kinds, byKind));
    parts.push(fold);
  }
  if (samples.length) {
    const fold = node("details");
    fold.open = true;
    fold.append(node("summary", "", "The same prompts early in training and at its end"));
    const bySample = [
      ["run", (row) => row.run],
      ["early", (row) => sample(row, 0)],
      ["at the end", (row) => sample(row, 1)],
    ];
    fold.append(table(samples, bySample, "samples"));
    parts.push(fold);
  }
  const hint = "base and chat on the same held-out instructions; – is not measured";
  return section("Before and after", hint, ...parts);
}

function sample({ steps, texts }, k) {
  const cell = node("span");
  cell.append(node("small", "hint", "step " + steps[k]), node("span", "text", texts[k]));
  return cell;
}

function data() {
  const columns = [
    ["data", (row) => row.data],
    ["licence", (row) => row.licence],
    ["whom to thank", (row) => row.attribution],
  ];
  return section("What they have read", "", table(props.value.data, columns, "data"));
}

function commands() {
  const list = node("div", "commands");
  for (const run of props.value.runs) {
    if (!run.commands.length) continue;
    list.append(node("h4", "", run.name));
    for (const command of run.commands) list.append(node("pre", "", command));
  }
  const columns = [
    ["file", (row) => row.name + ".safetensors"],
    ["parameters", (row) => row.parameters?.toLocaleString("en"), "number"],
    ["MB", (row) => row.bytes && (row.bytes / 1e6).toFixed(1), "number"],
    ["sha256", (row) => row.sha256 && code(row.sha256.slice(0, 16) + "…")],
  ];
  const parts = [list];
  if (props.value.models.length) parts.push(table(props.value.models, columns));
  return section("The commands", "which made the weights, word for word", ...parts);
}

// --- the panel ---------------------------------------------------------------------------------

function draw() {
  const root = element.querySelector(".panel");
  root.replaceChildren();
  const value = props.value;
  if (!value || !value.runs) return;
  if (!value.runs.length) {
    root.append(node("p", "hint", "There are no logs beside these weights."));
    return;
  }
  state.run = Math.min(state.run, value.runs.length - 1);
  root.append(curves());
  if (value.base.length) root.append(heldOut());
  if (value.diversity.temperatures) root.append(diversity());
  if (value.confusion.length) root.append(spam());
  if (value.answers.length || value.samples.length) root.append(answers());
  if (value.data.length) root.append(data());
  root.append(commands());
}

onThemeChange(draw);
watch("value", draw);
draw();
