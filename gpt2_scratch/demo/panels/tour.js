// Six steps for who comes first. Whether they have been seen is kept in the browser, where it lets us.

const SEEN = "gpt2-scratch.inside-tour";
const TOUR = [
  [
    "tokens",
    "This is one forward pass of the model, with its real numbers. It begins by cutting the text into [tokens|token]. Click any token in the row above the picture to follow its prediction.",
  ],
  [
    "stream",
    "Each token becomes a vector. From here on these vectors are the [residual stream], the line along the top: all that the layers read and write.",
  ],
  [
    "weights",
    "In each [head] every token asks, and those before it answer. [Softmax|softmax] turns the scores into attention: who listens to whom. Point at a square to see how its number comes about.",
  ],
  [
    "neurons",
    "The MLP looks at each token alone. Below its heat map are the neurons that fire most, and the words that they speak for.",
  ],
  [
    "sampling",
    "After the last layer each token of the vocabulary has a [logit]. Move the sliders and watch what [temperature], [top-k] and [top-p] make of it.",
  ],
  [
    "draw",
    "Draw a token and append it: that is how a model writes. Further down you can switch off heads, and see the prediction fall apart.",
  ],
];
let step = null; // of the tour; null: not on it

function tourSeen() {
  try {
    return localStorage.getItem(SEEN) === "yes";
  } catch {
    return false; // a page inside another may be refused it
  }
}

function endTour() {
  try {
    localStorage.setItem(SEEN, "yes");
  } catch {
    // then it is offered again the next time
  }
  tour(null);
  element.querySelector(".start-tour").focus({ preventScroll: true });
}

function tour(to) {
  step = to;
  element.querySelector(".offer").hidden = true;
  open(to === null ? state.stage : stageIndex(TOUR[to][0]));
  if (to === null) return;
  bringIntoView();
  element.querySelector(".opened .forward").focus({ preventScroll: true });
}

// For who has not been here.
function tourOffer() {
  const card = node("aside", "tour offer");
  card.setAttribute("aria-label", "Tour");
  card.hidden = step !== null || tourSeen();
  card.append(
    node("span", "", "New here? Six steps show the way."),
    toolButton("Take the tour", "Six steps for a start", () => tour(0), "forward primary"),
    toolButton("No, thanks", "Do not offer it again", endTour, "dismiss"),
  );
  return card;
}

// One step of it, at the head of the stage that it is about.
function tourStep() {
  if (step === null || stageNow().key !== TOUR[step][0]) return [];
  const last = step === TOUR.length - 1;
  const card = node("aside", "tour");
  card.setAttribute("aria-label", "Tour");
  card.append(
    node("strong", "", step + 1 + " of " + TOUR.length),
    explained("span", "said", TOUR[step][1]),
  );
  const button = (text, act, className) => card.append(toolButton(text, text, act, className));
  if (step > 0) button("Back", () => tour(step - 1), "backward");
  if (!last) button("Next", () => tour(step + 1), "forward primary");
  button(last ? "Done" : "End", endTour, last ? "forward primary" : "dismiss");
  card.addEventListener("keydown", (event) => event.key === "Escape" && endTour());
  return [card];
}
