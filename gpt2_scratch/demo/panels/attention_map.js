// The pictures of attention.js: one map as a matrix, as arcs, as a file. They are drawn from its
// state and its helpers, which the two scripts share.

const ARCS = 120; // pixels that arcs may reach to the right
const GAP = 110; // between the two columns of the lines

// Sizes in pixels. The three pictures stand side by side where there is room, their rows level.
function layout() {
  const T = props.value.tokens.length;
  const longest = Math.max(...props.value.labels.map((text) => short(text).length));
  const room = element.querySelector(".detail").clientWidth || 800; // a hidden tab has no width
  const beside = room >= 560;
  const font = T > 40 ? 9 : 11;
  const margin = Math.ceil(10 + 0.62 * font * longest);
  const free = beside ? room - 4 * margin - ARCS - GAP - 50 : room - margin - 4;
  const cell = Math.max(beside ? 7 : 11, Math.min(30, Math.floor(free / T)));
  return { T, cell, margin, font: Math.min(font, cell + 1) };
}

function rowLabel(i, { cell, margin, font }) {
  const place = { x: margin - 6, y: margin + cell * (i + 0.5) + font / 3, "text-anchor": "end" };
  const attributes = { ...place, "font-size": font, class: "from", "data-i": i };
  return label(short(props.value.labels[i]), attributes);
}

function matrix() {
  const sizes = layout();
  const { T, cell, margin, font } = sizes;
  const side = margin + cell * T + 2;
  const svg = shape("svg", { viewBox: "0 0 " + side + " " + side, width: side, height: side });
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", element.querySelector(".head-title").textContent);
  const shares = shown(chosen());
  for (let i = 0; i < T; i++) {
    svg.append(rowLabel(i, sizes));
    const middle = margin + cell * (i + 0.5) + font / 3;
    const transform = "translate(" + middle + " " + (margin - 6) + ") rotate(-90)";
    const attributes = { transform, "font-size": font, class: "to", "data-j": i };
    svg.append(label(short(props.value.labels[i]), attributes));
    for (let j = 0; j <= i; j++) {
      const place = { x: margin + cell * j, y: margin + cell * i, "data-i": i, "data-j": j };
      const size = { width: cell - 1, height: cell - 1, rx: 1, class: "cell" };
      svg.append(shape("rect", { ...place, ...size, fill: css(colour(shares[at(i, j)])) }));
    }
  }
  const looks = { fill: "none", stroke: "currentColor", "stroke-width": 2, rx: 2 };
  svg.append(shape("rect", { class: "frame", visibility: "hidden", "pointer-events": "none", ...looks }));
  return listening(svg);
}

// Around the row or column that is read: to fade the others would change what their colours say.
function frame(rect, focus) {
  const { T, cell, margin } = layout();
  rect.setAttribute("visibility", focus ? "visible" : "hidden");
  if (!focus) return;
  const { axis, index } = focus;
  const [along, across] = [margin + cell * index - 1, cell + 1];
  const sizes =
    axis === "row"
      ? { x: margin - 1, y: along, width: cell * (index + 1) + 1, height: across }
      : { x: along, y: along, width: across, height: cell * (T - index) + 1 };
  for (const [name, size] of Object.entries(sizes)) rect.setAttribute(name, size);
}

function listening(svg) {
  svg.addEventListener("mouseover", (event) => point(placeOf(event.target)));
  svg.addEventListener("mouseleave", () => point(null));
  svg.addEventListener("click", (event) => lock(placeOf(event.target)));
  return svg;
}

function placeOf({ dataset }) {
  const { i, j } = dataset || {};
  if (i !== undefined)
    return { axis: "row", index: Number(i), other: j === undefined ? null : Number(j) };
  return j === undefined ? null : { axis: "column", index: Number(j), other: null };
}

function strokeOf(share) {
  return isDifference() ? css(signColour(share, isDark())) : isDark() ? "#818cf8" : "#6366f1";
}

// What arcs and lines have in common: a picture of this width, and the weights to draw in it, those
// of the focus or all that are not tiny. `draw` gives the shape of one: tag and attributes.
function strokes(name, width, focus, draw) {
  const sizes = layout();
  const { T, cell, margin } = sizes;
  const height = margin + cell * T + 2;
  const svg = shape("svg", { viewBox: "0 0 " + width + " " + height, width, height });
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "The same weights as " + name);
  const shares = shown(chosen());
  const least = focus ? 0.005 : 0.02;
  const y = (i) => margin + cell * (i + 0.5);
  for (let i = 0; i < T; i++) {
    for (let j = 0; j <= i; j++) {
      const share = shares[at(i, j)];
      if (Math.abs(share) < least) continue;
      if (focus && focus.index !== (focus.axis === "row" ? i : j)) continue;
      const strength = Math.sqrt(Math.abs(share));
      const [stroke, width] = [strokeOf(share), 0.6 + 3 * strength];
      const looks = { class: "arc", "data-i": i, "data-j": j, fill: "none", stroke };
      const [tag, place] = draw(y(i), y(j), i === j, strength);
      const ink = { "stroke-width": width, "stroke-opacity": strength };
      svg.append(shape(tag, { ...looks, ...ink, ...place }));
    }
    svg.append(rowLabel(i, sizes));
  }
  return listening(svg);
}

