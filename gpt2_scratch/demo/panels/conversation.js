// A conversation: `props.value` is {turns: [{role, text}], running, forgotten, used, window, note};
// see tabs/chat.py. `forgotten` is how many of the first turns the context window had no room for.
// `unsure` is a sentence below the last answer; `explained`, {index, tokens}, an answer to be shown
// token by token, as written.py has them. While nothing has been said, `example` of the first value,
// [{role, text}, ...], is shown.
const state = { editing: -1 };

function tool(name, title, action) {
  const button = node("button", name.toLowerCase(), name);
  button.type = "button";
  button.title = title;
  button.addEventListener("click", () => action(button));
  return button;
}

async function copy(text, button) {
  await navigator.clipboard.writeText(text);
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

function editor(turn, i) {
  const form = node("form", "editor");
  const box = node("textarea");
  box.value = turn.text;
  box.rows = Math.min(8, 1 + turn.text.split("\n").length);
  box.setAttribute("aria-label", "your message");
  const send = node("button", "primary", "Send");
  const close = () => {
    state.editing = -1;
    draw();
  };
  form.append(box, send, tool("Cancel", "Leave the message as it was", close));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    state.editing = -1;
    trigger("edit", { index: i, text: box.value });
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  return form;
}

function message(turn, i, value) {
  const { turns, running, forgotten = 0 } = value;
  const mine = turn.role === "user";
  const item = node("li", "message " + (mine ? "user" : "bot"));
  item.classList.toggle("forgotten", i < forgotten);
  item.append(node("span", "speaker", mine ? "You" : "Model"));
  if (state.editing === i) {
    item.append(editor(turn, i));
    return item;
  }
  const last = i === turns.length - 1;
  const isExplained = !running && value.explained && value.explained.index === i;
  const text = isExplained ? explained(value.explained.tokens) : node("div", "text", turn.text);
  if (running && last && !mine) text.append(node("span", "caret"));
  item.append(text);
  if (running) return item;
  if (last && !mine && value.unsure) item.append(node("p", "unsure", value.unsure));
  const tools = node("div", "tools");
  if (navigator.clipboard) {
    tools.append(tool("Copy", "Copy this message", (button) => copy(turn.text, button)));
  }
  if (mine) {
    const edit = () => {
      state.editing = i;
      draw();
      element.querySelector(".editor textarea").focus();
    };
    tools.append(tool("Edit", "Change this message and go on from here", edit));
  }
  if (!mine && turn.text && !isExplained) {
    const words = "How sure the model was of each token";
    tools.append(tool("Probabilities", words, () => trigger("expand", { index: i })));
  }
  if (last) tools.append(tool("Retry", "Draw another answer", () => trigger("retry")));
  item.append(tools);
  return item;
}

function example() {
  const box = node("div", "offers");
  for (const turn of state.example || []) {
    const item = node("div", "message " + (turn.role === "user" ? "user" : "bot"));
    item.append(node("span", "speaker", turn.role === "user" ? "An example" : "Model"));
    item.append(node("div", "text", turn.text));
    box.append(item);
  }
  return box;
}

// An answer token by token: the less probable one was, the stronger its colour.
function explained(tokens) {
  const box = node("div");
  const text = node("div", "text tokens");
  const said = node("p", "hint", "Point at a token to see what else it might have been.");
  said.setAttribute("aria-live", "polite");
  const spans = tokens.map(({ text, token, probability, alternatives }) => {
    const span = node("span", text ? "written" : "written invisible", text);
    const surprise = Math.min(1, -Math.log2(Math.max(probability, 1e-9)) / 8);
    span.style.setProperty("--surprise", (100 * surprise).toFixed(0) + "%");
    span.setAttribute("role", "button");
    const others = alternatives
      .filter((other) => other.token !== token)
      .map((other) => "“" + other.token + "” " + shareText(other.probability));
    const sentence = "“" + token + "” had " + shareText(probability) + "; also " + others.join(", ");
    span.setAttribute("aria-label", sentence);
    for (const event of ["mouseenter", "click", "focus"])
      span.addEventListener(event, () => (said.textContent = sentence));
    return span;
  });
  roving(spans, 1, 0);
  text.append(...spans);
  if (tokens.at(-1).text) text.append("…"); // not the end of the text: it was too long for one look
  box.append(text, said);
  return box;
}

function meter({ used, window: size, note = "" }) {
  const line = node("div", "meter");
  if (size) {
    const words = used + " of " + size + " tokens of the context window";
    line.append(bar("reshaped", Math.min(1, used / size)), node("span", "hint", words));
  }
  const said = node("span", "hint note", note);
  said.setAttribute("role", "status");
  line.append(said);
  return line;
}

function draw() {
  const root = element.querySelector(".panel");
  const value = props.value || {};
  state.example ??= value.example; // it comes with the page, and no later value repeats it
  const turns = value.turns || [];
  const before = element.querySelector(".turns");
  // Follow the text, unless the reader has scrolled back.
  const follow = !before || before.scrollTop + before.clientHeight > before.scrollHeight - 60;
  const position = before ? before.scrollTop : 0;
  if (value.running) state.editing = -1;
  const list = node("ol", value.running ? "turns running" : "turns");
  list.tabIndex = 0; // the keyboard can scroll it
  list.setAttribute("aria-label", "conversation");
  turns.forEach((turn, i) => {
    list.append(message(turn, i, value));
    if (value.forgotten && i === value.forgotten - 1) {
      const words = "What is above no longer fits into the context window: the model has forgotten it.";
      list.append(node("li", "border", words));
    }
  });
  if (!turns.length) {
    list.replaceChildren();
    list.classList.add("empty");
    const item = node("li");
    item.append(example());
    list.append(item);
  }
  root.replaceChildren(list, meter(value));
  list.scrollTop = follow ? list.scrollHeight : position;
  if (!turns.length) list.scrollTop = 0;
}

watch("value", draw);
draw();
