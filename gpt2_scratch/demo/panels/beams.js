// What beam search has found: `props.value` is {beams: [{text, score}, ...], tokens, most}, the best
// first, after `tokens` steps of at most `most`.
function draw() {
  const { beams = [], tokens, most } = props.value || {};
  const list = node("ol", "beams");
  for (const { text, score } of beams) {
    const item = node("li");
    const score_text = "log-probability by length: " + score.toFixed(2);
    item.append(node("mark", "", text || "(the end of the text)"), node("p", "hint", score_text));
    list.append(item);
  }
  const far = node("p", "hint", tokens + " of at most " + most + " tokens");
  element.querySelector(".panel").replaceChildren(...(beams.length ? [far, list] : []));
}

watch("value", draw);
draw();
