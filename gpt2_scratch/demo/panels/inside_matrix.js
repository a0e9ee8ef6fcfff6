// The open stage of inside.js as a heat map: a row for each token, the value under the pointer or the
// arrow keys in words, with the numbers that it was computed from.

const NUMBERS_FROM = 34; // pixels of a cell that a number fits into

// What a number in the matrix of a stage is, as a sentence with the numbers before it.
const READINGS = {
  token_embeddings: (i, j, value) =>
    `Number ${j} of the row of ${quoted(tokenLabel(i))} in wte: ${value}.`,
  position_embeddings: (i, j, value) =>
    `Number ${j} of row ${i} of wpe, for the place of ${quoted(tokenLabel(i))}: ${value}.`,
  stream: (i, j, value) =>
    props.value.layer === 0
      ? sum(i, j, "token_embeddings", "position_embeddings", value, "token", "position")
      : `${quoted(tokenLabel(i))}, number ${j} of the stream as layer ${props.value.layer - 1} has left it: ${value}.`,
  scores: (i, j, value) =>
    `${quoted(tokenLabel(i))} asks, ${quoted(tokenLabel(j))} offers: q · k / √${headSize()} = ${value}` +
    (j > i ? ", which the mask will hide." : "."),
  masked: (i, j, value) =>
    j > i
      ? `${quoted(tokenLabel(j))} comes after ${quoted(tokenLabel(i))}: −∞.`
      : `${quoted(tokenLabel(i))} may look at ${quoted(tokenLabel(j))}: ${value} stays.`,
  weights: (i, j) => {
    if (j > i) return `${quoted(tokenLabel(i))} cannot see ${quoted(tokenLabel(j))}: exp(−∞) = 0.`;
    const scores = matrixOf("scores");
    const raised = Math.exp(scores.at(i, j));
    let total = 0;
    for (let k = 0; k <= i; k++) total += Math.exp(scores.at(i, k));
    const share = shareText(matrixOf("weights").at(i, j));
    return (
      `${quoted(tokenLabel(i))} gives ${share} of its attention to ${quoted(tokenLabel(j))}: ` +
      `exp(${signed(scores.at(i, j))}) / Σ = ${compact(raised)} / ${compact(total)}.`
    );
  },
  heads: (i, j, value) => {
    const [weights, values] = [matrixOf("weights"), matrixOf("values")];
    const parts = [...Array(i + 1).keys()]
      .sort((a, b) => weights.at(i, b) - weights.at(i, a))
      .slice(0, 3)
      .map((k) => `${weights.at(i, k).toFixed(2)} · ${signed(values.at(k, j))}`);
    return `${quoted(tokenLabel(i))}, number ${j}: ${parts.join(" + ")}${i > 2 ? " + …" : ""} = ${value}.`;
  },
  after_attention: (i, j, value) => sum(i, j, "stream", "projection", value, "stream", "attention"),
  after_mlp: (i, j, value) => sum(i, j, "after_attention", "mlp", value, "stream", "MLP"),
};

function sum(i, j, one, other, value, oneName, otherName) {
  const [a, b] = [matrixOf(one).at(i, j), matrixOf(other).at(i, j)];
  return `${quoted(tokenLabel(i))}, number ${j}: ${oneName} ${signed(a, 3)} + ${otherName} ${signed(b, 3)} = ${value}.`;
}

const compact = (number) =>
  number >= 1e4 ? Math.round(number).toLocaleString("en") : String(Number(number.toPrecision(3)));
const headSize = () => matrixOf("queries").columns;

function reading(stage, i, j) {
  const value = signed(matrixOf(stage.key).at(i, j), 3);
  const plain = () => `${quoted(tokenLabel(i))}, number ${j}: ${value}.`;
  return (READINGS[stage.key] || plain)(i, j, value);
}

// The heading gets the shape; what comes back are the readout, the map and its scale.
function matrixPanel(stage, heading) {
  const matrix = matrixOf(stage.key);
  const { rows, columns, ofTokens } = matrix;
  const across = ofTokens ? "tokens" : "numbers";
  heading.append(node("span", "hint", rows + " tokens × " + columns + " " + across));
  const readout = node("p", "readout");
  readout.setAttribute("aria-live", "polite");
  const map = heatMap(stage, matrix, (i, j) => (readout.textContent = reading(stage, i, j)));
  return [readout, map, scaleLine(stage.key, matrix.largest)];
}

