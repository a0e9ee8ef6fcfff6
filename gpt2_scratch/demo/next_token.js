// The next-token table: `props.value` is {rows: [...], message: "..."}; see NextToken in api.py.
// Text is set as textContent only: tokens come from a model and a prompt that anyone can write.
const percent = (p) => (p >= 0.0995 ? (100 * p).toFixed(0) : (100 * p).toFixed(1)) + " %";

function node(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function bar(kind, share, widest) {
  const cell = node("td", "bar " + kind);
  const fill = node("span", "fill");
  fill.style.width = (100 * share) / widest + "%";
  cell.append(fill, node("span", "number", percent(share)));
  return cell;
}

function draw() {
  const root = element.querySelector(".panel");
  const { rows = [], message = "" } = props.value || {};
  root.replaceChildren();
  if (message) root.append(node("p", "message", message));
  if (!rows.length) return;

  const table = node("table", "next-token");
  const head = node("tr");
  for (const title of ["token", "model", "after the settings"]) {
    const cell = node("th", "", title);
    cell.scope = "col";
    head.append(cell);
  }
  table.append(head);
  const widest = Math.max(...rows.flatMap((r) => [r.probability, r.reshaped_probability]));
  for (const row of rows) {
    const line = node("tr", row.reshaped_probability ? "" : "ruled-out");
    const token = node("td", "token");
    const chip = node("code", "chip", row.token);
    chip.title = "id " + row.token_id + ", logit " + row.logit;
    token.append(chip);
    line.append(token, bar("raw", row.probability, widest));
    line.append(bar("reshaped", row.reshaped_probability, widest));
    table.append(line);
  }
  root.append(table);
}

watch("value", draw);
draw();
