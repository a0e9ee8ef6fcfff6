"""Generate: a text is continued, token by token, and what may come next is shown beside it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import gradio as gr

from gpt2_scratch.beam_search import stream_beams
from gpt2_scratch.checks import check_integer
from gpt2_scratch.demo import limits
from gpt2_scratch.demo.api import Api, Generated, NextToken
from gpt2_scratch.demo.boundary import on_model, on_page, on_stream
from gpt2_scratch.demo.first_paint import SEED, first_paint
from gpt2_scratch.demo.lenses import Lens
from gpt2_scratch.demo.registry import OPENAI, Registry, parameters
from gpt2_scratch.demo.settings import new_tokens, seed_field, shaping
from gpt2_scratch.demo.theme import clicked_text, notice, notice_update, panel, visible
from gpt2_scratch.demo.written import token_characters, written_tokens
from gpt2_scratch.vocabulary.tokenizer import Tokenizer

Written = tuple[str, Generated]  # a prompt and what followed

PROMPTS = [
    "Once upon a time there was a little girl who lived near the forest. One day",
    "The heart is a muscle that",
    "In 1921 the city became the capital of",
    "“I do not believe a word of it,” said the detective,",
    "My fellow citizens, the state of our Union is",
]
BEAM_SEARCH = f"""Instead of drawing tokens, keep the few most probable texts and extend each by
every token. What it finds is likely, and often dull: it repeats itself. At most
{limits.BEAM_TOKENS} new tokens; the other settings have no part in it."""
NOBODY = ""  # what a model is compared with at first
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
                with gr.Row():
                    output = panel(
                        "continuation.js",
                        first_paint(api.registry, "generate"),
                        min_width=240,
                        elem_id="generated",
                    )
                    beside = panel(
                        "continuation.js",
                        {},
                        visible=False,
                        min_width=240,
                        elem_id="generated-beside",
                    )
                gr.Examples(PROMPTS, prompt, label="Prompts to try", cache_examples=False)
                with gr.Accordion("Beam search", open=False, elem_id="beam-search"):
                    gr.Markdown(BEAM_SEARCH, elem_classes="statistics")
                    num_beams = gr.Slider(
                        1, limits.BEAMS, 4, step=1, label="Beams", info="Texts kept at each step."
                    )
                    with gr.Row():
                        search = gr.Button(
                            "Search", size="sm", min_width=100, elem_id="search-beams"
                        )
                        stop_search = gr.Button(
                            "Stop", size="sm", min_width=100, elem_id="stop-beams"
                        )
                    found = panel("beams.js", {}, elem_id="beams")
            with gr.Column(scale=2, min_width=280):
                table = panel(
                    "next_token.js", first_paint(api.registry, "next_token"), elem_id="next-token"
                )
                with gr.Group():
                    choices = _model_choices(api.registry)
                    with gr.Row():
                        model = gr.Dropdown(
                            choices,
                            value="base",
                            label="Model",
                            info="gpt2: OpenAI's, fetched once chosen.",
                            min_width=120,
                            elem_id="generate-model",
                        )
                        other = gr.Dropdown(
                            [("nothing", NOBODY), *choices],
                            value=NOBODY,
                            label="Compare with",
                            info="On the same prompt, with the same dice.",
                            min_width=120,
                            elem_id="generate-other",
                        )
                    arrival = panel("arrival.js", {}, elem_id="arrival")
                    shape = shaping("", temperature=0.8)
                    max_new_tokens = new_tokens("", 100)
                    seed = seed_field("")

    # What was written last, one (prompt, Generated) per model. On the server, for this visitor.
    last = gr.State([])
    names = [*shape.by_name, "max_new_tokens", "seed"]

    def generate(prompt: str, *inputs: Any) -> Iterator[tuple[Any, ...]]:
        *values, model, other = inputs
        settings: dict[str, Any] = dict(zip(names, values, strict=True))
        results: list[Written] = []
        for result in api.generate(prompt, **settings, model=model):
            results = [(prompt, result)]
            yield _drawing(prompt, result, running=True), {}, results
        if other == NOBODY:
            return
        settings["seed"] = results[0][1]["seed"]  # the same dice for both
        for result in api.generate(prompt, **settings, model=other):
            both = [*results, (prompt, result)]
            yield _drawing(*results[0]), _drawing(prompt, result, running=True), both

    def explain(last: list[Written]) -> Iterator[tuple[Any, ...]]:
        """The finished or stopped texts once more, now with what each token might have been."""
        drawings = [gr.skip(), gr.skip()]
        for i, (prompt, result) in enumerate(last):
            tokens = written_tokens(api.registry, result["model"], prompt, result["token_ids"])
            drawings[i] = _drawing(prompt, result, tokens)
            yield tuple(drawings)
            drawings[i] = gr.skip()

    def search_beams(
        prompt: str, num_beams: int, max_new_tokens: int, name: str
    ) -> Iterator[dict[str, Any]]:
        gpt, tokenizer = api.registry.language_model(name)
        most = min(limits.check_new_tokens(max_new_tokens), limits.BEAM_TOKENS)
        searching = stream_beams(
            gpt,
            tokenizer,
            limits.check_prompt(prompt),
            num_beams=check_integer("beams", num_beams, 1, limits.BEAMS),
            max_new_tokens=most,
            deadline=limits.DEADLINE_SECONDS,
        )
        for step, beams in enumerate(searching, start=1):
            found = [{"text": beam.text, "score": beam.score} for beam in beams]
            yield {"beams": found, "tokens": step, "most": most}

    def fetch(name: str) -> Iterator[dict[str, Any]]:
        """One of OpenAI's models is chosen: it is fetched, unless it is here."""
        if name in OPENAI:
            yield from _arrival(api.registry, name)
        else:
            yield {}

    def next_tokens(prompt: str, *inputs: Any) -> dict[str, Any]:
        *values, model = inputs
        shaped = dict(zip(shape.by_name, values, strict=True))
        try:
            rows = api.next_token(prompt, **shaped, model=model)
            _, tokenizer = api.registry.language_model(model)
        except ValueError as error:  # said in place: this runs at every key stroke
            return {"message": str(error)}
        return {"rows": candidate_rows(tokenizer, rows)}

    running = on_stream(
        run.click,
        generate,
        [prompt, *shape.widgets, max_new_tokens, seed, model, other],
        [output, beside, last],
        show_progress="minimal",  # the place in the line, and the seconds
        show_progress_on=[output],
        trigger_mode="once",
    )
    stopped = stop.click(None, cancels=[running], api_visibility="private", queue=False)
    for ended in (running.success, stopped.then):
        on_model(ended, explain, last, [output, beside], show_progress="hidden")
    searching = on_model(
        search.click,
        search_beams,
        [prompt, num_beams, max_new_tokens, model],
        found,
        show_progress="minimal",
        trigger_mode="once",
    )
    for button in (stop, stop_search):
        button.click(None, cancels=[searching], api_visibility="private", queue=False)
    on_page(table.select, _append_candidate, prompt, prompt)
    for shown in (output, beside):
        # "Keep this seed": of the text that is shown, which at first is the prepared example
        on_page(shown.submit, lambda last: last[0][1]["seed"] if last else SEED, last, seed)
        on_page(shown.select, clicked_text, None, prompt)  # an alternative to write on from
    on_page(other.change, lambda name: gr.update(visible=name != NOBODY), other, beside)
    chosen = [
        changed(
            fetch,
            chosen_model,
            arrival,
            api_visibility="private",
            concurrency_limit=2,  # in a line of its own: a download takes minutes
            show_progress="hidden",
        )
        for changed, chosen_model in ((model.change, model), (other.change, other))
    ]
    looked_at: list[Any] = [prompt, *shape.widgets, model]
    for changed in [demo.load, chosen[0].success, *(part.change for part in looked_at)]:
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
        drawn=output,
        run=run,
        model=model,
        compare=other,
        **shape.by_name,
        max_new_tokens=max_new_tokens,
        seed=seed,
    )