// The same rows again, as curves from the token that reads to the one that is read.
function arcs(focus) {
  const { margin } = layout();
  return strokes("arcs", margin + ARCS, focus, (from, to, isItself, strength) => {
    if (isItself) return ["circle", { cx: margin + 4, cy: from, r: 1 + 3 * strength }];
    const span = from - to;
    const reach = margin + 8 + (1.3 * ARCS * span) / (span + ARCS);
    return ["path", { d: "M" + [margin, from, "C", reach, from, reach, to, margin, to].join(" ") }];
  });
}

// And as lines between the text and the text, as the head view of BertViz.
function lines(focus) {
  const sizes = layout();
  const { T, margin } = sizes;
  const right = margin + GAP;
  const svg = strokes("lines between tokens", right + margin, focus, (from, to) => [
    "line",
    { x1: margin, y1: from, x2: right, y2: to },
  ]);
  for (let j = 0; j < T; j++) {
    const read = rowLabel(j, sizes);
    read.setAttribute("x", right + 6);
    read.setAttribute("text-anchor", "start");
    read.setAttribute("class", "to");
    read.dataset.j = j;
    delete read.dataset.i;
    svg.append(read);
  }
  return svg;
}

function scale() {
  const width = 210;
  const svg = shape("svg", { viewBox: "0 0 " + width + " 26", width, height: 26 });
  const ticks = isDifference() ? [-0.5, -0.1, 0, 0.1, 0.5] : [0, 0.01, 0.1, 0.5, 1];
  const root = (share) => Math.sign(share) * Math.sqrt(Math.abs(share));
  const [left, right] = [root(ticks[0]), root(ticks.at(-1))];
  const steps = 60;
  for (let k = 0; k < steps; k++) {
    const place = left + ((k + 0.5) / steps) * (right - left);
    const fill = css(colour(Math.sign(place) * place * place));
    svg.append(shape("rect", { x: 14 + 3 * k, y: 0, width: 3.2, height: 10, fill }));
  }
  for (const tick of ticks) {
    const x = 14 + (180 * (root(tick) - left)) / (right - left);
    const text = (tick < 0 ? "−" : "") + Math.abs(100 * tick);
    svg.append(label(text, { x, y: 23, "text-anchor": "middle", "font-size": 10 }));
  }
  svg.append(label("%", { x: width - 2, y: 9, "text-anchor": "end", "font-size": 10 }));
  return svg;
}

// --- taking it along ---------------------------------------------------------------------------

function fileName() {
  const what = state.rollout ? "rollout" : "layer" + state.layer + "-head" + state.head;
  const { models } = props.value;
  const whose = isDifference() ? models[1] + "-minus-" + models[0] : models[state.view];
  return "attention-" + whose + "-" + what;
}

// One picture of the map, the arcs and the scale, with a title, that needs no stylesheet.
function picture() {
  const parts = [".matrix svg", ".arcs svg"].map((name) =>
    element.querySelector(name).cloneNode(true),
  );
  const [width, height] = ["width", "height"].map((name) =>
    parts.map((part) => Number(part.getAttribute(name))),
  );
  const size = { width: width[0] + width[1] + 40, height: height[0] + 72 };
  const svg = shape("svg", { xmlns: SVG, ...size, color: isDark() ? "#f1f5f9" : "#0f172a" });
  svg.append(shape("rect", { ...size, fill: isDark() ? "#0f172a" : "#ffffff" }));
  const hidden = state.hideFirst ? ", first token hidden" : "";
  const [one, two] = props.value.models;
  const whose = isDifference() ? two + " minus " + one : props.value.models[state.view];
  const title = whose + ": " + element.querySelector(".head-title").textContent + hidden;
  svg.append(label(title, { x: 16, y: 22, "font-size": 13 }));
  parts.push(element.querySelector(".scale svg").cloneNode(true));
  const places = [
    [12, 34],
    [width[0] + 24, 34],
    [12, height[0] + 42],
  ];
  parts.forEach((part, k) => {
    part.setAttribute("x", places[k][0]);
    part.setAttribute("y", places[k][1]);
    svg.append(part);
  });
  return svg;
}

// All heads as /attention gives them, one object for each model.
function json() {
  const { models, tokens, token_ids, n_layer, n_head } = props.value;
  const range = (count) => [...Array(count).keys()];
  const size = at(tokens.length, 0);
  const square = (stored) =>
    tokens.map((_, i) =>
      tokens.map((_, j) => (j > i ? 0 : Math.round((1e4 * stored[at(i, j)]) / FULL) / 1e4)),
    );
  const objects = models.map((model, m) => ({
    ...{ model, tokens, token_ids, n_layer, n_head },
    layers: range(n_layer),
    heads: range(n_head),
    weights: range(n_layer).map((layer) =>
      range(n_head).map((head) => {
        const start = number(layer, head) * size;
        return square(maps[m].subarray(start, start + size));
      }),
    ),
  }));
  return JSON.stringify(objects.length === 1 ? objects[0] : objects);
}
