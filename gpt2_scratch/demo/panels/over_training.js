// What the model said at moments of its training. `props.value` is {moments: [...]} of
// over_training_view.py; {} where no file tells.

let moment = null;
let shownSamples = 0; // which prompt's samples and which table

const tokensText = (count) =>
  count >= 1e6
    ? (count / 1e6).toFixed(count < 1e7 ? 1 : 0) + "M"
    : count >= 1e3
      ? Math.round(count / 1e3) + "k"
      : String(count);
const NAMES = { bits_per_byte: "bits per byte", loss: "loss" };

// The held-out figure over the logarithm of the tokens read, with the moment on it.
function curve() {
  const { moments } = props.value;
  const figure = ["bits_per_byte", "loss"].find((name) =>
    moments.every((m) => m.figures[name] > 0),
  );
  if (!figure) return [];
  const [width, height, left, bottom] = [360, 120, 34, 20];
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, class: "curve", role: "img" });
  svg.setAttribute("aria-label", NAMES[figure] + " of held-out text over the tokens read");
  const xs = moments.map((m) => Math.log10(Math.max(m.tokens, 10000)));
  const ys = moments.map((m) => m.figures[figure]);
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const at = (i) => [
    left + ((xs[i] - x0) / (x1 - x0 || 1)) * (width - left - 10),
    10 + ((y1 - ys[i]) / (y1 - y0 || 1)) * (height - bottom - 20),
  ];
  const points = moments.map((_, i) => at(i).join(",")).join(" ");
  svg.append(
    shape("polyline", { points, fill: "none", stroke: "currentColor", "stroke-width": 1.5 }),
  );
  moments.forEach((m, i) => {
    const [cx, cy] = at(i);
    const looks = i === moment ? { r: 6, fill: "#6366f1" } : { r: 3, fill: "currentColor" };
    svg.append(shape("circle", { cx, cy, ...looks }));
  });
  svg.append(
    label(y1.toFixed(2), { x: 0, y: 14 }),
    label(y0.toFixed(2), { x: 0, y: height - bottom - 4 }),
  );
  svg.append(label(tokensText(moments[0].tokens), { x: left, y: height - 4 }));
  svg.append(
    label(tokensText(moments.at(-1).tokens) + " tokens", {
      x: width - 2,
      y: height - 4,
      "text-anchor": "end",
    }),
  );
  return [svg];
}

function figures(now) {
  const line = node("p", "figures-now");
  line.append(node("strong", "", tokensText(now.tokens) + " tokens"), " read");
  const { bits_per_byte: bits, loss } = now.figures;
  if (bits) line.append("; ", term("bits per byte"), " " + bits.toFixed(3));
  if (loss) line.append("; ", term("perplexity"), " " + Math.exp(loss).toFixed(0));
  return line;
}

function show() {
  const now = props.value.moments[moment];
  const root = element.querySelector(".moment");
  const samples = node("div", "samples");
  for (const { prompt, text } of now.samples) {
    const paragraph = node("p", "text");
    paragraph.append(node("span", "prompt", prompt), text);
    samples.append(paragraph);
  }
  const tables = node("div", "tables");
  for (const { prompt, rows } of now.tables) {
    const table = node("table", "next-token");
    table.append(node("caption", "", prompt + " …"));
    for (const [token, share] of rows.slice(0, 6)) {
      const line = node("tr");
      const cell = node("td", "token");
      cell.append(node("code", "chip", token));
      const bars = node("td", "bars");
      bars.append(bar("reshaped", share));
      line.append(cell, bars, node("td", "number", shareText(share)));
      table.append(line);
    }
    tables.append(table);
  }
  const top = node("div", "top");
  top.append(figures(now), ...curve());
  root.replaceChildren(top, tables, samples);
}

function draw() {
  const root = element.querySelector(".panel");
  root.replaceChildren();
  const { moments } = props.value || {};
  const heading = node("div", "panel-heading");
  heading.append(node("h3", "", "Over training"));
  root.append(heading);
  if (!moments) {
    root.append(
      node(
        "p",
        "hint",
        "Nothing was kept of these weights' training: there is no base.snapshots.json and no training log beside them.",
      ),
    );
    return;
  }
  heading.append(
    node("span", "hint", "the same prompts at moments of the base model's training, never picked"),
  );
  moment = Math.min(moment ?? moments.length - 1, moments.length - 1);
  const slider = node("input");
  Object.assign(slider, { type: "range", min: 0, max: moments.length - 1, step: 1, value: moment });
  slider.setAttribute("aria-label", "Moment of the training");
  const spoken = () =>
    slider.setAttribute("aria-valuetext", tokensText(moments[moment].tokens) + " tokens read");
  spoken();
  slider.addEventListener("input", () => {
    moment = Number(slider.value);
    spoken();
    show();
  });
  const line = node("div", "time");
  line.append(node("span", "hint", "start"), slider, node("span", "hint", "end"));
  root.append(line, node("div", "moment"));
  show();
}

watch("value", draw);
draw();
