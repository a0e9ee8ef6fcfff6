// What the panels' scripts have in common; `theme.panel` puts it in front of each.

// An element that shows `text`. It is set as textContent, which is never parsed: see theme.py.
function node(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// A probability as people read it: 24 %, 5.6 %, 0.03 %.
function shareText(p) {
  if (p > 0 && p < 0.0001) return "< 0.01 %";
  const digits = p >= 0.0995 ? 0 : p >= 0.00095 ? 1 : 2;
  return (100 * p).toFixed(p === 0 ? 0 : digits) + " %";
}

function bar(kind, part) {
  const track = node("span", "bar " + kind);
  const fill = node("span", "fill");
  fill.style.width = (100 * part).toFixed(1) + "%";
  track.append(fill);
  return track;
}

// One stop of the Tab key for a row or grid of buttons or words; the arrow keys move inside it.
function roving(buttons, columns, start) {
  buttons.forEach((button, i) => {
    button.tabIndex = i === start ? 0 : -1;
    button.addEventListener("keydown", (event) => {
      const last = buttons.length - 1;
      const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
      let next = { Home: 0, End: last }[event.key];
      if (event.key in steps) next = i + steps[event.key];
      if (next === undefined || next < 0 || next > last) return;
      event.preventDefault();
      buttons[next].focus();
    });
    button.addEventListener("focus", () =>
      buttons.forEach((other) => (other.tabIndex = other === button ? 0 : -1)),
    );
  });
}
