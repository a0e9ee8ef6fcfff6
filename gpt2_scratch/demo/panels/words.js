// Words that explain themselves: a dotted underline, and what it means at hover, focus or tap.

const WORDS = {
  token: "A piece of text with a number of its own: a word, a part of one, or a single byte.",
  embedding:
    "A learned vector that stands for a token or a place; the numbers a model computes with.",
  "residual stream":
    "One vector per token that runs through the whole model. Each layer reads it and adds to it.",
  head: "One of several attention patterns that a layer computes side by side, with matrices of its own.",
  attention: "How much a token takes over from each token before it, in shares that add up to all.",
  softmax: "Turns any numbers into shares: e to the power of each, divided by the sum of all.",
  logit: "The raw score of a token for coming next. Softmax makes a probability of it.",
  temperature:
    "Logits are divided by it. Below 1 the likely gets likelier; above 1 all get more alike; 0 always takes the first.",
  "top-k": "Only the k most probable tokens may be drawn.",
  "top-p":
    "Only the most probable tokens that together reach the share p may be drawn: the nucleus.",
  ablation: "Switching a part off to see what it was good for.",
  nat: "The unit of natural logarithms: −0.69 nats halve a probability, −2.3 leave a tenth.",
  "bits per byte":
    "How many yes-or-no questions a model needs per byte of unseen text; fewer is better.",
  perplexity:
    "Among how many equally likely tokens the model is unsure, on average; lower is better.",
};

// Each word is a button, as it can be reached by keys and tapped; Escape closes what it says.
function term(name, text) {
  const button = node("button", "term", text || name);
  button.type = "button";
  const tip = node("span", "tip", WORDS[name]);
  tip.setAttribute("role", "tooltip");
  tip.id = "tip-" + Math.random().toString(36).slice(2);
  button.setAttribute("aria-describedby", tip.id);
  const holder = node("span", "explained");
  holder.append(button, tip);
  const show = () => {
    holder.classList.add("open");
    // inside of the window, wherever the word stands
    tip.style.translate = "0";
    const { left, right } = tip.getBoundingClientRect();
    const over = Math.max(0, right - document.documentElement.clientWidth + 8);
    tip.style.translate = (left < 8 ? 8 - left : -over) + "px";
  };
  const hide = () => holder.classList.remove("open");
  holder.addEventListener("mouseenter", show);
  holder.addEventListener("mouseleave", hide);
  button.addEventListener("focus", show);
  button.addEventListener("blur", hide);
  button.addEventListener("click", show);
  button.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  return holder;
}

// A sentence of ours in which [word] or [shown|word] explains itself.
function explained(tag, className, text) {
  const made = node(tag, className);
  text.split(/\[([^\]]+)\]/).forEach((part, i) => {
    if (i % 2 === 0) return made.append(part);
    const [shown, name] = part.split("|");
    made.append(term(name || shown, shown));
  });
  return made;
}
