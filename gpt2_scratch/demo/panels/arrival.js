// A model on its way from the Hub: `props.value` is {message, part}, or {message} why it does not
// come; empty when none is on its way.
function draw() {
  const { message = "", part } = props.value || {};
  const root = element.querySelector(".panel");
  root.replaceChildren();
  if (message) root.append(node("p", "hint", message));
  if (part !== undefined) root.append(bar("reshaped", part));
}

watch("value", draw);
draw();
