"""Attention maps, rollout and head statistics, on a tiny model and on heads made by hand."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch

from gpt2_scratch.config import GPT2Config
from gpt2_scratch.insight.attention import (
    AttentionMaps,
    InductionStory,
    attention_maps,
    head_differences,
    head_statistics,
    induction_scores,
    induction_story,
    rollout,
)
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer({bytes([i]): i for i in range(256)}, "bytes")


@pytest.fixture(scope="module")
def model() -> GPT2:
    config = GPT2Config(vocab_size=257, block_size=24, n_layer=3, n_head=2, n_embd=8)
    model = GPT2(config).init_weights(torch.Generator().manual_seed(0)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(20)  # far from uniform attention
    return model


@pytest.fixture(scope="module")
def maps(model: GPT2, tokenizer: Tokenizer) -> AttentionMaps:
    return attention_maps(model, tokenizer, "née in Ulm")


def test_maps_are_causal_distributions_with_a_label_per_token(maps: AttentionMaps) -> None:
    tokens, weights = maps
    assert tokens is maps.tokens and weights is maps.weights
    assert maps.token_ids == list("née in Ulm".encode())
    assert tokens[:4] == ["n", "\\xc3", "\\xa9", "e"]
    T = len(tokens)
    assert weights.shape == (3, 2, T, T) and weights.dtype == np.float32
    np.testing.assert_allclose(weights.sum(axis=-1), 1.0, atol=1e-5)
    assert (weights[..., ~np.tri(T, dtype=bool)] == 0).all()
    assert weights[:, :, -1].max() > 2 / T  # the model of this test has something to show


def test_maps_explain_the_models_output(model: GPT2, maps: AttentionMaps) -> None:
    """Averaging the values with the first layer's map is what that layer computes."""
    ids = torch.tensor([maps.token_ids])
    with torch.no_grad():
        block: Any = model.h[0]
        attention = block.attn
        x = block.ln_1(model.wte(ids) + model.wpe(torch.arange(ids.size(1))))
        values = attention.c_attn(x)[0, :, 16:].unflatten(-1, (2, 4)).transpose(0, 1)
        mixed = torch.from_numpy(maps.weights[0]) @ values  # (nh, T, T) @ (nh, T, hs)
        expected = attention.c_proj(mixed.transpose(0, 1).flatten(1))
        torch.testing.assert_close(attention(x)[0], expected, rtol=1e-4, atol=1e-4)


def test_the_text_is_spelled_as_the_model_reads_it(model: GPT2, tokenizer: Tokenizer) -> None:
    tokens, _ = attention_maps(model, tokenizer, "\u201cit\u2019s\u201d\u200b")
    assert "".join(tokens) == '"it\'s"'


def test_too_long_or_empty_texts_are_refused(model: GPT2, tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match="25 tokens long, but at most 24 can be shown"):
        attention_maps(model, tokenizer, "x" * 25)
    with pytest.raises(ValueError, match="9 tokens long, but at most 8 can be shown"):
        attention_maps(model, tokenizer, "x" * 9, max_tokens=8)
    assert len(attention_maps(model, tokenizer, "x" * 24, max_tokens=1000).tokens) == 24
    for empty in ("", "\u200b"):
        with pytest.raises(ValueError, match="text is empty"):
            attention_maps(model, tokenizer, empty)
    with pytest.raises(ValueError, match="max_tokens must be"):
        attention_maps(model, tokenizer, "x", max_tokens=0)


def test_rollout_is_the_sum_over_all_paths(maps: AttentionMaps) -> None:
    """Abnar and Zuidema's definition: over every path of three edges, the product of its edges."""
    weights = maps.weights[:, :, :5, :5]
    edges = 0.5 * weights.mean(axis=1) + 0.5 * np.eye(5)
    expected = np.zeros((5, 5))
    for path in itertools.product(range(5), repeat=4):
        product = math.prod(edges[2 - i, path[i], path[i + 1]] for i in range(3))
        expected[path[0], path[-1]] += product
    result = rollout(weights)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=1e-6)
    np.testing.assert_allclose(result.sum(axis=-1), 1.0, atol=1e-5)
    assert (result[~np.tri(5, dtype=bool)] == 0).all()


def test_statistics_of_heads_made_by_hand() -> None:
    T = 5
    previous = np.eye(T, k=-1)
    previous[0, 0] = 1
    first = np.zeros((T, T))
    first[:, 0] = 1
    uniform = np.tri(T) / np.arange(1, T + 1)[:, None]
    itself = np.eye(T)
    weights = np.array([[previous, first], [uniform, itself]], dtype=np.float32)
    heads = head_statistics(weights)
    assert [(h.layer, h.head) for h in heads] == [(0, 0), (0, 1), (1, 0), (1, 1)]

    def numbers(i: int) -> list[float]:
        return [heads[i].entropy, heads[i].distance, heads[i].previous_token, heads[i].first_token]

    # Position 1 has position 0 as its previous and as its first token.
    assert numbers(0) == pytest.approx([0, 1, 1, 1 / 4])
    assert numbers(1) == pytest.approx([0, (1 + 2 + 3 + 4) / 4, 1 / 4, 1])
    shares = [1 / 2, 1 / 3, 1 / 4, 1 / 5]
    assert numbers(2) == pytest.approx(
        [
            sum(-math.log2(s) for s in shares) / 4,
            (0.5 + 1.0 + 1.5 + 2.0) / 4,
            sum(shares) / 4,
            sum(shares) / 4,
        ]
    )
    assert numbers(3) == pytest.approx([0, 0, 0, 0])


