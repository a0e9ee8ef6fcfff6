// A text cut into tokens: `props.value` is {characters, views: [{name, entries, count, tokens}]} with
// [token, id, bytes in hexadecimal] each, in the vocabularies of two models.
function piece([token, id, bytes], i) {
  const item = node("span", "piece " + (i % 2 ? "odd" : ""));
  item.append(node("code", "", token), node("small", "", id));
  item.title = "id " + id + ", bytes " + bytes.match(/../g).join(" ");
  return item;
}

function draw() {
  const root = element.querySelector(".panel");
  const { characters, views = [] } = props.value || {};
  root.replaceChildren();
  for (const { name, entries, count, tokens } of views) {
    const each = count ? ", " + (characters / count).toFixed(1) + " characters each" : "";
    const line = node("p", "hint");
    line.append(node("strong", "", name), ", " + entries.toLocaleString("en") + " entries: ");
    line.append(count + " tokens" + each);
    const row = node("p", "pieces");
    row.append(...tokens.map(piece));
    if (tokens.length < count) row.append("… and " + (count - tokens.length) + " more");
    root.append(line, row);
  }
}

watch("value", draw);
draw();
