"""Inside: one prediction, followed through every stage of the model, and what it owes to each."""

from __future__ import annotations

from typing import Any

import gradio as gr

from gpt2_scratch.checks import check_integer
from gpt2_scratch.demo import limits
from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.boundary import on_model, on_page
from gpt2_scratch.demo.first_paint import first_paint
from gpt2_scratch.demo.inside_view import inside_view, what_if_view
from gpt2_scratch.demo.over_training_view import over_training_view
from gpt2_scratch.demo.serving import LANGUAGE_MODELS
from gpt2_scratch.demo.share_links import LinkedTab
from gpt2_scratch.demo.theme import looking_at, notice, notice_update, panel, sent
from gpt2_scratch.demo.written import token_characters
from gpt2_scratch.vocabulary.tokenizer import weights_dir

TEXTS = [
    "Once upon a time, there was a little",
    "The cat sat on the mat because the cat",
    "She opened the door and looked at the",
    "The capital of France is",
]
WHAT = """One forward pass of the model over your text, from the letters to the next [token]. Every
number is the model's own; open any stage to see its matrix, its formula and the lines of code that
compute it."""

EXPLANATION = """
- **Pictures**: a row for each token; orange is above 0, blue below. Colours follow square roots, so
  that small numbers can be told from none.
- **Layers**: what the output layer reads in the stream after each one, as in the
  [logit lens](https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru); the bars are the lengths of the
  vectors that attention and MLP add. The stream as the one thing that all layers read and write:
  [Elhage et al. 2021](https://transformer-circuits.pub/2021/framework/index.html).
- **Neurons**: the tokens beside one are those whose logits its output raises most
  ([Geva et al. 2022](https://arxiv.org/abs/2203.14680)).
- **What if**: a head is switched off by zeroing its part before the projection
  ([Michel et al. 2019](https://arxiv.org/abs/1905.10650)). What is left was not trained for that,
  and later layers may make up for the loss: effects of single heads do not add up.
"""


def build(demo: gr.Blocks, api: Api) -> LinkedTab:
    """The tab: its components and its events."""
    with gr.Tab("Inside", id="inside") as tab:
        looking_at(WHAT)
        unavailable = notice()
        with gr.Row():
            text = gr.Textbox(
                TEXTS[0],
                label=f"Text, at most {limits.INSIDE_TOKENS} tokens",
                max_lines=4,
                max_length=limits.INSIDE_CHARS,
                scale=5,
                min_width=260,
                elem_id="inside-text",
            )
            with gr.Column(scale=2, min_width=240), gr.Row():
                model = gr.Dropdown(
                    list(LANGUAGE_MODELS),
                    value="base",
                    label="Model",
                    min_width=100,
                    elem_id="inside-model",
                )
                run = gr.Button("Look inside", variant="primary", elem_id="look-inside")
        examples = gr.Examples(TEXTS, text, label="Texts to try", cache_examples=False)
        shown = gr.State(None)  # what the panels were drawn for: text and model
        linked = gr.Textbox(visible="hidden", max_length=60)  # the place that a link brought
        walk = panel(
            "inside.js",
            {},
            helpers=[
                "svg.js",
                "words.js",
                "tour.js",
                "inside_picture.js",
                "inside_matrix.js",
                "inside_softmax.js",
            ],
            style="inside.css",
            elem_id="inside",
        )
        what_if = panel(
            "what_if.js",
            {},
            helpers=["svg.js", "words.js"],
            style="what_if.css",
            elem_id="what-if",
        )
        training = panel(
            "over_training.js",
            {},
            helpers=["svg.js", "words.js"],
            style="what_if.css",
            elem_id="over-training",
        )
        with gr.Accordion("How to read this", open=False):
            gr.Markdown(EXPLANATION)

    def show(text: str, model: str) -> tuple[Any, ...]:
        """The walk, opened at a head that matters much for this prediction."""
        switches = what_if_view(api, text, model)
        heads = switches["most_important"] or [(0, 0)]
        return inside_view(api, text, model, heads), switches, (text, model)

    def prepared(text: str, model: str, shown: Any, linked: str) -> tuple[Any, ...]:
        """The example that was computed beforehand. It is 150 kB, so it comes with the tab and not
        with the page."""
        walked, switches = (first_paint(api.registry, part) for part in ("inside", "what_if"))
        if shown or linked or not walked or (text, model) != (TEXTS[0], "base"):
            return gr.skip(), gr.skip(), gr.skip()
        return walked, switches, (text, model)

    def opened(text: str, model: str, shown: Any, linked: str) -> tuple[Any, ...]:
        """The tab is not empty when it is opened, and shows no error that nobody asked for."""
        if shown == (text, model) or api.registry.problem(model):
            return gr.skip(), gr.skip(), gr.skip()
        if shown or not linked:
            return show(text, model)
        layer, head, position, stage = linked_place(linked)
        walked = inside_view(api, text, model, [(layer, head)])
        walked["open"] = {"position": position, "stage": stage}
        return walked, what_if_view(api, text, model), (text, model)

    def other_layer(shown: Any, event: gr.EventData) -> dict[str, Any]:
        """A click on a layer, for the text that the picture shows."""
        text, model = _of(shown)
        return inside_view(api, text, model, [(sent(event, "layer"), sent(event, "head"))])

    def switched(shown: Any, event: gr.EventData) -> dict[str, Any]:
        """A click on heads or layers to be off."""
        text, model = _of(shown)
        return what_if_view(api, text, model, sent(event, "heads"), sent(event, "layers"))

    def appended(shown: Any, event: gr.EventData) -> tuple[Any, ...]:
        """The token that was drawn is put to the text, and the walk starts anew."""
        text, model = _of(shown)
        _, tokenizer, _ = api.read(text, model)
        last = tokenizer.vocab_size - 1
        token_id = check_integer("token_id", sent(event, "token_id"), 0, last)
        characters = token_characters(tokenizer, token_id)
        if characters is None:
            raise ValueError("This token ends a text or is half a character: draw another one.")
        return (text + characters, *show(text + characters, model))

    outputs = [walk, what_if, shown]
    tried = examples.load_input_event.then
    for asked in (run.click, text.submit, model.input, tried):
        on_model(asked, show, [text, model], outputs, show_progress="minimal")
    inputs = [text, model, shown, linked]
    first = on_page(tab.select, prepared, inputs, outputs, show_progress="hidden")
    on_model(first.then, opened, inputs, outputs, show_progress="hidden")
    on_model(walk.select, other_layer, shown, walk, show_progress="hidden")
    on_model(walk.submit, appended, shown, [text, *outputs], show_progress="hidden")
    on_model(what_if.select, switched, shown, what_if, show_progress="hidden")
    on_page(
        tab.select,
        lambda: over_training_view(weights_dir()),
        None,
        training,
        show_progress="hidden",
    )
    on_page(demo.load, lambda: notice_update(api.registry.problem("base")), None, unavailable)
    return LinkedTab.of("inside", "Inside", text, model=model, place=linked)


def linked_place(linked: str) -> tuple[int, int, int, str]:
    """Layer, head, position and stage of a link, as "2.0.5.weights". ValueError if it is none."""
    try:
        layer, head, position, stage = linked.split(".")
        return int(layer), int(head), int(position), stage
    except ValueError as error:
        raise ValueError("The link is damaged: its place cannot be shown.") from error


def _of(shown: tuple[str, str] | None) -> tuple[str, str]:
    """Text and model that the panels show."""
    if shown is None:
        raise ValueError("Nothing is shown yet: press Look inside first.")
    return shown
