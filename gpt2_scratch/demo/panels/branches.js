// The texts of one prompt as a small tree: one that begins as an earlier one did hangs below it.
const TEXTS = 12; // more would be a list to search in
const texts = []; // drawn values, in the order in which they came

function shared(one, other) {
  let n = 0;
  while (n < one.length && one[n] === other[n]) n++;
  return n;
}

// A finished text joins the others. One that has only grown takes its own place.
function remember(value) {
  if (texts.length && texts[0].prompt !== value.prompt) texts.length = 0;
  const grows = (text) => text.model === value.model && shared(text.ids, value.ids) === text.ids.length;
  const i = texts.findIndex(grows);
  if (i < 0) texts.push(value);
  else texts[i] = value;
  if (texts.length > TEXTS) texts.shift();
}

// Of each text the one it hangs below, null for none, and the token at which it leaves it.
function placed() {
  return texts.map((text, i) => {
    const place = { text, parent: null, at: 0 };
    texts.slice(0, i).forEach((earlier, k) => {
      const n = earlier.model === text.model ? shared(earlier.ids, text.ids) : 0;
      if (n > place.at) Object.assign(place, { parent: k, at: n });
    });
    return place;
  });
}

function branch({ text, at }, now, open) {
  const words = text.tokens.slice(at).map((token) => token.text);
  const button = node("button", "branch", (at ? "… " : "") + words.join("").trim().slice(0, 60));
  button.type = "button";
  button.setAttribute("aria-current", text === now);
  button.addEventListener("click", () => open(text));
  return button;
}

// The tree, with `now` marked; `open` shows a text once more. Nothing while there is but one.
function tree(now, open) {
  const box = node("div", "branches");
  if (texts.length < 2) return box;
  box.append(node("p", "hint", "Texts of this prompt, to go back to"));
  const places = placed();
  const below = (parent) => {
    const list = node("ul");
    places.forEach((place, k) => {
      if (place.parent !== parent) return;
      const item = node("li");
      item.append(branch(place, now, open), below(k));
      list.append(item);
    });
    return list;
  };
  box.append(below(null));
  return box;
}
