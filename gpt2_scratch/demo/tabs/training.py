"""Training: curves, what it has cost, before and after, data and commands, from committed files."""

from __future__ import annotations

from typing import Any

import gradio as gr

from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.boundary import errors_for_visitors
from gpt2_scratch.demo.spam_figures import figures_text
from gpt2_scratch.demo.theme import looking_at, panel
from gpt2_scratch.demo.training_view import training_view
from gpt2_scratch.vocabulary.tokenizer import weights_dir

WHAT = """How the models were trained, what it has cost and what came of it: fewer [bits per byte]
are better. Nothing here is typed in; curves, figures, samples and commands are read from the files
that training and evaluation left beside the weights. Point at a curve to read it."""
# The tables: title, whether it is open at once, and columns with their width in pixels.
TABLES = {
    "held_out": (
        "Text that the language model has never read: fewer bits per byte are better",
        False,
        {"text": 400, "bits per byte": 160, "perplexity": 160, "tokens": 160},
    ),
    "answers": (
        "Before and after tuning: the language model and the assistant on the same instructions",
        True,
        {
            "instructions": 190,
            "of them": 80,
            "figure": 280,
            "before": 80,
            "after": 80,
            "why, if worse": 380,
        },
    ),
    "kinds": (
        "Right answers by kind of task",
        False,
        {
            "kind": 280,
            "instructions": 220,
            "of them": 80,
            "before": 80,
            "after": 80,
            "why, if worse": 350,
        },
    ),
    "samples": (
        "The same prompts before and at the end",
        True,
        {"model": 150, "before": 470, "after": 470},
    ),
    "data": ("What they have read", False, {"data": 200, "licence": 190, "whom to thank": 700}),
}


def build(demo: gr.Blocks, api: Api) -> None:
    """The tab. What is in it is made when it is opened: few visitors open it, and all wait for the
    page."""
    with gr.Tab("Training", id="training") as tab:
        looking_at(WHAT)

        @gr.render(triggers=[tab.select], queue=False, show_progress="hidden")
        def show() -> None:
            with errors_for_visitors():
                view = training_view(weights_dir())
                spam = figures_text(read_manifest().get("spam", {}))
            gr.Markdown(view["compute"], elem_id="training-compute")
            panel("training.js", view["curves"], helpers=["svg.js"], elem_id="training")
            for name, (title, is_open, columns) in TABLES.items():
                if view[name]:
                    with gr.Accordion(title, open=is_open):
                        _table(name, columns, view[name])
            with gr.Accordion("The spam filter on test messages", open=False):
                gr.Markdown(spam, elem_id="training-spam")
            if view["commands"]:
                with gr.Accordion("The commands that made the weights, word for word", open=False):
                    gr.Markdown(view["commands"], elem_id="training-commands")


def _table(name: str, columns: dict[str, int], rows: list[list[Any]]) -> None:
    gr.Dataframe(
        rows,
        headers=list(columns),
        datatype=["number" if isinstance(cell, (int, float)) else "str" for cell in rows[0]],
        column_widths=list(columns.values()),
        interactive=False,
        wrap=True,
        max_height=420,
        elem_id=f"training-{name.replace('_', '-')}",
    )
