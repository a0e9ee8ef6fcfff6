// What the assistant can do: `props.value` is {kinds: [{kind, n, contains_match, instructions}]}, the
// figures where they were measured; see tabs/chat.py. A click offers an instruction.
function draw() {
  const root = element.querySelector(".panel");
  const box = node("div", "offers");
  const heading = node("div", "panel-heading");
  const hint = "how often it was right on test questions";
  heading.append(node("h3", "", "What it can do"), node("span", "hint", hint));
  root.replaceChildren(heading, box);
  for (const { kind, n, contains_match, instructions } of props.value.kinds) {
    const group = node("div", "kind");
    const measured = n ? ", " + shareText(contains_match) + " of " + n : "";
    group.append(node("h4", "", kind + measured));
    for (const text of instructions) {
      const button = node("button", "offer", text);
      button.type = "button";
      button.addEventListener("click", () => {
        trigger("select", { text });
        document.querySelector("#instruction textarea")?.focus(); // Enter sends it
      });
      group.append(button);
    }
    box.append(group);
  }
}

watch("value", draw);
draw();
