// What beam search found: `props.value` is {beams: [{text, score}, ...]}, the best first.
function draw() {
  const { beams = [] } = props.value || {};
  const list = node("ol", "beams");
  for (const { text, score } of beams) {
    const item = node("li");
    const score_text = "log-probability by length: " + score.toFixed(2);
    item.append(node("mark", "", text || "(the end of the text)"), node("p", "hint", score_text));
    list.append(item);
  }
  element.querySelector(".panel").replaceChildren(...(beams.length ? [list] : []));
}

watch("value", draw);
draw();
