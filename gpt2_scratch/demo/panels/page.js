// What all tabs share: one key to run, the open tab in the address, links, and a phone that follows a
// tap. `connect` in share_links.py runs it once, when the page is there.

// Ctrl+Enter presses the main button of the tab, or of the small form, that a text box stands in.
// It is caught on its way down: gradio would take it for a plain Enter in some boxes.
addEventListener(
  "keydown",
  (event) => {
    const box = event.target;
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    if (!box.matches?.("textarea, input")) return;
    const place = box.closest("form, [role=tabpanel]");
    const button = place?.querySelector("button.primary, .submit-button");
    if (!button) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    button.click();
  },
  true,
);

const titleOf = (tab) =>
  [...document.querySelectorAll("[role=tab]")].find((title) => title.dataset.tabId === tab);
const linkedTab = () => new URLSearchParams(location.hash.slice(1)).get("tab") ?? "";

// A tab that is opened by hand is a step in the browser's history; Back opens the one before. An
// entry that is not ours is a link from elsewhere, and takes a page of its own.
history.replaceState({ tab: linkedTab() || "generate" }, "");
addEventListener("popstate", (event) => {
  if (event.state?.tab) titleOf(event.state.tab)?.click();
  else location.reload();
});
addEventListener("click", (event) => {
  const tab = event.target.closest?.("[role=tab]")?.dataset.tabId;
  if (tab && tab !== history.state?.tab) history.pushState({ tab }, "", "#tab=" + tab);
  const button = event.target.closest?.("button.primary, .submit-button");
  if (button && !button.closest(".panel")) follow(button); // a panel scrolls for itself
});

// On a narrow page what a button changes may lie below the screen: it is the next picture or text.
function follow(button) {
  const panels = button.closest("[role=tabpanel]")?.querySelectorAll(".panel") ?? [];
  const isAfter = (panel) =>
    button.compareDocumentPosition(panel) & Node.DOCUMENT_POSITION_FOLLOWING && panel.offsetParent;
  const changed = innerWidth <= 640 && [...panels].find(isAfter);
  if (changed) changed.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

// The address gets a tab's inputs, and with them what `drawn.link` of its panel adds, unless the panel
// shows another text than the inputs have; the clipboard gets the address. It may refuse, as in many
// frames: then a field has the link, to be copied by hand.
window.copyLink = async (tab, names, values) => {
  const link = new URLSearchParams({ tab });
  names.forEach((name, i) => link.set(name, values[i] ?? ""));
  const place = window.linkedPlace?.[tab]?.();
  if (place) link.set("place", place);
  const drawn = values[names.length];
  if (drawn?.link && [undefined, link.get("text")].includes(drawn.prompt)) {
    Object.entries(drawn.link).forEach(([name, text]) => link.set(name, text));
  }
  history.replaceState(history.state, "", "#" + link);
  const row = document.querySelector("#links-" + tab);
  row.querySelector(".link")?.remove();
  try {
    await navigator.clipboard.writeText(location.href);
    return "Link copied";
  } catch {
    const field = document.createElement("input");
    Object.assign(field, { className: "link", readOnly: true, value: location.href });
    field.setAttribute("aria-label", "link to copy");
    row.append(field);
    field.select();
    return "Copy it by hand:";
  }
};

// What panels show goes back to the server without what that can compute.
window.short = (values) =>
  values.map((value) => {
    const isData = value?.constructor === Object;
    return isData ? { ...value, tokens: null, rows: null } : value;
  });
