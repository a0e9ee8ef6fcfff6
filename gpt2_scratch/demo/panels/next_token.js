// The next-token table: `props.value` is {rows: [...], tail, message: "..."}; see NextToken in api.py.
// A token is a button: it asks for its text to be appended to the prompt; or, where `after` is a text
// that grows by steps, for that text to go on with it.

function candidate(row) {
  const button = node("button", "chip", row.token);
  button.type = "button";
  button.title = "id " + row.token_id + ", logit " + row.logit;
  if (typeof row.text === "string") {
    button.setAttribute("aria-label", "append “" + row.text + "” to the prompt");
    const { after = null } = props.value;
    const chosen = { text: row.text, token_id: row.token_id, after };
    button.addEventListener("click", () => trigger("select", chosen));
  } else {
    button.disabled = true;
    button.title += "; no text that could be appended";
  }
  return button;
}

function draw() {
  const root = element.querySelector(".panel");
  const { rows = [], tail, message = "" } = props.value || {};
  // The keyboard's place survives: after an append the same row has the focus.
  const buttons = [...root.querySelectorAll("button")];
  const focused = buttons.indexOf(document.activeElement);
  root.replaceChildren();

  const heading = node("div", "panel-heading");
  heading.append(node("h3", "", "What may come next"));
  heading.append(node("span", "hint", "click one to append it"));
  if (tail) heading.append(node("code", "tail", tail));
  root.append(heading);
  if (message) root.append(node("p", "message", message));
  if (!rows.length) return;

  const table = node("table", "next-token");
  const head = node("tr");
  for (const [title, className] of [
    ["token", ""],
    ["", "bars"],
    ["model", "number raw"],
    ["settings", "number reshaped"],
  ]) {
    const cell = node("th", className, title);
    cell.scope = "col";
    head.append(cell);
  }
  table.append(head);
  const widest = Math.max(...rows.flatMap((r) => [r.probability, r.reshaped_probability]));
  for (const row of rows) {
    const line = node("tr", row.reshaped_probability ? "" : "ruled-out");
    const token = node("td", "token");
    token.append(candidate(row));
    const bars = node("td", "bars");
    bars.append(bar("raw", row.probability / widest));
    bars.append(bar("reshaped", row.reshaped_probability / widest));
    line.append(token, bars);
    line.append(node("td", "number raw", shareText(row.probability)));
    line.append(node("td", "number reshaped", shareText(row.reshaped_probability)));
    table.append(line);
  }
  root.append(table);
  if (focused >= 0) root.querySelectorAll("button")[focused]?.focus();
}

watch("value", draw);
draw();