def _append_candidate(prompt: str, clicked: gr.EventData) -> str:
    """A click on a token of the table puts it to the prompt."""
    return limits.check_prompt(prompt) + clicked_text(clicked)


def _model_choices(registry: Registry) -> list[tuple[str, str]]:
    """(what is shown, name): the source is added where it is another, as after `--model gpt2`."""
    ours = [
        (name if registry.source(name) == name else f"{name} ({registry.source(name)})", name)
        for name in ("base", "chat")
    ]
    openai = [(f"{name}, {parameters(name) / 1e6:,.0f}M", name) for name in OPENAI]
    return ours + openai


def _arrival(registry: Registry, name: str) -> Iterator[dict[str, Any]]:
    """Fetch a model in a thread of its own and tell how far it is, as arrival.js draws it."""
    seen: dict[str, Any] = {"done": 0, "total": 0, "problem": None}

    def work() -> None:
        try:
            registry.fetch(name, lambda done, total: seen.update(done=done, total=total))
        except ValueError as error:
            seen["problem"] = str(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    # huggingface_hub asks six times, for half a minute, before it takes the Hub for out of reach
    yield {"message": f"Asking the Hub for {name}", "part": 0}
    while thread.is_alive():
        thread.join(0.3)
        if seen["total"] and thread.is_alive():
            megabytes = f"{seen['done'] / 1e6:,.0f} of {seen['total'] / 1e6:,.0f} MB"
            part = min(1.0, seen["done"] / seen["total"])
            yield {"message": f"Fetching {name} from the Hub: {megabytes}", "part": part}
    yield {"message": seen["problem"]} if seen["problem"] else {}


def candidate_rows(tokenizer: Tokenizer, rows: list[NextToken]) -> list[dict[str, Any]]:
    """The next-token table as next_token.js draws it."""
    return [
        {
            **row,
            "token": visible(row["token"]),
            "text": token_characters(tokenizer, row["token_id"]),
        }
        for row in rows
    ]


def _drawing(
    prompt: str,
    result: Generated,
    tokens: list[dict[str, Any]] | None = None,
    running: bool = False,
) -> dict[str, Any]:
    """What continuation.js draws."""
    statistics = [
        result["model"],
        f"{result['tokens']} token{'s' * (result['tokens'] != 1)}",
        f"{result['tokens_per_second']:g} tokens/s",
        f"first token after {1000 * result['time_to_first_token']:.0f} ms",
        f"seed {result['seed']}",
    ]
    if result["window_moved"]:
        statistics.append("the oldest text has left the context window")
    if result["finish_reason"]:
        statistics.append(FINISHED[result["finish_reason"]])
    return {
        "prompt": prompt,
        "text": result["text"],
        "seed": result["seed"],
        "statistics": statistics,
        "tokens": tokens,
        "running": running,
    }
