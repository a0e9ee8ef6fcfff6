"""The examples of the first paint are what the committed weights say."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import REPOSITORY

from gpt2_scratch.demo import first_paint as module
from gpt2_scratch.demo.attention_view import FULL
from gpt2_scratch.demo.registry import MODELS, Registry

COMMAND = "python -m gpt2_scratch.demo.first_paint"
PACKED = ("maps", "rollout")  # weights as base64 of 16-bit numbers
MATRIX = {"data", "shape", "step"}  # the same with a sign, in steps; see inside_view.packed
ROUNDING = 2e-3  # of probabilities, logits and weights, from one processor to the next


def same(was: Any, now: Any, place: str = "") -> None:
    """Both hold the same, but for the last digits of their numbers."""
    said = f"{place} is not what the code and the weights give now: run `{COMMAND}`"
    if isinstance(now, dict) and set(now) == MATRIX:
        before, after = (signed_numbers(part) for part in (was, now))
        np.testing.assert_allclose(before, after, atol=20 * ROUNDING, err_msg=said)
    elif isinstance(now, dict):
        assert sorted(was) == sorted(now), said
        for key in now:
            unpacked = key in PACKED
            pair = [
                [numbers(text) for text in part[key]] if unpacked else part[key]
                for part in (was, now)
            ]
            same(*pair, f"{place}/{key}")
    elif isinstance(now, list):
        assert len(was) == len(now), said
        for i, pair in enumerate(zip(was, now, strict=True)):
            same(*pair, f"{place}/{i}")
    elif isinstance(now, float):
        assert was == pytest.approx(now, abs=ROUNDING, rel=ROUNDING), said
    else:
        assert was == now, said


def numbers(text: str) -> list[float]:
    return (np.frombuffer(base64.b64decode(text), "<u2") / FULL).tolist()


def signed_numbers(matrix: dict[str, Any]) -> Any:
    return np.frombuffer(base64.b64decode(matrix["data"]), "<i2") * matrix["step"]


@pytest.mark.slow
def test_the_committed_weights_still_give_them(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = REPOSITORY / "weights"
    if missing := [n for n in MODELS if not (weights / f"{n}.safetensors").exists()]:
        pytest.skip(f"not trained yet: {', '.join(missing)}")
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(weights))
    painted = json.loads(module.PATH.read_text(encoding="utf-8"))
    same(painted["weights"], module._weights(), "weights")  # says it at once
    same(painted, json.loads(json.dumps(module.compute(Registry()))))


def test_it_is_no_burden() -> None:
    """Every visitor's browser gets it with the page, but for what comes with the tab Inside."""
    lines = module.PATH.read_text(encoding="utf-8").splitlines()
    later = sum(len(line) for line in lines if line.startswith(('"inside"', '"what_if"')))
    assert sum(map(len, lines)) - later < 60_000
    assert later < 160_000


def test_other_weights_start_with_an_empty_page(
    tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    parts = ("generate", "next_token", "chat", "spam", "attention", "logit_lens")
    assert [module.first_paint(Registry(), part) for part in parts] == [{}] * 6


def test_with_its_own_weights_the_page_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    painted = json.loads(module.PATH.read_text(encoding="utf-8"))
    monkeypatch.setattr(module, "_weights", lambda: painted["weights"])
    assert module.first_paint(Registry(), "generate")["tokens"]
    assert module.first_paint(Registry("other"), "generate") == {}
