// The score of a spam that is being rewritten: `props.value` is {of, p, threshold, kept, words}, or
// {problem}; see spam_fool.py. Every try leaves a bar behind.
const TRIES = 40; // bars that are shown
let tries = [];
let of = null; // the number of the spam that they belong to

function gauge({ p, threshold }) {
  const track = node("div", "score");
  track.append(bar(p >= threshold ? "caught" : "passed", p));
  const mark = node("span", "mark");
  mark.style.left = 100 * threshold + "%";
  track.append(mark);
  return track;
}

function history(threshold) {
  const row = node("div", "tries");
  for (const p of tries) {
    const column = node("span", p >= threshold ? "caught" : "passed");
    column.style.height = Math.max(2, 40 * p) + "px";
    column.title = shareText(p);
    row.append(column);
  }
  return row;
}

function draw() {
  const root = element.querySelector(".panel");
  const value = props.value || {};
  if (value.p === undefined) {
    root.replaceChildren(node("p", "hint", value.problem || "Change a word to see the score."));
    return;
  }
  if (value.of !== of) tries = [];
  of = value.of;
  if (value.p !== tries.at(-1)) tries = [...tries, value.p].slice(-TRIES); // else the threshold moved
  const passed = value.p < value.threshold;
  const said = node("p", "verdict");
  said.setAttribute("role", "status");
  said.append(node("strong", "", passed ? "It passes" : "Caught"));
  said.append(": spam probability " + shareText(value.p) + ", caught from " + shareText(value.threshold) + " on. ");
  said.append(value.kept + " of the " + value.words + " words are still there.");
  root.replaceChildren(gauge(value), said, history(value.threshold));
}

watch("value", draw);
draw();
