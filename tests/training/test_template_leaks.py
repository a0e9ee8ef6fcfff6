"""What counts as a word of the chat template, and how many continuations hold one."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpt2_scratch.chat import format_prompt
from gpt2_scratch.checkpoints.models import load_model
from train.figures import template_leaks as module
from train.figures.openings import Opening
from train.figures.template_leaks import TYPED, everyday_prompts, template_leaks, template_words


@pytest.mark.parametrize(
    ("text", "leaks"),
    [
        (format_prompt("Say it."), True),
        ("he said.\n\n### Response:\nNo", True),
        (" it\n### Inst", True),
        ("\nInstruction: sit down", True),
        ("\n\n  Response: no", True),
        ("His response: no. The instruction was plain, # and ## are not.", False),
        ("", False),
    ],
)
def test_words_of_the_template(text: str, leaks: bool) -> None:
    assert bool(template_words().search(text)) is leaks


@pytest.fixture(autouse=True)
def held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    opening = Opening("a", "one two three four five six seven eight nine ten", " rest")
    monkeypatch.setattr(module, "openings", lambda sources, count: [opening] * min(count, 30))


def test_prompts_are_short_and_the_same_every_time() -> None:
    prompts = everyday_prompts(200)
    assert len(prompts) == 200 and prompts == everyday_prompts(200)
    lengths = {len(prompt.split()) for prompt in prompts[:30]}
    assert min(lengths) >= 1 and max(lengths) <= 8 and len(lengths) > 3
    assert set(prompts[30:]) == set(TYPED)
    assert len(set(TYPED)) == len(TYPED)


def test_leaks_are_counted(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    model, tokenizer = load_model("base")
    figures = template_leaks(model, tokenizer, ["Once", "Hello"], max_new_tokens=4)
    assert figures["n"] == 2 and figures["share"] == figures["leaks"] / 2
    written = iter(["a\n### Response:\n", "b", "Response: c", "d"])
    monkeypatch.setattr(module, "continuations", lambda *_: list(written))
    figures = template_leaks(model, tokenizer, ["Once"] * 4)
    assert figures == {"n": 4, "leaks": 2, "share": 0.5}
