// The picture of inside.js: the layers from the first to the last, and the stages of the chosen one
// in four zones. The stream runs along the top of each zone; what reads it hangs below.

const ZONES = [
  ["embedding", () => "Embedding"],
  ["attention", () => layerName() + ", attention: head " + state.head],
  ["mlp", () => layerName() + ", MLP"],
  ["output", () => "Output"],
];
// Stages that stand above each other: they are computed from the same input.
const STACKS = [
  ["token_embeddings", "position_embeddings"],
  ["queries", "keys", "values"],
];
const ON_STREAM = ["stream", "after_attention", "after_mlp"]; // they are the stream
const BINS = 40; // columns of a thumbnail

// Depth by depth what the model would say if it stopped there, and how much each layer adds.
function rail() {
  const { depths, layer, n_layer } = props.value;
  const row = node("div", "rail");
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", "Layers: choose the one to look into");
  const most = Math.max(
    ...depths
      .slice(1)
      .flatMap((depth) => [depth.attention, depth.mlp].map((d) => d[state.position])),
  );
  const buttons = [];
  depths.forEach((depth, i) => {
    const button = node("button", "depth");
    button.type = "button";
    const name = i === 0 ? "Embedding" : "Layer " + (i - 1);
    const guess = depth.guesses[state.position];
    const share = shareText(depth.shares[state.position]);
    button.append(node("span", "name", name));
    if (i > 0) {
      const bars = node("span", "added");
      bars.append(bar("raw", depth.attention[state.position] / most));
      bars.append(bar("reshaped", depth.mlp[state.position] / most));
      button.append(bars);
      button.setAttribute("aria-pressed", i - 1 === layer);
      button.title =
        "adds vectors of length " +
        depth.attention[state.position] +
        " (attention) and " +
        depth.mlp[state.position] +
        " (MLP)";
      button.addEventListener("click", () => chooseLayer(i - 1));
    } else {
      button.title = "Before any layer";
      button.addEventListener("click", () => open(0));
    }
    const said = node("span", "guess", guess);
    said.title = "what it would say next here";
    button.append(said, node("span", "share", share));
    buttons.push(button);
  });
  roving(buttons, n_layer + 1, layer + 1);
  row.append(...buttons);
  const legend = explained(
    "p",
    "hint legend-line",
    "What the [residual stream] would say next after each layer, and how much attention ",
  );
  legend.append(
    node("i", "key raw"),
    " and MLP ",
    node("i", "key reshaped"),
    " add. Choose a layer to look into.",
  );
  const whole = node("div", "depths");
  whole.append(legend, row);
  return whole;
}

function picture() {
  const zones = node("div", "zones");
  for (const [name, title] of ZONES) {
    const zone = node("section", "zone " + name);
    const heading = node("div", "zone-title");
    heading.append(node("h4", "", title()));
    if (name === "attention") heading.append(headRow());
    const flow = node("div", "flow");
    const stages = props.value.stages.filter((stage) => stage.zone === name);
    while (stages.length) {
      const stack = STACKS.find((keys) => keys[0] === stages[0].key) || [stages[0].key];
      const column = node("div", "column" + (ON_STREAM.includes(stack[0]) ? " on-stream" : ""));
      for (const stage of stages.splice(0, stack.length))
        column.append(stageButton(stage, stack.length > 1));
      flow.append(column);
    }
    zone.append(heading, flow);
    zones.append(zone);
  }
  return zones;
}

function headRow() {
  const row = node("span", "heads");
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", "Heads of this layer");
  const buttons = [...Array(props.value.n_head).keys()].map((head) => {
    const button = toolButton(head, "Head " + head, () => chooseHead(head), "head");
    button.setAttribute("aria-label", "Head " + head);
    button.setAttribute("aria-pressed", head === state.head);
    return button;
  });
  roving(buttons, 1, state.head);
  row.append(...buttons);
  return row;
}

function stageButton(stage, small) {
  const button = node("button", "stage" + (small ? " small" : ""));
  button.type = "button";
  button.dataset.stage = stage.key;
  button.append(thumbnail(stage.key), node("span", "name", stage.title));
  button.addEventListener("click", () => {
    play(false);
    open(stageIndex(stage.key));
    bringIntoView();
  });
  return button;
}

// The matrix of a stage, a row for each token; of wide ones the strongest number of some columns.
function thumbnail(name) {
  const frame = node("span", "thumb " + name);
  const matrix = matrixOf(name);
  if (!matrix) {
    frame.append(...sketch(name));
    return frame;
  }
  const { rows, columns, at, largest } = matrix;
  const width = Math.min(columns, BINS);
  const canvas = node("canvas");
  canvas.width = width;
  canvas.height = rows;
  const image = new ImageData(width, rows);
  for (let i = 0; i < rows; i++)
    for (let bin = 0; bin < width; bin++) {
      let value = 0;
      const end = Math.ceil(((bin + 1) * columns) / width);
      for (let j = Math.floor((bin * columns) / width); j < end; j++)
        if (!(Math.abs(at(i, j)) <= Math.abs(value))) value = at(i, j);
      image.data.set([...colourOf(name, value, largest), 255], 4 * (i * width + bin));
    }
  canvas.getContext("2d").putImageData(image, 0, 0);
  const mark = node("span", "mark");
  mark.style.top = (100 * state.position) / rows + "%";
  mark.style.height = 100 / rows + "%";
  frame.append(canvas, mark);
  return frame;
}

// Stages without a matrix: tokens as words, the last three as bars.
function sketch(name) {
  const { tokens, next } = props.value;
  if (name === "tokens")
    return [Math.max(0, state.position - 3), tokens.length]
      .slice(0, 1)
      .flatMap((start) => tokens.slice(start, start + 4))
      .map((token) => node("span", "word", token.label));
  const after = chances(next[state.position], state).slice(0, 6);
  const most = Math.max(...after.map((row) => row.share), 1e-9);
  const [high, low] = [after[0].logit, after.at(-1).logit];
  if (name === "draw") return [node("span", "die", "⚄")];
  return after.map((row) => {
    const part =
      name === "logits" ? 0.3 + (0.7 * (row.logit - low)) / (high - low || 1) : row.share / most;
    return bar(name === "logits" ? "raw" : "reshaped", part);
  });
}