def test_one_token_has_no_choice(model: GPT2, tokenizer: Tokenizer) -> None:
    maps = attention_maps(model, tokenizer, "a")
    assert (maps.weights == 1).all()
    assert all(h.entropy == h.distance == h.first_token == 0 for h in head_statistics(maps.weights))
    assert rollout(maps.weights).tolist() == [[1.0]]


def test_the_difference_of_two_heads_is_the_share_that_moved() -> None:
    a = np.array([[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.3, 0.5]], dtype=np.float32)
    b = np.array([[1, 0, 0], [0.1, 0.9, 0], [0.2, 0.8, 0.0]], dtype=np.float32)
    maps = np.stack([[a, a], [b, a]])  # (2, 2, 3, 3)
    moved = head_differences(maps, np.stack([[b, a], [b, b]]))
    np.testing.assert_allclose(moved, [[0.45, 0], [0, 0.45]], atol=1e-6)  # (0.4 + 0.5) / 2
    with pytest.raises(ValueError, match="choose two models of the same size"):
        head_differences(maps, maps[:1])
    one = np.ones((1, 1, 1, 1), dtype=np.float32)
    assert head_differences(one, one).tolist() == [[0]]


class HeadsByHand:
    """A model of one layer whose three heads look where the test wants them to."""

    config = GPT2Config(vocab_size=301, block_size=64, n_layer=1, n_head=3, n_embd=6)

    def __init__(self) -> None:
        self.wte = torch.nn.Embedding(301, 6)
        self.read: list[list[int]] = []

    def attention_maps(self, idx: torch.Tensor) -> torch.Tensor:
        ids = idx[0].tolist()
        self.read.append(ids)
        T = len(ids)
        maps = torch.zeros(1, 1, 3, T, T)
        for i, token in enumerate(ids):
            earlier = [j for j in range(i) if ids[j] == token]
            maps[0, 0, 0, i, earlier[-1] + 1 if earlier else 0] = 1  # induction
            maps[0, 0, 1, i, earlier[-1] if earlier else 0] = 1  # the same token, not the next
            maps[0, 0, 2, i, : i + 1] = 1 / (i + 1)  # everywhere alike
        return maps


def test_an_induction_head_is_found_on_a_repeated_random_sequence() -> None:
    model: Any = HeadsByHand()
    n = 12
    scores = induction_scores(model, length=n, sequences=3)
    uniform = sum(1 / (i + 1) for i in range(n, 2 * n)) / n
    np.testing.assert_allclose(scores, [[1, 0, uniform]], atol=1e-6)
    assert scores.dtype == np.float32
    assert len(model.read) == 3 and model.read[0] != model.read[1]
    for ids in model.read:
        assert ids[:n] == ids[n:] and len(set(ids)) == n
        assert max(ids) < 300  # <|endoftext|> is no random token
    again: Any = HeadsByHand()
    induction_scores(again, length=n, sequences=3)
    assert again.read == model.read  # seeded
    induction_scores(again, length=1000, sequences=1)
    assert len(again.read[-1]) == 64  # cut to the window


def test_induction_of_a_real_model_is_read_off_its_maps(model: GPT2) -> None:
    scores = induction_scores(model, length=5, sequences=1, seed=3)
    once = torch.randperm(256, generator=torch.Generator().manual_seed(3))[:5]
    with torch.no_grad():
        maps = model.attention_maps(once.repeat(2)[None])[:, 0]
    expected = sum(maps[:, :, i, i - 4] for i in range(5, 10)) / 5
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    for wrong in ({"length": 1}, {"sequences": 0}):
        with pytest.raises(ValueError, match="must be"):
            induction_scores(model, **wrong)


def test_the_story_is_the_head_that_induction_and_the_text_agree_on() -> None:
    ids = [5, 6, 7, 8, 5, 9]  # the second 5 may look at 6
    weights = np.zeros((2, 2, 6, 6), dtype=np.float32)
    weights[1, 0, 4, 1], weights[0, 1, 4, 1] = 0.6, 0.9
    scores = np.array([[0, 0.01], [0.8, 0.5]], dtype=np.float32)
    found = induction_story(ids, weights, scores)
    assert found == InductionStory(1, 0, 4, 0, pytest.approx(0.6))
    assert induction_story(ids, weights, scores, least=0.7) is None
    assert induction_story([1, 2, 3, 4, 5, 6], weights, scores) is None  # nothing comes twice
    assert induction_story([5, 6, 5], weights[..., :3, :3], scores) is None  # it is the one before
