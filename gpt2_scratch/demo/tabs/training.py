"""How it was trained: curves, held-out figures, data and commands, from the committed logs."""

from __future__ import annotations

from typing import Any

import gradio as gr

from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.boundary import on_page
from gpt2_scratch.demo.theme import panel
from gpt2_scratch.demo.training_view import training_view
from gpt2_scratch.vocabulary.tokenizer import weights_dir

HEADING = """## How it was trained
Nothing here is typed in: curves, figures, samples and commands are read from the files that
training and evaluation left beside the weights.
"""


def build(demo: gr.Blocks, api: Api) -> None:
    """The tab: one panel, read when it is opened."""
    with gr.Tab("Training", id="training") as tab:
        gr.Markdown(HEADING, elem_classes="heading")
        figures = panel("training.js", {}, helpers=["svg.js"], elem_id="training")

    def read() -> dict[str, Any]:
        return training_view(weights_dir())

    on_page(tab.select, read, None, figures, show_progress="hidden")
