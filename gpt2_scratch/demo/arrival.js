// A model on its way from the Hub: `props.value` is {message, part}; empty when none is.
function draw() {
  const { message = "", part = 0 } = props.value || {};
  const root = element.querySelector(".panel");
  root.replaceChildren();
  if (message) root.append(node("p", "hint", message), bar("reshaped", part));
}

watch("value", draw);
draw();
