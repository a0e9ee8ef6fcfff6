"""How the app looks and how it shows text: theme, stylesheet, and the two rules for tokens.

Colours come from gradio's variables, so that light and dark follow the visitor's choice; fonts are
the system's own, so that no page view is reported to a font server.

`panel` is the one way to show text as HTML of our own. gradio fills a template twice, first as
Handlebars, which escapes `<`, and then as a JavaScript template literal, which *runs* `${...}`:
text of a visitor or a model must not take that road, not even as `{{value}}`. Our panels therefore
have an empty template; their script builds the nodes and sets text as `textContent`, which is
never parsed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

HERE = Path(__file__).resolve().parent
PANELS = HERE / "panels"
STYLESHEET = HERE / "style.css"


def theme() -> gr.themes.Base:
    """Indigo on slate, with the visitor's own system fonts."""
    return gr.themes.Default(
        primary_hue="indigo",
        secondary_hue="blue",
        neutral_hue="slate",
        radius_size="lg",
        text_size=gr.themes.Size(  # gradio's own, but for its smallest, which few can read
            name="text",
            xxs="12px",
            xs="12px",
            sm="12px",
            md="14px",
            lg="16px",
            xl="22px",
            xxl="26px",
        ),
        font=("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"),
        font_mono=("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"),
    ).set(
        # white on gradio's own indigo has a contrast of 4.47 to 1, and WCAG asks for 4.5
        button_primary_background_fill="*primary_600",
        # gradio's own small print has one of 2.6
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        block_info_text_color="*neutral_500",
        block_info_text_color_dark="*neutral_400",
    )


def refused_script() -> str:
    """For the head of the page: it runs before gradio asks for what a frame may not have."""
    return f"<script>{(PANELS / 'refused.js').read_text(encoding='utf-8')}</script>"


def panel(
    script: str,
    value: Any = None,
    *,
    helpers: Sequence[str] = (),
    style: str | None = None,
    **options: Any,
) -> gr.HTML:
    """A gr.HTML whose `value` is data, drawn by a script of `panels` (see above).

    The script sees `element`, `props`, `watch` and `trigger`, and what dom.js and `helpers`, more
    scripts of that folder, define; it draws now and whenever `value` changes. Functions that it
    does not use do not travel. `style` is a sheet of that folder for this panel alone.
    """
    scripts = ("dom.js", "roving.js", *helpers, script)
    return gr.HTML(
        value,
        html_template="<div class='panel'></div>",
        css_template=compact(source(style)) if style else "",
        js_on_load=compact(_without_unused([source(name) for name in scripts])),
        apply_default_css=False,
        **options,
    )


def looking_at(text: str) -> gr.HTML:
    """The first line of a tab: what it shows. A [word] of words.js in it explains itself."""
    value = {"text": " ".join(text.split())}
    return panel(
        "looking_at.js", value, helpers=["words.js"], padding=False, elem_classes="looking-at"
    )


def source(name: str) -> str:
    """A file of `panels` without its comments' lines."""
    lines = (PANELS / name).read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("//"))


def _without_unused(scripts: Sequence[str]) -> str:
    """The scripts one after the other, but for functions that none of them names: each panel takes
    of the helpers what it needs."""
    whole = "\n".join(scripts)
    for function in re.finditer(r"^(?:async )?function (\w+)\(.*?^\}$", whole, re.DOTALL | re.M):
        if len(re.findall(rf"\b{function[1]}\b", whole)) == 1:
            return _without_unused([whole.replace(function[0], "")])
    return whole


def compact(script: str) -> str:
    """A script or a sheet without its indentation: the page is a fifth smaller.

    So no text in backquotes may go over several lines there.
    """
    return "\n".join(line for line in map(str.strip, script.splitlines()) if line)


def clicked_text(clicked: gr.EventData) -> str:
    """The text that a panel's script sends along with an event: trigger("select", { text })."""
    return str(sent(clicked, "text"))


def sent(event: gr.EventData, name: str) -> Any:
    """What a panel's script sends along by this name. ValueError if it did not."""
    try:
        return getattr(event, name)
    except (AttributeError, TypeError) as error:
        raise ValueError(f"The event has no {name}: reload the page, and try again.") from error


# Space, line feed and tab as people know them, the other control characters as Unicode's pictures.
_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {
    ord(" "): "·",
    ord("\n"): "⏎",
    ord("\t"): "⇥",
    0x7F: "␡",
}


def visible(token: str) -> str:
    """A token with its white space made visible: ` the` is another token than `the`."""
    return token.translate(_PICTURES)


def notice() -> gr.Markdown:
    """The place where a tab says that its model is missing, and which command makes it."""
    return gr.Markdown(visible=False, elem_classes="notice")


def notice_update(problem: str | None) -> Any:
    """What to show there: nothing, or the sentence that the endpoint answers with too."""
    return gr.update(value=problem or "", visible=problem is not None)
