"""Attention: what each head looks at while the model reads a text, and what each layer guesses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from gpt2_scratch.demo import limits
from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.attention_view import lens_view, maps_view
from gpt2_scratch.demo.boundary import on_model, on_page
from gpt2_scratch.demo.first_paint import first_paint
from gpt2_scratch.demo.registry import MODELS
from gpt2_scratch.demo.share_links import LinkedTab
from gpt2_scratch.demo.theme import looking_at, notice, notice_update, panel

WHAT = """How the model reads: in each layer, several [heads|head] share out the [attention] of each
[token] among those before it. Small maps show all heads and a large one shows one of them; below
stands what each layer would say next."""

TEXTS = [
    "The cat sat on the mat because the cat was tired.",
    "When Mary and John went to the store, John gave a drink to Mary.",
    "one two three one two three one two three",
    "Congratulations! You have won a free ticket. Call now to claim your prize.",
]
NOBODY = "nothing"  # what a model is compared with at first

EXPLANATION = """
**Three pictures of one head**: as a matrix, as arcs, and as lines from the tokens that read, on the
left, to what they read. A token that is written ‹e2 80› is a piece of a character, by its bytes.

A **row** of a map belongs to the token that reads, a **column** to a token that is read; a row's
weights sum to 100 %. No token can look ahead, so the upper half stays empty. The scale of colours
is that of the weights' square roots, so that small ones can be told from none.

An attention weight is where a head looks, and not by itself the reason for an answer
([Jain and Wallace 2019](https://arxiv.org/abs/1902.10186)).

- **entropy**: 0 bits, one token gets everything; 3 bits, as if eight tokens got the same.
- **looks back**: the mean distance in tokens, each weighted by its attention.
- **previous token**, **first token**: the mean share of that token. A head that has nothing to do
  rests on the first one ([Xiao et al. 2023](https://arxiv.org/abs/2309.17453)); hiding it scales
  up what is left of each row.
- **induction**: on 50 random tokens that are read twice, the share that goes to what came next the
  first time; such heads let a model go on with a pattern it has seen once
  ([Olsson et al. 2022](https://arxiv.org/abs/2209.11895)). It is the model's, not the text's.
- **rollout**: all layers multiplied, half of each being the residual connection: the share of a
  token's last state that came from each token
  ([Abnar and Zuidema 2020](https://arxiv.org/abs/2005.00928)).
- **logit lens**: the output layer reads what the stream holds after each layer, as if it were the
  last ([nostalgebraist 2020](https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru)). Early layers need
  not write in its terms. Spam has none: it does not write.
"""


def build(demo: gr.Blocks, api: Api) -> LinkedTab:
    """The tab: its components and its events."""
    with gr.Tab("Attention", id="attention") as tab:
        looking_at(WHAT)
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
            with gr.Column(scale=2, min_width=240), gr.Row():
                model = gr.Dropdown(
                    list(MODELS),
                    value="base",
                    label="Model",
                    min_width=100,
                    elem_id="attention-model",
                )
                other = gr.Dropdown(
                    [NOBODY, *MODELS],
                    value=NOBODY,
                    label="Compare with",
                    min_width=100,
                    elem_id="attention-other",
                )
                run = gr.Button("Show attention", variant="primary", elem_id="show-attention")
        examples = gr.Examples(TEXTS, text, label="Texts to try", cache_examples=False)
        shown = gr.State(None)  # what the panels were drawn for: text, model and the other one
        helpers = ["svg.js", "attention_map.js"]
        maps = panel(
            "attention.js",
            {},
            helpers=helpers,
            style="attention.css",
            elem_id="attention-maps",
        )
        lens = panel(
            "logit_lens.js",
            {},
            helpers=["svg.js"],
            elem_id="logit-lens",
        )
        with gr.Accordion("How to read this", open=False):
            gr.Markdown(EXPLANATION)

    def show(text: str, model: str, other: str) -> Iterator[Any]:
        """The maps first: of a large model the lens takes longer than they do."""
        compared = None if other == NOBODY else other
        yield maps_view(api.registry, text, model, compared), gr.skip(), (text, model, other)
        yield gr.skip(), lens_view(api.registry, text, model), gr.skip()

    def prepared(text: str, model: str, other: str, shown: Any) -> tuple[Any, ...]:
        """The example that was computed beforehand: it comes with the tab and not with the page."""
        asked = (text, model, other)
        painted, guesses = (first_paint(api.registry, part) for part in ("attention", "logit_lens"))
        if shown or not painted or asked != (TEXTS[0], "base", NOBODY):
            return gr.skip(), gr.skip(), gr.skip()
        return painted, guesses, asked

    def opened(text: str, model: str, other: str, shown: Any) -> Iterator[Any]:
        """The tab is not empty when it is opened, and shows no error that nobody asked for."""
        if shown == (text, model, other) or api.registry.problem(model):
            yield gr.skip(), gr.skip(), gr.skip()
        else:
            yield from show(text, model, other)

    inputs, outputs = [text, model, other], [maps, lens, shown]
    tried = examples.load_input_event.then
    for asked in (run.click, text.submit, model.input, other.input, tried):
        on_model(asked, show, inputs, outputs, show_progress="minimal")
    first = on_page(tab.select, prepared, [*inputs, shown], outputs, show_progress="hidden")
    on_model(first.then, opened, [*inputs, shown], outputs, show_progress="hidden")
    on_page(demo.load, lambda: notice_update(api.registry.problem("base")), None, unavailable)
    return LinkedTab.of("attention", "Attention", text, model=model, compare=other)
