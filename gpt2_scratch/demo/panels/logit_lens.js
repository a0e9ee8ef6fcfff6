// The logit lens. `props.value` is what attention_view.lens_view gives; {} before the first text.
// guesses and probabilities are [depth][position][rank]; depth 0 is the embedding.

let position = 0;
let key = "";

const depthName = (depth) => (depth === 0 ? "embedding" : "layer " + (depth - 1));

function choose(index) {
  position = index;
  const detail = { index, from: "lens" };
  document.dispatchEvent(new CustomEvent("token-chosen", { detail }));
  show();
}

// Depth by position: the likeliest next token, coloured by its probability.
function grid() {
  const { labels, guesses, probabilities } = props.value;
  const table = node("table", "lens-grid");
  const head = node("tr");
  head.append(node("th", "", "after"));
  const tops = labels.map((text, i) => {
    const cell = node("th", "position");
    const button = node("button", "chip", text);
    button.type = "button";
    button.title = "what comes after token " + i;
    button.addEventListener("click", () => choose(i));
    cell.append(button);
    head.append(cell);
    return button;
  });
  roving(tops, 1, position);
  table.append(head);
  const final = guesses.at(-1).map((place) => place[0]);
  guesses.forEach((places, depth) => {
    const row = node("tr");
    row.append(node("th", "depth", depthName(depth)));
    places.forEach((place, i) => {
      const cell = node("td", place[0] === final[i] ? "settled" : "", place[0]);
      const background = sequential(probabilities[depth][i][0], isDark());
      cell.style.background = css(background);
      cell.style.color = inkOn(background);
      cell.title = depthName(depth) + ": " + shareText(probabilities[depth][i][0]);
      cell.dataset.position = i;
      cell.addEventListener("click", () => choose(i));
      row.append(cell);
    });
    table.append(row);
  });
  return table;
}

// One position in full: the likeliest tokens of every depth.
function column() {
  const { guesses, probabilities } = props.value;
  const table = node("table", "lens-column");
  const final = guesses.at(-1)[position][0];
  guesses.forEach((places, depth) => {
    const row = node("tr");
    row.append(node("th", "depth", depthName(depth)));
    places[position].forEach((text, rank) => {
      const cell = node("td");
      const share = probabilities[depth][position][rank];
      const line = node("div", "guess");
      line.append(node("code", text === final ? "chip settled" : "chip", text));
      line.append(node("span", "number", shareText(share)));
      cell.append(line, bar("reshaped", share));
      row.append(cell);
    });
    table.append(row);
  });
  return table;
}

function show() {
  for (const cell of element.querySelectorAll("[data-position]"))
    cell.classList.toggle("chosen", Number(cell.dataset.position) === position);
  element.querySelectorAll(".lens-grid .position button").forEach((button, i) => {
    button.setAttribute("aria-pressed", i === position);
    button.classList.toggle("reader", i === position);
  });
  const title = "After “" + props.value.labels[position] + "”, the five likeliest next tokens";
  element.querySelector(".lens-title").textContent = title;
  element.querySelector(".column").replaceChildren(column());
}

function draw() {
  const root = element.querySelector(".panel");
  root.replaceChildren();
  const value = props.value;
  if (!value || !value.model) return;
  if (!value.guesses) {
    const words = value.model + " judges and does not write: there is no next token to guess.";
    root.append(node("p", "hint", words));
    return;
  }
  const tokens = JSON.stringify(value.labels);
  if (tokens !== key) position = value.labels.length - 1;
  key = tokens;

  const heading = node("div", "panel-heading");
  heading.append(node("h3", "", "Logit lens"));
  const hint = "what " + value.model + " would say next if it stopped after each layer; ";
  heading.append(node("span", "hint", hint + "underlined where that is its final answer"));
  const wide = scrolling("");
  wide.append(grid());
  const narrow = scrolling("column");
  root.append(heading, wide, node("h4", "lens-title"), narrow);
  show();
}

document.addEventListener("token-chosen", ({ detail }) => {
  if (detail.from === "lens" || !props.value?.guesses) return;
  if (detail.index >= props.value.labels.length) return;
  position = detail.index;
  show();
});
onThemeChange(draw);
watch("value", draw);
draw();
