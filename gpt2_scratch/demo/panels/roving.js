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
