"""What the Generate tab's buttons do: a text is written at once, slowly or step by step.

The server keeps nothing of it. A text is its prompt, its model and the ids that were written; the
page has them in what it shows, and sends them along to be gone on with, explained or linked to.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import gradio as gr

from gpt2_scratch.checks import check_integer, checked_ids
from gpt2_scratch.demo import limits
from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.api_types import Generated, NextToken
from gpt2_scratch.demo.pieces import pieces
from gpt2_scratch.demo.registry import WRITERS
from gpt2_scratch.demo.theme import clicked_text, sent, visible
from gpt2_scratch.demo.written import token_characters, written_tokens
from gpt2_scratch.vocabulary.tokenizer import Tokenizer

SHAPING = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty")
SETTINGS = (*SHAPING, "max_new_tokens", "seed")
NOBODY = ""  # what a model is compared with at first
TAIL = 32  # characters of a text that say after what the table looks
FINISHED = {
    "stop": "the model ended the text",
    "length": "as long as asked for",
    "deadline": f"cut off after {limits.DEADLINE_SECONDS:g} seconds",
}
# What the panels show goes back without what can be computed: `short` of page.js, once it is there.
SHORT = "(...values) => window.short?.(values) ?? values"


@dataclass(frozen=True)
class Text:
    """A prompt, and the tokens with which a model has continued it so far."""

    prompt: str
    model: str
    ids: list[int]

    @classmethod
    def of(cls, value: object) -> Text | None:
        """The text that a panel says it shows, if it shows one. ValueError if it cannot be one."""
        if not isinstance(value, Mapping) or not value.get("model"):
            return None
        return cls(
            limits.check_prompt(value.get("prompt")),
            limits.check_choice(value["model"], "model", WRITERS),
            limits.check_written(value.get("ids")),
        )


class Writing:
    """The events of the tab: values of its widgets come in, what its panels draw goes out."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def generate(self, prompt: str, *inputs: Any) -> Iterator[tuple[Any, ...]]:
        """A text by the model, and beside it one by the other; or the text that a link brought."""
        *values, model, other, linked = inputs
        settings = named(SETTINGS, values)
        first: dict[str, Any] = {"seed": settings["seed"]}
        text = linked_text(prompt, linked)
        if text and text.model == model:
            first |= self.finished(text, "as the link has it")
            yield first, {}, ""
        else:
            for result in self.api.generate(prompt, **settings, model=model):
                first = drawing(prompt, result)
                yield first, {}, ""
        if other == NOBODY:
            return
        settings["seed"] = first["seed"]  # the same dice for both
        for result in self.api.generate(prompt, **settings, model=other):
            yield first | {"running": False}, drawing(prompt, result), ""

    def branch(self, event: gr.EventData, *values: Any) -> Iterator[dict[str, Any]]:
        """Another token is chosen at some place of a text: the model writes on from there."""
        text = Text.of({name: sent(event, name) for name in ("prompt", "model", "ids")})
        if text is None:
            raise ValueError("There is no text yet to go on with: generate one first.")
        settings = named(SETTINGS, values)
        for result in self.api.generate(
            text.prompt, **settings, model=text.model, written=text.ids
        ):
            yield drawing(text.prompt, result)

    def explain(self, *shown: Any) -> Iterator[tuple[Any, ...]]:
        """The finished or stopped texts once more, now with what each token might have been."""
        updates: list[Any] = [gr.skip() for _ in shown]
        for i, value in enumerate(shown):
            if text := Text.of(value):
                tokens = self.tokens(text)
                updates[i] = {**value, "tokens": tokens, "running": False}
                yield tuple(updates)
                updates[i] = gr.skip()

    def step(self, prompt: str, *inputs: Any) -> tuple[Any, Any]:
        """One token more: after what was written step by step, else after the prompt."""
        *values, model, shown = inputs
        text = Text.of(shown) if isinstance(shown, Mapping) and shown.get("steps") else None
        if text is None or (text.prompt, text.model) != (prompt, model) or self.ended(text):
            text = Text(prompt, model, [])
        settings = named(SETTINGS, values)
        return self.grown(self.drawn(text, settings), settings)

    def slowly(self, prompt: str, *inputs: Any) -> Iterator[tuple[Any, Any]]:
        """Step after step, with a pause after each."""
        *values, model = inputs
        settings = named(SETTINGS, values)
        text, end = Text(prompt, model, []), time.monotonic() + limits.DEADLINE_SECONDS
        for left in reversed(range(limits.check_new_tokens(settings["max_new_tokens"]))):
            text = self.drawn(text, settings)
            shown, table = self.grown(text, settings)
            late = time.monotonic() > end
            if late:
                shown["statistics"].append(FINISHED["deadline"])
            running = bool(left) and not self.ended(text) and not late
            yield shown | {"running": running}, table
            if not running:
                return
            time.sleep(limits.SLOW_SECONDS)

    def take(self, event: gr.EventData, prompt: str, *values: Any) -> tuple[Any, ...]:
        """A click on a token of the table puts it to the text that was grown, or to the prompt."""
        text = Text.of(sent(event, "after"))
        if text is None:
            return limits.check_prompt(prompt) + clicked_text(event), gr.skip(), gr.skip()
        limits.check_room(text.ids)
        token_id = check_integer("token_id", sent(event, "token_id"), 0, limits.TOKEN_IDS)
        settings = named(SETTINGS, values)
        return gr.skip(), *self.grown(replace(text, ids=[*text.ids, token_id]), settings)

    def look(self, prompt: str, *inputs: Any) -> tuple[Any, Any]:
        """The table for what the widgets say now, and the prompt's pieces where they are open."""
        *values, model, table, opened = inputs
        if not self.api.registry.is_here(model):  # it is on its way, and says so elsewhere
            return gr.skip(), gr.skip()
        shaping = named(SHAPING, values)
        try:
            text = Text.of(table.get("after")) if isinstance(table, Mapping) else None
            if text is None or (text.prompt, text.model) != (prompt, model):
                text = Text(prompt, model, [])  # not the text that grows by steps
            looked = self.table(text, shaping)
        except ValueError as error:  # said in place: this runs at every key stroke
            looked = {"message": str(error)}
        return looked, pieces(self.api, prompt) if opened else gr.skip()

    def drawn(self, text: Text, settings: Mapping[str, Any]) -> Text:
        """The text with one token more. Each place has dice of its own: seed, seed + 1, ..."""
        seed = settings["seed"]
        if seed not in (None, -1):
            seed = (seed + len(text.ids)) % 2**32
        one = {**settings, "max_new_tokens": 1, "seed": seed}
        *_, result = self.api.generate(text.prompt, **one, model=text.model, written=text.ids)
        return replace(text, ids=result["token_ids"])

    def grown(self, text: Text, settings: Mapping[str, Any]) -> tuple[Any, Any]:
        """A text that grows by steps, and what may come next after it."""
        shown = self.finished(text, "step by step") | {"steps": True}
        if self.ended(text):
            return shown, {"message": "The model has ended the text."}
        table = self.table(text, {name: settings[name] for name in SHAPING})
        return shown, table | {"after": asdict(text)}

    def table(self, text: Text, shaping: Mapping[str, Any]) -> dict[str, Any]:
        """What may come next after a text, as next_token.js draws it."""
        rows = self.api.next_token(text.prompt, **shaping, model=text.model, written=text.ids)
        _, tokenizer = self.api.registry.language_model(text.model)
        whole = text.prompt + tokenizer.decode(text.ids)
        looked = {"rows": candidate_rows(tokenizer, rows), "tail": tail(whole)}
        return looked | ({"after": asdict(text)} if text.ids else {})

    def finished(self, text: Text, how: str) -> dict[str, Any]:
        """A text that is there already, with what each token might have been."""
        tokens = self.tokens(text)
        return {
            **asdict(text),
            "text": "".join(token["text"] for token in tokens),
            "statistics": [text.model, counted(len(text.ids)), how],
            "tokens": tokens,
            "link": link(text),
        }

    def tokens(self, text: Text) -> list[dict[str, Any]]:
        """What each token of a text might have been."""
        _, tokenizer = self.api.registry.language_model(text.model)
        if text.ids:
            checked_ids(text.ids, tokenizer.vocab_size)
        return written_tokens(self.api.registry, text.model, text.prompt, text.ids)

    def ended(self, text: Text) -> bool:
        """Whether the model has ended the text, or no more fits."""
        _, tokenizer = self.api.registry.language_model(text.model)
        return text.ids[-1:] == [tokenizer.eot_id] or len(text.ids) >= limits.NEW_TOKENS


