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
