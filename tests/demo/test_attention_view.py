"""What the Attention tab's scripts are given to draw."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import make_weights

from gpt2_scratch.demo.attention_view import STATISTICS, label, lens_view, maps_view, packed
from gpt2_scratch.demo.registry import Registry
from gpt2_scratch.insight.attention import (
    head_differences,
    head_statistics,
    induction_scores,
    rollout,
)
from gpt2_scratch.insight.logit_lens import logit_lens


@pytest.fixture
def registry(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    return Registry()


def unpacked(text: str, T: int) -> Any:
    """(heads, T, T) of what `packed` made."""
    triangles = np.frombuffer(base64.b64decode(text), "<u2").reshape(-1, T * (T + 1) // 2)
    squares = np.zeros((len(triangles), T, T))
    squares[:, *np.tril_indices(T)] = triangles / 65_535
    return squares


def test_triangles_are_packed_row_by_row() -> None:
    weights = np.array([[[1, 0, 0], [0.2, 0.8, 0], [0.125, 0.375, 0.5]]], dtype=np.float32)
    numbers = np.frombuffer(base64.b64decode(packed(weights)), "<u2")
    assert numbers.tolist() == [65535, 13107, 52428, 8192, 24576, 32768]
    np.testing.assert_allclose(unpacked(packed(weights), 3), weights, atol=1e-5)


def test_one_model(registry: Registry) -> None:
    gpt, tokenizer = registry.language_model("base")
    view = maps_view(registry, "the cat\nsat", "base", None)
    assert view["models"] == ["base"] == maps_view(registry, "a", "base", "base")["models"]
    ids = view["token_ids"]
    assert tokenizer.decode(ids) == "the cat\nsat" == "".join(view["tokens"])
    assert "".join(view["labels"]) == "the·cat⏎sat"
    T = len(ids)
    weights = unpacked(view["maps"][0], T).reshape(2, 2, T, T)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-3)
    np.testing.assert_allclose(unpacked(view["rollout"][0], T)[0], rollout(weights), atol=1e-3)

    (statistics,) = view["statistics"]
    values = {entry["title"]: entry["values"] for entry in statistics}
    heads = head_statistics(weights.astype(np.float32))
    np.testing.assert_allclose(values["entropy"], [h.entropy for h in heads], atol=2e-3)
    np.testing.assert_allclose(values["induction"], induction_scores(gpt).reshape(-1), atol=1e-4)
    assert [entry["title"] for entry in view["strongest"]] == [row[1] for row in STATISTICS]
    for ranking in view["strongest"]:
        ordered = sorted(values[ranking["title"]], reverse=ranking["end"] == "highest")
        assert [value for _, value in ranking["heads"]] == ordered[:3]
        for head, value in ranking["heads"]:
            assert values[ranking["title"]][head] == value


def test_two_models(registry: Registry) -> None:
    view = maps_view(registry, "the cat sat", "spam", "chat")
    assert view["models"] == ["spam", "chat"]
    T = len(view["tokens"])
    both = [unpacked(text, T).reshape(2, 2, T, T) for text in view["maps"]]
    changed = view["strongest"][0]
    assert changed["title"] == "changed most"
    moved = head_differences(*both).reshape(-1)
    assert [head for head, _ in changed["heads"]] == np.argsort(-moved)[:3].tolist()


def test_models_of_different_sizes_are_not_compared(
    registry: Registry, tiny_weights: Path, tmp_path: Path
) -> None:
    other = make_weights(tmp_path / "other", n_layer=3) / "base.safetensors"
    registry = Registry(str(other))
    with pytest.raises(ValueError, match="base and chat cannot be compared head by head"):
        maps_view(registry, "the cat", "base", "chat")
    with pytest.raises(ValueError, match="The text is empty"):
        maps_view(registry, "  ", "base", None)
    with pytest.raises(ValueError, match="at most 64 can be shown"):
        maps_view(registry, "x" * 65, "base", None)


def test_the_lens(registry: Registry) -> None:
    gpt, tokenizer = registry.language_model("chat")
    view = lens_view(registry, "the cat", "chat")
    ids = tokenizer.encode("the cat")
    lens = logit_lens(gpt, ids, 5)
    assert "".join(view["labels"]) == "the·cat"
    np.testing.assert_allclose(view["probabilities"], lens.probabilities, atol=1e-6)
    assert np.shape(view["guesses"]) == (3, len(ids), 5)
    assert lens_view(registry, "the cat", "spam") == {"model": "spam"}  # it does not write
    assert label(tokenizer, tokenizer.encode("€")[0]).startswith("‹e2")
