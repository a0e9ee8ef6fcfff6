"""One text, many lenses: links that carry it to the other tabs, and one that brings a tab back.

A shared link holds a tab's inputs behind its `#`, which a browser does not send to any server. What
comes back from there can be anything, so `restored` takes a value only if its widget could have it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import gradio as gr

from gpt2_scratch.demo.boundary import IN_BROWSER, on_page


@dataclass(frozen=True)
class Lens:
    """A tab whose text can be carried.

    tab     its id
    text    where the text stands
    inputs  what a link restores, by the name in the link; `text` among them
    drawn   the panel that shows what was written, {prompt, seed, ...}; a link carries the seed
    run     the button that writes it again for who opens the link
    """

    tab: str
    title: str
    text: gr.Textbox
    inputs: dict[str, Any] = field(default_factory=dict)
    drawn: gr.HTML | None = None
    run: gr.Button | None = None

    @classmethod
    def of(
        cls,
        tab: str,
        title: str,
        text: gr.Textbox,
        *,
        drawn: gr.HTML | None = None,
        run: gr.Button | None = None,
        **inputs: Any,
    ) -> Lens:
        """With the text among the inputs."""
        return cls(tab, title, text, {"text": text, **inputs}, drawn, run)


# The link is in the address bar as well, for browsers that do not let a page write the clipboard.
COPY_LINK = """(...values) => {
  const names = %s;
  const link = new URLSearchParams({ tab: %r });
  names.forEach((name, i) => link.set(name, values[i] ?? ""));
  const drawn = values[names.length]; // a seed of -1 would show another text than this one
  const ours = drawn?.prompt === link.get("text") && Number.isInteger(drawn.seed);
  if (ours && link.get("seed") === "-1") link.set("seed", drawn.seed);
  history.replaceState(null, "", "#" + link);
  navigator.clipboard?.writeText(location.href).catch(() => {});
  return "Link copied";
}"""
# A link that is opened in a page which shows this app already changes no more than its end.
READ_LINK = """() => {
  window.addEventListener("hashchange", () => location.reload());
  return [location.hash];
}"""


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
  if (link.get("tab") === "%s" && names.every((name) => here.includes(name)))
    document.querySelector("#%s")?.click();
}"""


def connect(demo: gr.Blocks, lenses: Sequence[Lens]) -> None:
    """Put the links under each lens' text, and restore what the page's own address asks for."""
    for lens in lenses:
        with gr.Row(elem_classes="lenses", elem_id=f"lenses-{lens.tab}") as row:
            gr.HTML("Take this text to", elem_classes="hint", padding=False)
            for other in lenses:
                if other is not lens:
                    link = gr.Button(other.title, size="sm", scale=0, min_width=0)
                    carried = link.click(
                        None, lens.text, other.text, js="(text) => text", **IN_BROWSER
                    )
                    carried.then(None, js=OPEN_TAB % other.tab, **IN_BROWSER)
            share = gr.Button("Copy a link", size="sm", scale=0, min_width=0, elem_classes="share")
            share.click(
                None,
                [*lens.inputs.values(), *([lens.drawn] if lens.drawn else [])],
                share,
                js=COPY_LINK % (list(lens.inputs), lens.tab),
                **IN_BROWSER,
            )
        _move_below(row, lens.text)
    address = gr.Textbox(visible=False)
    everything = [widget for lens in lenses for widget in lens.inputs.values()]
    panels = [lens.drawn for lens in lenses if lens.drawn]
    read = on_page(
        demo.load,
        lambda address: restored(lenses, address),
        address,
        [*everything, *panels],
        js=READ_LINK,
        show_progress="hidden",
    )
    read.then(None, js=OPEN_LINKED_TAB, **IN_BROWSER)
    for lens in lenses:
        if lens.run:
            read.then(None, js=RUN_LINKED % (lens.tab, lens.run.elem_id), **IN_BROWSER)


def restored(lenses: Sequence[Lens], address: object) -> list[Any]:
    """What a link's end, `#tab=...&text=...`, makes of every lens' inputs, in their order.

    Then of the panels: what the page had prepared does not belong under another's prompt.
    """
    link = address.lstrip("#") if isinstance(address, str) else ""
    asked = {name: values[0] for name, values in parse_qs(link).items()}
    updates: list[Any] = []
    for each in lenses:
        for name, widget in each.inputs.items():
            wanted = asked.get(name) if each.tab == asked.get("tab") else None
            value = None if wanted is None else _fitting(widget, wanted)
            updates.append(gr.skip() if value is None else value)
    for each in lenses:
        if each.drawn:
            updates.append({} if each.tab == asked.get("tab") else gr.skip())
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
