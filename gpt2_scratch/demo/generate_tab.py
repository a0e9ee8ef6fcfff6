"""Generate: a text is continued, token by token, and what may come next is shown beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from gpt2_scratch import limits
from gpt2_scratch.demo.api import Api, Generated
from gpt2_scratch.demo.boundary import on_model, on_page
from gpt2_scratch.demo.registry import Registry
from gpt2_scratch.demo.theme import notice, notice_update, panel, visible

PROMPTS = [
    "Once upon a time there was a little girl who lived near the forest. One day",
    "The heart is a muscle that",
    "In 1921 the city became the capital of",
    "“I do not believe a word of it,” said the detective,",
    "My fellow citizens, the state of our Union is",
]
FINISHED = {
    "stop": "the model ended the text",
    "length": "as long as asked for",
    "deadline": f"cut off after {limits.DEADLINE_SECONDS:g} seconds",
}


def build(demo: gr.Blocks, api: Api) -> None:
    """The tab: its components and its events."""
    with gr.Tab("Generate", id="generate"):
        unavailable = notice()
        with gr.Row():
            with gr.Column(scale=3, min_width=280):
                prompt = gr.Textbox(
                    PROMPTS[0],
                    label="Prompt",
                    lines=4,
                    max_lines=12,
                    max_length=limits.PROMPT_CHARS,
                    elem_id="prompt",
                )
                with gr.Row():
                    run = gr.Button(
                        "Generate", variant="primary", min_width=120, elem_id="generate"
                    )
                    stop = gr.Button("Stop", min_width=120, elem_id="stop-generate")
                output = panel("continuation.js", {}, elem_id="generated")
                with gr.Row():
                    statistics = gr.Markdown(elem_id="statistics", elem_classes="statistics")
                    reuse = gr.Button(
                        "Keep this seed",
                        size="sm",
                        scale=0,
                        min_width=130,
                        visible=False,
                        elem_id="reuse-seed",
                    )
                gr.Examples(PROMPTS, prompt, label="Prompts to try", cache_examples=False)
            with gr.Column(scale=2, min_width=280):
                gr.Markdown(
                    "**What may come next**, at the end of the prompt", elem_classes="heading"
                )
                table = panel("next_token.js", {}, elem_id="next-token")
                with gr.Group():
                    model = gr.Dropdown(
                        _model_choices(api.registry),
                        value="base",
                        label="Model",
                        elem_id="generate-model",
                    )
                    temperature = gr.Slider(
                        0,
                        2,
                        0.8,
                        step=0.05,
                        label="Temperature",
                        info="Low is careful, high is bold; 0 always takes the likeliest token.",
                        elem_id="temperature",
                    )
                    top_k = gr.Slider(
                        0,
                        200,
                        50,
                        step=1,
                        label="Top-k",
                        info="Draw from the k likeliest tokens only; 0 is off.",
                    )
                    top_p = gr.Slider(
                        0.05,
                        1,
                        1,
                        step=0.05,
                        label="Top-p",
                        info="Draw from the likeliest tokens that make up this share; 1 is off.",
                    )
                    repetition_penalty = gr.Slider(
                        1,
                        2,
                        1,
                        step=0.05,
                        label="Repetition penalty",
                        info="Makes tokens that are already there less likely; 1 is off.",
                    )
                    max_new_tokens = gr.Slider(
                        1,
                        limits.NEW_TOKENS,
                        100,
                        step=1,
                        label="New tokens, at most",
                        elem_id="max-new-tokens",
                    )
                    seed = gr.Number(
                        -1,
                        label="Seed",
                        info="The same seed gives the same text; -1: a new one each time.",
                        precision=0,
                        elem_id="seed",
                    )

    last_seed = gr.State()

    def generate(prompt: str, *settings: Any) -> Iterator[tuple[Any, ...]]:
        for result in api.generate(prompt, *settings):
            written = {"prompt": prompt, "text": result["text"]}
            yield written, _statistics(result), result["seed"], gr.update(visible=True)

    def next_tokens(
        prompt: str,
        temperature: float,
        top_k: int,
        top_p: float,
        repetition_penalty: float,
        model: str,
    ) -> dict[str, Any]:
        try:
            rows = api.next_token(
                prompt, temperature, top_k, top_p, repetition_penalty, model=model
            )
        except ValueError as error:  # said in place: this runs at every key stroke
            return {"message": str(error)}
        return {"rows": [{**row, "token": visible(row["token"])} for row in rows]}

    shaping: list[Any] = [temperature, top_k, top_p, repetition_penalty]
    running = on_model(
        run.click,
        generate,
        [prompt, *shaping, max_new_tokens, seed, model],
        [output, statistics, last_seed, reuse],
        show_progress="minimal",  # the place in the line, and the seconds
        show_progress_on=[output],
        trigger_mode="once",
    )
    stop.click(None, cancels=[running], api_visibility="private", queue=False)
    on_page(reuse.click, lambda last: last, last_seed, seed)
    for changed in [demo.load, *(part.change for part in (prompt, *shaping, model))]:
        on_model(
            changed,
            next_tokens,
            [prompt, *shaping, model],
            table,
            show_progress="hidden",
            trigger_mode="always_last",
        )
    on_page(demo.load, lambda: notice_update(api.registry.problem("base")), None, unavailable)


def _model_choices(registry: Registry) -> list[tuple[str, str]]:
    """(what is shown, name): the source is added where it is another, as after `--model gpt2`."""
    return [
        (name if registry.source(name) == name else f"{name} ({registry.source(name)})", name)
        for name in ("base", "chat")
    ]


def _statistics(result: Generated) -> str:
    """One line of Markdown; it holds numbers and our own words, nothing that a visitor wrote."""
    parts = [
        f"**{result['tokens']} tokens**",
        f"{result['tokens_per_second']:g} tokens/s",
        f"first token after {1000 * result['time_to_first_token']:.0f} ms",
        f"seed {result['seed']}",
    ]
    if result["window_moved"]:
        parts.append("the oldest text has left the context window")
    if result["finish_reason"]:
        parts.append(FINISHED[result["finish_reason"]])
    return " · ".join(parts)
