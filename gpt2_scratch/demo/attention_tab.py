"""Attention: what each head looks at while the model reads a text."""

from __future__ import annotations

import base64
from typing import Any

import gradio as gr
import numpy as np

from gpt2_scratch import limits
from gpt2_scratch.demo.api import Api, Attention
from gpt2_scratch.demo.boundary import on_model, on_page
from gpt2_scratch.demo.registry import MODELS
from gpt2_scratch.demo.theme import notice, notice_update, panel, visible

TEXTS = [
    "The cat sat on the mat because the cat was tired.",
    "When Mary and John went to the store, John gave a drink to Mary.",
    "one two three one two three one two three",
    "Congratulations! You have won a free ticket. Call now to claim your prize.",
]


def build(demo: gr.Blocks, api: Api) -> None:
    """The tab: its components and its events."""
    with gr.Tab("Attention", id="attention") as tab:
        unavailable = notice()
        with gr.Row():
            text = gr.Textbox(
                TEXTS[0],
                label="Text",
                info=f"At most {limits.ATTENTION_TOKENS} tokens.",
                lines=2,
                max_lines=6,
                max_length=limits.ATTENTION_CHARS,
                scale=4,
                min_width=280,
                elem_id="attention-text",
            )
            with gr.Column(scale=1, min_width=200):
                model = gr.Dropdown(
                    list(MODELS), value="base", label="Model", elem_id="attention-model"
                )
                run = gr.Button("Show attention", variant="primary", elem_id="show-attention")
        gr.Examples(TEXTS, text, label="Texts to try", cache_examples=False)
        gr.Markdown(
            "A row of a map belongs to the token that reads, a column to the one that is read; the "
            "stronger the colour, the more of its attention goes there. No token can look ahead. "
            "Click a small map to enlarge it, point at a square or a token to read the weights.",
            elem_classes="statistics",
        )
        maps = panel("attention.js", {}, elem_id="attention-maps")

    def attention(text: str, model: str) -> dict[str, Any]:
        return _drawing(api.attention(text, model))

    def first_map(text: str, model: str) -> dict[str, Any]:
        """The tab is opened: not empty, and without an error that nobody asked for."""
        return {} if api.registry.problem(model) else attention(text, model)

    for asked in (run.click, text.submit, model.change):
        on_model(asked, attention, [text, model], maps, show_progress="minimal")
    on_model(tab.select, first_map, [text, model], maps, show_progress="hidden")
    on_page(demo.load, lambda: notice_update(api.registry.problem("base")), None, unavailable)


def _drawing(attention: Attention) -> dict[str, Any]:
    """What attention.js draws. One byte per weight: 64 tokens of 144 heads are 0.8 MB, not 4."""
    weights = np.asarray(attention["weights"])
    maps = np.rint(255 * weights).astype(np.uint8)  # (n_layer, n_head, T, T)
    return {
        "tokens": [visible(token) for token in attention["tokens"]],
        "token_ids": attention["token_ids"],
        "n_layer": attention["n_layer"],
        "n_head": attention["n_head"],
        "maps": base64.b64encode(maps.tobytes()).decode("ascii"),
    }