def named(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    """The values of the tab's widgets, which an event sends in this order."""
    return dict(zip(names, values, strict=True))


def drawing(prompt: str, result: Generated) -> dict[str, Any]:
    """A text that is being written, as continuation.js draws it."""
    statistics = [
        result["model"],
        counted(result["tokens"]),
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
        "model": result["model"],
        "ids": result["token_ids"],
        "text": result["text"],
        "seed": result["seed"],
        "statistics": statistics,
        "tokens": None,
        "running": True,
        "link": link(Text(prompt, result["model"], result["token_ids"]), result["seed"]),
    }


def candidate_rows(tokenizer: Tokenizer, rows: list[NextToken]) -> list[dict[str, Any]]:
    """The rows of the next-token table as next_token.js draws them."""
    return [
        {
            **row,
            "token": visible(row["token"]),
            "text": token_characters(tokenizer, row["token_id"]),
        }
        for row in rows
    ]


def tail(text: str) -> str:
    """The end of a text, on one line."""
    return ("…" if len(text) > TAIL else "") + text[-TAIL:].replace("\n", "⏎")


def counted(tokens: int) -> str:
    """1 token, 2 tokens."""
    return f"{tokens} token{'s' * (tokens != 1)}"


def link(text: Text, seed: int | None = None) -> dict[str, Any]:
    """What a link carries of a text: "base:12.345.6" says who wrote it and which tokens."""
    carried = {"model": text.model, "written": f"{text.model}:{'.'.join(map(str, text.ids))}"}
    return carried if seed is None else {**carried, "seed": seed}


def linked_text(prompt: str, value: str) -> Text | None:
    """The text that a link carried, if any. ValueError if it is damaged."""
    if not value:
        return None
    model, _, ids = value.partition(":")
    try:
        return Text.of(
            {"prompt": prompt, "model": model, "ids": [int(part) for part in ids.split(".")]}
        )
    except ValueError as error:
        raise ValueError("The link is damaged: its text cannot be shown.") from error
