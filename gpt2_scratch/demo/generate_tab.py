"""Generate: a text is continued, token by token, and what may come next is shown beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from gpt2_scratch import limits
from gpt2_scratch.demo.api import Api, Generated
from gpt2_scratch.demo.boundary import on_model, on_page, on_stream
from gpt2_scratch.demo.lenses import Lens
from gpt2_scratch.demo.registry import Registry
from gpt2_scratch.demo.settings import new_tokens, seed_field, shaping
from gpt2_scratch.demo.theme import clicked_text, notice, notice_update, panel, visible
from gpt2_scratch.demo.written import token_characters, written_tokens

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


def build(demo: gr.Blocks, api: Api) -> Lens:
    """The tab: its components and its events."""
    with gr.Tab("Generate", id="generate"):
        unavailable = notice()
        with gr.Row():
            with gr.Column(scale=3, min_width=280):
                prompt = gr.Textbox(
                    PROMPTS[0],
                    label="Prompt",
                    lines=3,
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
                gr.Examples(PROMPTS, prompt, label="Prompts to try", cache_examples=False)
            with gr.Column(scale=2, min_width=280):
                table = panel("next_token.js", {}, elem_id="next-token")
                with gr.Group():
                    model = gr.Dropdown(
                        _model_choices(api.registry),
                        value="base",
                        label="Model",
                        elem_id="generate-model",
                    )
                    shape = shaping("", temperature=0.8)
                    max_new_tokens = new_tokens("", 100)
                    seed = seed_field("")

    # What was written last: prompt, model and the Generated. Kept on the server, for this visitor.
    last = gr.State()

    def generate(prompt: str, *settings: Any) -> Iterator[tuple[Any, ...]]:
        for result in api.generate(prompt, *settings):
            yield {**_drawing(prompt, result), "running": True}, (prompt, result)

    def explain(last: tuple[str, Generated] | None) -> Any:
        """The finished or stopped text once more, now with what each token might have been."""
        if last is None:
            return gr.skip()
        prompt, result = last
        tokens = written_tokens(api.registry, result["model"], prompt, result["token_ids"])
        return {**_drawing(prompt, result), "tokens": tokens}

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
            _, tokenizer = api.registry.language_model(model)
        except ValueError as error:  # said in place: this runs at every key stroke
            return {"message": str(error)}
        return {
            "rows": [
                {
                    **row,
                    "token": visible(row["token"]),
                    "text": token_characters(tokenizer, row["token_id"]),
                }
                for row in rows
            ]
        }

    running = on_stream(
        run.click,
        generate,
        [prompt, *shape.widgets, max_new_tokens, seed, model],
        [output, last],
        show_progress="minimal",  # the place in the line, and the seconds
        show_progress_on=[output],
        trigger_mode="once",
    )
    stopped = stop.click(None, cancels=[running], api_visibility="private", queue=False)
    for ended in (running.success, stopped.then):
        on_model(ended, explain, last, output, show_progress="hidden")
    on_page(output.submit, lambda last: last[1]["seed"], last, seed)  # "Keep this seed"
    on_page(table.select, _append_candidate, prompt, prompt)
    on_page(output.select, clicked_text, None, prompt)  # an alternative to write on from
    looked_at: list[Any] = [prompt, *shape.widgets, model]
    for changed in [demo.load, *(part.change for part in looked_at)]:
        on_model(
            changed,
            next_tokens,
            looked_at,
            table,
            show_progress="hidden",
            trigger_mode="always_last",
        )
    on_page(demo.load, lambda: notice_update(api.registry.problem("base")), None, unavailable)
    return Lens.of(
        "generate",
        "Generate",
        prompt,
        model=model,
        **shape.by_name,
        max_new_tokens=max_new_tokens,
        seed=seed,
    )


def _append_candidate(prompt: str, clicked: gr.EventData) -> str:
    """A click on a token of the table puts it to the prompt."""
    return prompt + str(clicked.text)


def _model_choices(registry: Registry) -> list[tuple[str, str]]:
    """(what is shown, name): the source is added where it is another, as after `--model gpt2`."""
    return [
        (name if registry.source(name) == name else f"{name} ({registry.source(name)})", name)
        for name in ("base", "chat")
    ]


def _drawing(prompt: str, result: Generated) -> dict[str, Any]:
    """What continuation.js draws."""
    statistics = [
        f"{result['tokens']} token{'s' * (result['tokens'] != 1)}",
        f"{result['tokens_per_second']:g} tokens/s",
        f"first token after {1000 * result['time_to_first_token']:.0f} ms",
        f"seed {result['seed']}",
    ]
    if result["window_moved"]:
        statistics.append("the oldest text has left the context window")
    if result["finish_reason"]:
        statistics.append(FINISHED[result["finish_reason"]])
    return {"prompt": prompt, "text": result["text"], "statistics": statistics}
