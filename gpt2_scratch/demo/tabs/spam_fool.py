"""Fool the filter: a spam is rewritten until it passes, and its score moves with each word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from gpt2_scratch.demo import limits
from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.boundary import IN_BROWSER, on_model, on_page
from gpt2_scratch.demo.settings import after_a_pause
from gpt2_scratch.demo.theme import panel

TASK = """Rewrite this spam until it passes, and leave as many of its words as you can: what you
find is where the filter can be fooled. The score follows as you type."""
# What a panel shows, at another threshold: the browser compares.
AT_THRESHOLD = "(threshold, drawn) => ({ ...drawn, threshold })"


def build(api: Api, spam: Sequence[str], threshold: gr.Slider) -> None:
    """Its components and events; each pause in typing is one forward pass."""
    with gr.Accordion("Fool the filter", open=False, elem_id="fool"):
        gr.Markdown(TASK, elem_classes="statistics")
        with gr.Row():
            with gr.Column(min_width=280):
                text = gr.Textbox(
                    spam[0],
                    label="A spam, to be rewritten",
                    lines=4,
                    max_lines=8,
                    max_length=limits.MESSAGE_CHARS,
                    elem_id="fool-text",
                )
                another = gr.Button("Another spam", size="sm", elem_id="fool-another")
            with gr.Column(min_width=280):
                score = panel("fool.js", {}, style="fool.css", elem_id="fool-score")
    number = gr.State(0)  # of the spam that is rewritten

    def scored(text: str, number: int, limit: float) -> dict[str, Any]:
        try:
            limit = limits.check_threshold(limit)
            probability = api.classify(text)["spam_probability"]
        except ValueError as error:  # said in place: this runs at every pause in typing
            return {"problem": str(error)}
        kept, words = words_kept(spam[number], text)
        return {"of": number, "p": probability, "threshold": limit, "kept": kept, "words": words}

    def next_spam(number: int) -> tuple[int, str]:
        number = (number + 1) % len(spam)
        return number, spam[number]

    on_page(another.click, next_spam, number, [number, text])
    threshold.change(None, [threshold, score], score, js=AT_THRESHOLD, **IN_BROWSER)
    on_model(
        text.change,
        scored,
        [text, number, threshold],
        score,
        show_progress="hidden",
        trigger_mode="always_last",
        js=after_a_pause("fool"),
    )


def words_kept(original: str, text: str) -> tuple[int, int]:
    """How many of the words of `original` still stand in `text`, and how many there are."""
    left = text.lower().split()
    words = original.lower().split()
    kept = 0
    for word in words:
        if word in left:
            left.remove(word)
            kept += 1
    return kept, len(words)
