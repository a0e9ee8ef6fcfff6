// The verdict on one message: `props.value` is {verdict: Explained, threshold, message: "..."}; see
// api.py. The threshold is the visitor's, and the model's own where he has not moved it.
// Text is set as textContent only: the message is anyone's.
const SVG = "http://www.w3.org/2000/svg";
const RADIUS = 80;
// Words that every message has: a small effect of theirs is grey, so that the others stand out.
const SMALL = 0.3; // nats
const FUNCTION_WORDS = new Set(
  ("a an the and or but if as at by for from in into of on to with is are was were be been am do does " +
    "did have has had will would can could i you he she it we they me him her us them my your his its " +
    "our their this that these those there so then not no").split(" "),
);

// A probability in tenths of a percent. Certainty is never claimed: the last tenth is a bound.
function percent(p) {
  if (p > 0.999) return "> 99.9 %";
  return p < 0.001 ? "< 0.1 %" : (100 * p).toFixed(1) + " %";
}

function shape(tag, className, attributes) {
  const made = document.createElementNS(SVG, tag);
  made.setAttribute("class", className);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// A point of the half circle: part 0 is its left end, 1 its right end.
function onCircle(part, radius) {
  const angle = Math.PI * (1 - part);
  return [100 + radius * Math.cos(angle), 100 - radius * Math.sin(angle)];
}

function arc(className, from, to) {
  const [x0, y0] = onCircle(from, RADIUS);
  const [x1, y1] = onCircle(to, RADIUS);
  return shape("path", className, { d: `M ${x0} ${y0} A ${RADIUS} ${RADIUS} 0 0 1 ${x1} ${y1}` });
}

function line(className, part, inner, outer) {
  const [x1, y1] = onCircle(part, inner);
  const [x2, y2] = onCircle(part, outer);
  return shape("line", className, { x1, y1, x2, y2 });
}

function gauge({ spam_probability: p }, threshold) {
  const dial = shape("svg", "gauge", { viewBox: "0 0 200 118", role: "meter" });
  dial.setAttribute("aria-label", "Spam probability");
  dial.setAttribute("aria-valuemin", 0);
  dial.setAttribute("aria-valuemax", 100);
  dial.setAttribute("aria-valuenow", Math.round(100 * p));
  dial.append(arc("for-ham", 0, threshold), arc("for-spam", threshold, 1));
  dial.append(line("threshold", threshold, RADIUS - 14, RADIUS + 14));
  dial.append(line("needle", p, RADIUS - 14, RADIUS + 8));
  const number = shape("text", "number", { x: 100, y: 92 });
  number.textContent = percent(p);
  dial.append(number);
  return dial;
}

function quoted(text) {
  return "“" + text.trim() + "”";
}

function readout(word, p) {
  if (word.spam_probability_without === null) return "Nothing is left without " + quoted(word.text);
  const [before, after] = [p, word.spam_probability_without].map(percent);
  const side = word.influence > 0 ? "spam" : "ham";
  const change = before === after ? `stays at ${before}` : `goes from ${before} to ${after}`;
  return `Without ${quoted(word.text)} the spam probability ${change}: it speaks for ${side}.`;
}

function isQuiet({ text, influence }) {
  const bare = text.toLowerCase().replace(/[^a-z]/g, "");
  return Math.abs(influence) < SMALL && FUNCTION_WORDS.has(bare);
}

// The message with each word in the colour of the side it speaks for.
function coloured(verdict, said) {
  const strongest = Math.max(...verdict.words.map((word) => Math.abs(word.influence)), 0.5);
  const message = node("p", "words");
  for (const word of verdict.words) {
    const side = isQuiet(word) ? "quiet" : word.influence > 0 ? "for-spam" : "for-ham";
    const mark = node("span", "word " + side, word.text);
    mark.style.setProperty("--push", Math.abs(word.influence) / strongest);
    for (const event of ["mouseenter", "click", "focus"]) {
      mark.addEventListener(event, () => {
        said.textContent = readout(word, verdict.spam_probability);
      });
    }
    message.append(mark);
  }
  roving([...message.children], 1, 0);
  return message;
}

// The strongest words of each side, in words: colour is not the only way to tell.
function strongest(verdict, side) {
  const sign = side === "spam" ? 1 : -1;
  const words = verdict.words
    .filter((word) => sign * word.influence > 0.05)
    .sort((a, b) => sign * (b.influence - a.influence))
    .slice(0, 3);
  const names = words.map((word) => {
    const shift = (word.influence > 0 ? "+" : "−") + Math.abs(word.influence).toFixed(1);
    return `${quoted(word.text)} ${shift}`;
  });
  const row = node("p", "speakers");
  row.append(node("span", "dot for-" + side), node("strong", "", `For ${side}: `));
  row.append(node("span", "", names.length ? names.join(", ") : "no word by itself"));
  return row;
}

function draw() {
  const root = element.querySelector(".panel");
  const { verdict, message = "", threshold: moved } = props.value || {};
  root.classList.remove("stale");
  root.replaceChildren();
  const glass = node("div", "glass");
  root.append(glass);
  if (!verdict) {
    glass.append(node("p", "said", message || "The verdict will stand here."));
    return;
  }
  // the slider has two digits
  const isOwn = moved === undefined || Math.abs(moved - verdict.threshold) <= 0.005;
  const threshold = isOwn ? verdict.threshold : moved;
  const isSpam = verdict.spam_probability >= threshold;
  glass.classList.add(isSpam ? "spam" : "ham");
  const heading = node("div", "verdict");
  const words = node("div", "in-words");
  words.append(node("h3", "", isSpam ? "Spam" : "Not spam"));
  let reason = `Spam probability ${percent(verdict.spam_probability)}; `;
  reason += `from ${percent(threshold)} on the verdict is spam.`;
  if (verdict.truncated) reason += " Only the beginning was read: the rest does not fit.";
  words.append(node("p", "said", reason));
  heading.append(gauge(verdict, threshold), words);

  const said = node("p", "said readout", "Point at a word to see the verdict without it.");
  said.setAttribute("aria-live", "polite");
  glass.append(heading, coloured(verdict, said), said);
  glass.append(strongest(verdict, "spam"), strongest(verdict, "ham"));
}

watch("value", draw);
draw();
