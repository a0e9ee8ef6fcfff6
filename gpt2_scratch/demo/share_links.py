"""Links that carry a text to the other tabs, and one that brings a tab back.

A shared link holds a tab's inputs behind its `#`, which a browser does not send to any server. What
comes back from there can be anything, so `restored` takes a value only if its widget could have it.

A tab adds to its link what its widgets do not hold (which text was drawn, a conversation) by
two things of its `LinkedTab`: the panel `drawn`, whose value may have `link`, {name: text}; and for
each of these names one of `inputs`, a hidden text box, that has the text when the link is opened.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import gradio as gr

from gpt2_scratch.demo import limits
from gpt2_scratch.demo.boundary import IN_BROWSER, on_page
from gpt2_scratch.demo.theme import compact, source


@dataclass(frozen=True)
class LinkedTab:
    """A tab whose text can be carried.

    id      as in an address
    title   what the other tabs call it
    text    where the text stands
    inputs  what a link restores, by the name in the link; `text` among them
    drawn   the panel whose value has `link`: what is shown beyond the inputs, as of this text if
            it has a `prompt` too
    run     the button that shows it again for who opens the link
    """

    id: str
    title: str
    text: gr.Textbox
    inputs: dict[str, Any] = field(default_factory=dict)
    drawn: gr.HTML | None = None
    run: gr.Button | None = None

    @classmethod
    def of(
        cls,
        id: str,
        title: str,
        text: gr.Textbox,
        *,
        drawn: gr.HTML | None = None,
        run: gr.Button | None = None,
        **inputs: Any,
    ) -> LinkedTab:
        """With the text among the inputs."""
        return cls(id, title, text, {"text": text, **inputs}, drawn, run)


COPY_LINK = "(...values) => copyLink(%r, %s, values)"
AS_BEFORE = """() => new Promise((resolve) => setTimeout(resolve, 4000, "Copy a link"))"""
# An empty text stays where it is: another tab's text is not blanked. One too long is cut.
CARRY = """(text, theirs) => (text.trim() ? text.slice(0, %d) : theirs)"""
READ_LINK = "() => {\n" + compact(source("page.js")) + "\nreturn [location.hash];\n}"


# gr.Tabs(selected=...) would do, but draws the tab's title a second time (gradio 6.31).
OPEN_TAB = """() => document.querySelector("[role=tab][data-tab-id=%s]")?.click()"""
OPEN_LINKED_TAB = """() => {
  const tab = new URLSearchParams(location.hash.slice(1)).get("tab");
  const titles = [...document.querySelectorAll("[role=tab]")];
  titles.find((title) => title.dataset.tabId === tab)?.click();
}"""
# Only a model that is here: others are fetched first, and that is for the visitor to begin.
RUN_LINKED = """() => {
  const link = new URLSearchParams(location.hash.slice(1));
  const here = ["base", "chat", ""];
  const names = [link.get("model") ?? "", link.get("compare") ?? ""];
  if (link.get("tab") === "%s" && link.has("text") && names.every((name) => here.includes(name)))
    document.querySelector("#%s")?.click();
}"""


def connect(demo: gr.Blocks, tabs: Sequence[LinkedTab]) -> None:
    """Put the links under each tab's text, and restore what the page's own address asks for."""
    for tab in tabs:
        with gr.Row(elem_classes="links", elem_id=f"links-{tab.id}") as row:
            gr.HTML("Take this text to", elem_classes="hint", padding=False)
            for other in tabs:
                if other is not tab:
                    link = gr.Button(other.title, size="sm", scale=0, min_width=0)
                    carried = link.click(
                        None,
                        [tab.text, other.text],
                        other.text,
                        js=CARRY % (other.text.max_length or limits.PROMPT_CHARS),
                        **IN_BROWSER,
                    )
                    carried.then(None, js=OPEN_TAB % other.id, **IN_BROWSER)
            share = gr.Button("Copy a link", size="sm", scale=0, min_width=0, elem_classes="share")
            copied = share.click(
                None,
                [*tab.inputs.values(), *([tab.drawn] if tab.drawn else [])],
                share,
                js=COPY_LINK % (tab.id, list(tab.inputs)),
                **IN_BROWSER,
            )
            copied.then(None, None, share, js=AS_BEFORE, **IN_BROWSER)
        _move_below(row, tab.text)
    address = gr.Textbox(visible=False)
    everything = [widget for tab in tabs for widget in tab.inputs.values()]
    panels = [tab.drawn for tab in tabs if tab.drawn]
    read = on_page(
        demo.load,
        lambda address: restored(tabs, address),
        address,
        [*everything, *panels],
        js=READ_LINK,
        show_progress="hidden",
    )
    read.then(None, js=OPEN_LINKED_TAB, **IN_BROWSER)
    for tab in tabs:
        if tab.run:
            read.then(None, js=RUN_LINKED % (tab.id, tab.run.elem_id), **IN_BROWSER)


def restored(tabs: Sequence[LinkedTab], address: object) -> list[Any]:
    """What a link's end, `#tab=...&text=...`, makes of every tab's inputs, in their order.

    Then of the panels: what the page had prepared does not belong under another's prompt.
    """
    link = address.lstrip("#") if isinstance(address, str) else ""
    asked = {name: values[0] for name, values in parse_qs(link).items()}
    updates: list[Any] = []
    for each in tabs:
        for name, widget in each.inputs.items():
            wanted = asked.get(name) if each.id == asked.get("tab") else None
            value = None if wanted is None else _fitting(widget, wanted)
            updates.append(gr.skip() if value is None else value)
    for each in tabs:
        if each.drawn:
            shared = each.id == asked.get("tab") and "text" in asked
            updates.append({} if shared else gr.skip())
    return updates


def _fitting(widget: Any, value: str) -> str | float | None:
    """The value of a link as this widget can have it, or None."""
    if isinstance(widget, gr.Textbox):
        return value[: widget.max_length]
    if isinstance(widget, gr.Dropdown):
        return value if value in [name for _, name in widget.choices] else None
    try:
        number = float(value)
    except ValueError:
        return None
    if isinstance(widget, gr.Slider) and not widget.minimum <= number <= widget.maximum:
        return None
    return number if math.isfinite(number) else None


def _move_below(row: gr.Row, text: gr.Textbox) -> None:
    """The row was made at the page's end; its place is under the text's own box."""
    box: Any = text
    while not isinstance(box.parent, (gr.Column, gr.Tab)):
        box = box.parent
    assert row.parent is not None
    row.parent.children.remove(row)
    row.parent = box.parent
    box.parent.children.insert(box.parent.children.index(box) + 1, row)
