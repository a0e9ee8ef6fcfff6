// What a tab shows, in a sentence or two: `props.value` is {text}, where [word] explains itself.
const line = explained("p", "hint", props.value.text);
line.prepend(node("strong", "", "What am I looking at?"), " ");
element.querySelector(".panel").replaceChildren(line);
