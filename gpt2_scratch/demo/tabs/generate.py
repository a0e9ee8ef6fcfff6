"""Generate: a text is continued, token by token, and what may come next is shown beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from gpt2_scratch.demo import limits
from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.arrival import arrival, choices
from gpt2_scratch.demo.boundary import IN_BROWSER, on_model, on_page, on_stream
from gpt2_scratch.demo.first_paint import first_paint
from gpt2_scratch.demo.pieces import pieces
from gpt2_scratch.demo.settings import Shaping, new_tokens, seed_field, shaping
from gpt2_scratch.demo.share_links import LinkedTab
from gpt2_scratch.demo.theme import looking_at, notice, notice_update, panel
from gpt2_scratch.demo.writing import NOBODY, SHORT, Writing

WHAT = """A language model goes on with your text, one [token] at a time. The table shows what may
come next and how probable it is; the colours show how surprised the model was by what came."""

PROMPTS = [
    "Once upon a time there was a little girl who lived near the forest. One day",
    "The heart is a muscle that",
    "In 1921 the city became the capital of",
    "“I do not believe a word of it,” said the detective,",
    "My fellow citizens, the state of our Union is",
]


@dataclass(frozen=True)
class Paper:
    """Where it is written: the prompt, the buttons, and the texts of one model or two."""

    prompt: gr.Textbox
    run: gr.Button
    slow: gr.Button
    step: gr.Button
    stop: gr.Button
    output: gr.HTML
    beside: gr.HTML
    examples: Any  # of gr.Examples, which is a function to the type checker
    opened: gr.State  # whether the pieces of the prompt are shown
    cut: gr.Accordion
    pieces: gr.HTML


@dataclass(frozen=True)
class Choices:
    """What it is written by: the table of what may come next, the models and the settings."""

    table: gr.HTML
    model: gr.Dropdown
    other: gr.Dropdown
    arrival: gr.HTML
    shape: Shaping
    max_new_tokens: gr.Slider
    seed: gr.Number

    @property
    def settings(self) -> list[Any]:
        """The widgets of `writing.SETTINGS`."""
        return [*self.shape.widgets, self.max_new_tokens, self.seed]


def build(demo: gr.Blocks, api: Api) -> LinkedTab:
    """The tab: its components and its events."""
    with gr.Tab("Generate", id="generate"):
        looking_at(WHAT)
        unavailable = notice()
        with gr.Row():
            with gr.Column(scale=3, min_width=280, elem_classes="paper"):
                paper = _paper(api)
            with gr.Column(scale=2, min_width=280, elem_classes="choices"):
                choice = _choices(api)
        linked = gr.Textbox(visible="hidden", max_length=2_000)  # the text that a link brought

    writing = Writing(api)
    _connect_writing(writing, paper, choice, linked)
    _connect_table(demo, writing, paper, choice)
    _connect_arrival(api, choice)
    on_page(demo.load, lambda: notice_update(api.registry.problem("base")), None, unavailable)
    return LinkedTab.of(
        "generate",
        "Generate",
        paper.prompt,
        drawn=paper.output,
        run=paper.run,
        model=choice.model,
        compare=choice.other,
        **choice.shape.by_name,
        max_new_tokens=choice.max_new_tokens,
        seed=choice.seed,
        written=linked,
    )


def _paper(api: Api) -> Paper:
    prompt = gr.Textbox(
        PROMPTS[0],
        label="Prompt",
        lines=3,
        max_lines=12,
        max_length=limits.PROMPT_CHARS,
        elem_id="prompt",
    )
    with gr.Row(elem_classes="buttons"):
        run = gr.Button("Generate", variant="primary", scale=2, min_width=90, elem_id="generate")
        slow = gr.Button("Slowly", min_width=60, elem_id="slowly")
        step = gr.Button("Step", min_width=60, elem_id="step")
        stop = gr.Button("Stop", variant="stop", min_width=60, elem_id="stop-generate")
    with gr.Row():
        example = first_paint(api.registry, "generate")
        output = _text_panel("generated", example)
        beside = _text_panel("generated-beside", {}, visible=False)
    examples = gr.Examples(
        PROMPTS, prompt, label="Prompts to try", cache_examples=False, elem_id="prompts"
    )
    opened = gr.State(False)
    with gr.Accordion("How the prompt is cut into tokens", open=False, elem_id="cut") as cut:
        shown = panel("pieces.js", {}, elem_id="pieces")
    return Paper(prompt, run, slow, step, stop, output, beside, examples, opened, cut, shown)


def _text_panel(name: str, value: dict[str, Any], **options: Any) -> gr.HTML:
    return panel(
        "continuation.js", value, helpers=["branches.js"], min_width=240, elem_id=name, **options
    )


def _choices(api: Api) -> Choices:
    table = panel("next_token.js", first_paint(api.registry, "next_token"), elem_id="next-token")
    with gr.Group():
        writers = choices(api.registry)
        with gr.Row():
            model = gr.Dropdown(
                writers,
                value="base",
                label="Model",
                info="gpt2: OpenAI's, fetched once chosen.",
                min_width=120,
                elem_id="generate-model",
            )
            other = gr.Dropdown(
                [("nothing", NOBODY), *writers],
                value=NOBODY,
                label="Compare with",
                info="On the same prompt, with the same dice.",
                min_width=120,
                elem_id="generate-other",
            )
        coming = panel("arrival.js", {}, elem_id="arrival")
        shape = shaping("", temperature=0.8)
        max_new_tokens = new_tokens("", 100)
        seed = seed_field("")
    return Choices(table, model, other, coming, shape, max_new_tokens, seed)


def _connect_writing(writing: Writing, paper: Paper, choice: Choices, linked: gr.Textbox) -> None:
    """Generate, Slowly, Step and Stop, and what can be clicked in a text."""
    given = [paper.prompt, *choice.settings, choice.model]
    texts = [paper.output, paper.beside]
    progress: dict[str, Any] = {
        "show_progress": "minimal",  # the place in the line, and the seconds
        "show_progress_on": [paper.output],
        "trigger_mode": "once",
    }
    at_once = [
        on_stream(
            asked, writing.generate, [*given, choice.other, linked], [*texts, linked], **progress
        )
        for asked in (paper.run.click, paper.examples.load_input_event.then)
    ]
    branches = [
        on_stream(
            text.select,
            writing.branch,
            choice.settings,
            text,
            show_progress="hidden",
            trigger_mode="once",
        )
        for text in texts
    ]
    grown = [paper.output, choice.table]
    slowly = on_stream(paper.slow.click, writing.slowly, given, grown, **progress)
    on_model(
        paper.step.click,
        writing.step,
        [*given, paper.output],
        grown,
        js=SHORT,
        show_progress="hidden",
        trigger_mode="always_last",  # a click while the last step is still on its way counts
    )
    stopped = paper.stop.click(
        None, cancels=[*at_once, *branches, slowly], api_visibility="private", queue=False
    )
    for ended in (*(event.success for event in (*at_once, *branches)), stopped.then):
        on_model(ended, writing.explain, texts, texts, js=SHORT, show_progress="hidden")
    for text in texts:  # "Keep this seed"
        text.submit(None, text, choice.seed, js="(text) => text.seed", **IN_BROWSER)
    on_page(choice.other.change, _visible_beside, choice.other, paper.beside)


def _visible_beside(other: str) -> Any:
    """The second text is there while there is a second model."""
    return gr.update(visible=other != NOBODY)


def _connect_table(demo: gr.Blocks, writing: Writing, paper: Paper, choice: Choices) -> None:
    """The table and the prompt's pieces follow what is typed and set."""
    looked_at: list[Any] = [paper.prompt, *choice.shape.widgets, choice.model]
    on_model(
        partial(gr.on, [demo.load, *(part.change for part in looked_at)]),
        writing.look,
        [*looked_at, choice.table, paper.opened],
        [choice.table, paper.pieces],
        js=SHORT,
        show_progress="hidden",
        trigger_mode="always_last",
    )
    on_model(
        choice.table.select,
        writing.take,
        [paper.prompt, *choice.settings],
        [paper.prompt, paper.output, choice.table],
        show_progress="hidden",
    )
    on_page(
        paper.cut.expand,
        lambda prompt: (True, pieces(writing.api, limits.check_prompt(prompt))),
        paper.prompt,
        [paper.opened, paper.pieces],
        show_progress="hidden",
    )
    on_page(paper.cut.collapse, lambda: False, None, paper.opened, show_progress="hidden")


def _connect_arrival(api: Api, choice: Choices) -> None:
    """One of OpenAI's models comes from the Hub; until then the first of ours writes."""

    def fetched(name: str) -> Iterator[tuple[Any, Any]]:
        yield from arrival(api.registry, name, "base")

    def fetched_beside(name: str) -> Iterator[tuple[Any, Any]]:
        yield from arrival(api.registry, name, NOBODY)

    for dropdown, fetch in ((choice.model, fetched), (choice.other, fetched_beside)):
        dropdown.change(
            fetch,
            dropdown,
            [choice.arrival, dropdown],
            trigger_mode="once",  # the answer sets the dropdown, which is no question of its own
            api_visibility="private",
            concurrency_limit=2,  # in a line of its own: a download takes minutes
            show_progress="hidden",
        )
        # what was said of a model that did not come is over when another one is chosen
        dropdown.input(
            None,
            [dropdown, choice.arrival],
            choice.arrival,
            js='(name, said) => (name.startsWith("gpt2") ? said : {})',
            **IN_BROWSER,
        )
