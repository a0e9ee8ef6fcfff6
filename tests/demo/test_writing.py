"""What the Generate tab makes of a text, without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gpt2_scratch.demo.api import TEMPLATE, Api
from gpt2_scratch.demo.arrival import time_left
from gpt2_scratch.demo.registry import Registry
from gpt2_scratch.demo.writing import Text, Writing, link, linked_text, tail
from gpt2_scratch.generation import TokenStep, stream_from_ids

SETTINGS = (0.8, 50, 1.0, 0.0, 1.0, 8, 1)  # of writing.SETTINGS


@pytest.fixture
def api(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    return Api(Registry())


def test_base_ends_where_it_would_write_the_template(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, tokenizer = api.registry.language_model("base")
    ids = tokenizer.encode(f"A heart.\n{TEMPLATE[2]} no")

    def steps(*args: Any, **options: Any) -> Any:
        """An engine whose model says this."""
        for token_id in ids[:-1]:
            yield _step(token_id, None)
        yield _step(ids[-1], "length")

    monkeypatch.setattr("gpt2_scratch.generation.generate_tokens", steps)
    gpt, _ = api.registry.language_model("base")

    def generate(
        model: str, prompt: str, settings: Any, new: int, stop: Any = (), written: Any = ()
    ) -> Any:
        return stream_from_ids(gpt, tokenizer, [1], settings, new, stop, None, written)

    monkeypatch.setattr(api.serving, "generate", generate)
    *_, result = api.generate("What?", seed=1)
    assert (result["text"], result["finish_reason"]) == ("A heart.\n", "stop")
    assert tokenizer.decode(result["token_ids"]) == "A heart.\n"
    *_, asked = api.generate("### Instruction:", seed=1)  # who writes the template wants it
    assert TEMPLATE[2] in asked["text"]


def _step(token_id: int, finish_reason: Any) -> TokenStep:
    return TokenStep(
        token_id=token_id,
        probability=0.5,
        finish_reason=finish_reason,
        window_moved=False,
        seed=1,
    )


def test_a_link_shows_the_text_that_was_seen(api: Api) -> None:
    writing = Writing(api)
    *_, (drawn, _, _) = writing.generate("One day", *SETTINGS, "base", "", "")
    other = (0.0, *SETTINGS[1:])
    ((again, _, left),) = writing.generate("One day", *other, "base", "", drawn["link"]["written"])
    assert (again["text"], again["ids"]) == (drawn["text"], drawn["ids"])
    assert left == ""  # the next Generate writes anew
    *_, (anew, _, _) = writing.generate("One day", *SETTINGS, "base", "", "gpt2:1.2.3")
    assert anew["ids"] == drawn["ids"]  # another model's tokens say nothing here


@pytest.mark.parametrize(
    "damaged", ["x", "base:", "base:1..2", "base:-1", "base:" + ".".join(["1"] * 300), "base:99999"]
)
def test_a_damaged_link_has_a_sentence(api: Api, damaged: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        list(Writing(api).generate("One day", *SETTINGS, "base", "", damaged))


def test_what_a_page_says_it_shows_is_checked() -> None:
    assert Text.of(None) is None
    assert Text.of({}) is None
    shown = {"prompt": "a", "model": "base", "ids": [1, 2], "tokens": None}
    assert Text.of(shown) == Text("a", "base", [1, 2])
    for wrong in ({"model": "../x"}, {"ids": ["a"]}, {"prompt": 7}):
        with pytest.raises(ValueError):
            Text.of(shown | wrong)


def test_small_words() -> None:
    text = Text("One day", "gpt2", [1, 22, 333])
    assert linked_text("One day", link(text)["written"]) == text
    assert linked_text("One day", "") is None
    assert tail("a\nb") == "a⏎b"
    assert len(tail("x" * 100)) == 33
    assert time_left(10, 0.001) == ""
    assert time_left(10, 0.5) == ", about 10 s left"
    assert time_left(100, 0.25) == ", about 5 minutes left"
