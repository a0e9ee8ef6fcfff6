// A prompt and its continuation: `props.value` is {prompt, text}; text is set as textContent only.
function draw() {
  const { prompt, text } = props.value || {};
  const paragraph = document.createElement("p");
  paragraph.className = "continuation";
  if (prompt === undefined) {
    paragraph.classList.add("empty");
    paragraph.textContent = "The text appears here, with what the model wrote marked.";
  } else {
    const written = document.createElement("mark");
    written.textContent = text;
    paragraph.append(prompt, written); // a string is appended as a text node
  }
  element.querySelector(".panel").replaceChildren(paragraph);
}

watch("value", draw);
draw();