function heatMap(stage, matrix, read) {
  const { rows, columns, at, largest, ofTokens } = matrix;
  const holder = node("div", "heat");
  const labels = node("div", "rows");
  const room = Math.max(
    160,
    Math.min(700, (element.clientWidth || 1100) * (isNarrow() ? 1 : 0.6)) - 110,
  );
  const cell = ofTokens
    ? Math.max(14, Math.min(46, Math.floor(room / columns)))
    : Math.max(14, Math.min(26, Math.floor(300 / rows)));
  const width = ofTokens ? cell * columns : room;
  const canvas = node("canvas");
  const sharp = window.devicePixelRatio || 1;
  canvas.width = width * sharp;
  canvas.height = cell * rows * sharp;
  canvas.style.width = width + "px";
  canvas.style.height = cell * rows + "px";
  const pen = canvas.getContext("2d");
  pen.scale(sharp, sharp);
  pen.font = "11px ui-monospace, monospace";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const w = width / columns;
  const gap = w > 6 ? 1 : 0;
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      const value = at(i, j);
      const colour = colourOf(stage.key, value, largest);
      pen.fillStyle = css(colour);
      pen.fillRect(j * w, i * cell, w - gap + (gap ? 0 : 0.5), cell - 1);
      if (w < NUMBERS_FROM || Number.isNaN(value)) continue;
      pen.fillStyle = inkOn(colour);
      const text = value === -Infinity ? "−∞" : signed(value);
      pen.fillText(text, (j + 0.5) * w, (i + 0.5) * cell);
    }
  for (let i = 0; i < rows; i++) {
    const label = node("span", i === state.position ? "chosen" : "", tokenLabel(i));
    label.style.height = label.style.lineHeight = cell + "px";
    labels.append(label);
  }
  const frame = node("div", "frame");
  const cursor = node("span", "cursor");
  const row = node("span", "mark");
  row.style.top = state.position * cell + "px";
  row.style.height = cell - 1 + "px";
  frame.tabIndex = 0;
  frame.setAttribute("role", "img");
  frame.setAttribute(
    "aria-label",
    stage.title + ": a heat map; arrow keys move from value to value",
  );
  frame.append(canvas, row, cursor);
  const middle = strongest(matrix, state.position);
  let [i, j] = [state.position, middle];
  const point = (to, across) => {
    [i, j] = [Math.max(0, Math.min(to, rows - 1)), Math.max(0, Math.min(across, columns - 1))];
    const wide = Math.max(w, 3);
    cursor.style.cssText = `left:${j * w}px; top:${i * cell}px; width:${wide}px; height:${cell - 1}px`;
    read(i, j);
  };
  frame.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    point(Math.floor((event.clientY - box.top) / cell), Math.floor((event.clientX - box.left) / w));
  });
  frame.addEventListener("pointerleave", () => point(state.position, middle));
  frame.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    if (!(event.key in steps)) return;
    event.preventDefault();
    point(i + steps[event.key][0], j + steps[event.key][1]);
  });
  point(i, j);
  const right = node("div", "scroll");
  if (ofTokens) right.append(columnLabels(w));
  right.append(frame);
  if (ofTokens) labels.style.paddingTop = "64px";
  holder.append(labels, right);
  return holder;
}

function columnLabels(w) {
  const top = node("div", "columns");
  props.value.tokens.forEach((token) => {
    const label = node("span", "", token.label);
    label.style.width = label.style.lineHeight = w + "px";
    top.append(label);
  });
  return top;
}

// Where the row of a token is strongest; of tokens, among those that it may look at.
function strongest({ at, columns, ofTokens }, i) {
  const strength = (j) => (ofTokens ? at(i, j) : Math.abs(at(i, j)));
  let best = 0;
  for (let j = 1; j < (ofTokens ? i + 1 : columns); j++) if (strength(j) > strength(best)) best = j;
  return best;
}

// The same stage in every head of the layer, to choose from.
function headGallery(stage) {
  const whole = node("div", "gallery");
  const row = node("div", "pictures");
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", "The same in every head");
  const buttons = [...Array(props.value.n_head).keys()].map((head) => {
    const button = toolButton("", "Head " + head, () => chooseHead(head), "picture");
    button.setAttribute("aria-label", "Head " + head);
    button.setAttribute("aria-pressed", head === state.head);
    button.append(small(stage, matrixOf(stage.key, head)), node("span", "", head));
    return button;
  });
  roving(buttons, 1, state.head);
  row.append(...buttons);
  whole.append(node("h4", "", "The same in every head of layer " + props.value.layer), row);
  return whole;
}

function small(stage, { rows, columns, at, largest }) {
  const canvas = node("canvas");
  canvas.width = columns;
  canvas.height = rows;
  const image = new ImageData(columns, rows);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      const colour = colourOf(stage.key, at(i, j), largest);
      image.data.set([...colour, 255], 4 * (i * columns + j));
    }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function scaleLine(name, largest) {
  const line = node("div", "scale-line hint");
  const strip = node("span", "strip");
  const stops = [];
  const isShare = name === "weights";
  for (let k = 0; k <= 16; k++)
    stops.push(css(colourOf(name, isShare ? k / 16 : (largest * (k - 8)) / 8, largest)));
  strip.style.background = "linear-gradient(to right, " + stops.join(",") + ")";
  const ends = isShare ? ["0 %", "100 %"] : [signed(-largest, 1), signed(largest, 1)];
  line.append(
    ends[0],
    strip,
    ends[1],
    node("span", "", isShare ? "of a token's attention" : "blue below 0, orange above"),
  );
  return line;
}

function tokenTable() {
  const table = node("table", "figures token-table");
  const head = node("tr");
  for (const title of ["place", "token", "id", "bytes"]) head.append(node("th", "", title));
  table.append(head);
  props.value.tokens.forEach((token, i) => {
    const row = node("tr", i === state.position ? "chosen" : "");
    const cell = node("td");
    cell.append(node("code", "chip", token.label));
    row.append(
      node("td", "number", i),
      cell,
      node("td", "number", token.id),
      node("td", "bytes", token.bytes),
    );
    table.append(row);
  });
  const scroll = node("div", "scroll");
  scroll.append(table);
  return scroll;
}

// What the most active neurons of the chosen token speak for.
function neuronList() {
  const whole = node("div", "neurons");
  const rows = props.value.neurons[state.position];
  const most = Math.max(rows[0].activation, 1e-9);
  whole.append(
    node(
      "h4",
      "",
      "Most active at " + quoted(tokenLabel(state.position)) + ", and the tokens they speak for",
    ),
  );
  for (const { index, activation, tokens } of rows) {
    const line = node("div", "neuron");
    const words = node("span", "words");
    for (const token of tokens) words.append(node("code", "chip", token));
    line.append(
      node("span", "hint", "neuron " + index),
      bar("reshaped", Math.max(0, activation / most)),
      node("span", "number", signed(activation)),
      words,
    );
    whole.append(line);
  }
  return whole;
}
