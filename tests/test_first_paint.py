"""The examples of the first paint are what the committed weights say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import REPOSITORY

from gpt2_scratch.demo import first_paint as module
from gpt2_scratch.demo.registry import MODELS, Registry


def test_the_committed_weights_still_give_them(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = REPOSITORY / "weights"
    if missing := [n for n in MODELS if not (weights / f"{n}.safetensors").exists()]:
        pytest.skip(f"not trained yet: {', '.join(missing)}")
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(weights))
    painted = json.loads(module.PATH.read_text(encoding="utf-8"))
    computed = module.compute(Registry())
    assert painted["weights"] == computed["weights"], "run python -m gpt2_scratch.demo.first_paint"
    assert painted["generate"]["text"] == computed["generate"]["text"]
    assert painted["chat"] == computed["chat"]
    for part, rows in (("generate", "tokens"), ("next_token", "rows")):
        was, now = painted[part][rows], computed[part][rows]
        assert [row["token"] for row in was] == [row["token"] for row in now]
        expected = [row["probability"] for row in now]
        assert [row["probability"] for row in was] == pytest.approx(expected, abs=1e-4)
    assert painted["spam"]["verdict"]["label"] == computed["spam"]["verdict"]["label"]


def test_other_weights_start_with_an_empty_page(
    tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    parts = ("generate", "next_token", "chat", "spam")
    assert [module.first_paint(Registry(), part) for part in parts] == [{}] * 4


def test_with_its_own_weights_the_page_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    painted = json.loads(module.PATH.read_text(encoding="utf-8"))
    monkeypatch.setattr(module, "_weights", lambda: painted["weights"])
    assert module.first_paint(Registry(), "generate")["tokens"]
    assert module.first_paint(Registry("other"), "generate") == {}
