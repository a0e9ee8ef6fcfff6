"""Speculative decoding writes what the large model alone would write."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from test_generation import GREEDY, tiny_gpt2, token_ids
from test_sampling import chi_square

from gpt2_scratch.config import GPT2Config
from gpt2_scratch.engine import native
from gpt2_scratch.engine.native import NativeGPT2
from gpt2_scratch.engine.speculative import Speculative, draw, verify
from gpt2_scratch.generation import TokenSource, generate_tokens
from gpt2_scratch.model import GPT2
from gpt2_scratch.sampling import SamplingSettings, reshape_logits


def random_gpt2(seed: int, vocab_size: int = 40, block_size: int = 16) -> GPT2:
    config = GPT2Config(vocab_size, block_size, n_layer=1, n_head=2, n_embd=8)
    model = GPT2(config).init_weights(torch.Generator().manual_seed(seed)).eval()
    with torch.no_grad():
        model.wte.weight.mul_(40)  # some tokens are much more likely than others,
        model.wpe.weight.mul_(100)  # and no two models agree which
    return model.requires_grad_(False)


class Passes:
    """A model that counts how often it is asked."""

    def __init__(self, model: GPT2) -> None:
        self.model, self.config, self.count = model, model.config, 0

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.count += 1
        return self.model(*arguments, **options)


# --- the same text --------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [1, 3, 9])
@pytest.mark.parametrize("draft_seed", [0, 1])  # the model itself, and one that is mostly wrong
def test_greedy_text_is_that_of_the_model_alone(ahead: int, draft_seed: int) -> None:
    """The window of 16 moves on the way; a stop token ends the text."""
    model = random_gpt2(0)
    both = Speculative(model, random_gpt2(draft_seed), ahead)
    assert isinstance(both, TokenSource)
    for prompt, new, stop_ids in (([1, 2, 3], 50, ()), (list(range(30)), 7, ()), ([5], 50, (9, 3))):
        expected = list(generate_tokens(model, prompt, GREEDY, new, stop_ids))
        found = list(both.generate_tokens(prompt, GREEDY, new, stop_ids))
        assert token_ids(found) == token_ids(expected)
        for step, other in zip(found, expected, strict=True):
            assert step.probability == pytest.approx(other.probability, rel=1e-3)
            assert step.finish_reason == other.finish_reason
            assert step.window_moved == other.window_moved


def test_a_draft_that_is_right_saves_passes_and_one_that_is_wrong_costs_none() -> None:
    for draft_seed, most in ((0, 11), (1, 41)):
        counted: Any = Passes(random_gpt2(0, block_size=64))
        both = Speculative(counted, random_gpt2(draft_seed, block_size=64), ahead=3)
        assert len(list(both.generate_tokens([1, 2], GREEDY, 40))) == 40
        assert counted.count <= most
    assert counted.count > 20  # the second one was wrong indeed


@pytest.mark.skipif(not native.is_available(), reason="no C++ compiler here")
def test_the_compiled_kernels_write_it_too() -> None:
    model = tiny_gpt2()
    fast: Any = NativeGPT2(model)
    both = Speculative(fast, NativeGPT2(model, "int8"), 4)
    expected = token_ids(generate_tokens(fast, [1, 2, 3], GREEDY, 40))
    assert token_ids(both.generate_tokens([1, 2, 3], GREEDY, 40)) == expected


def test_the_same_seed_gives_the_same_text_and_mistakes_are_told() -> None:
    both = Speculative(random_gpt2(0), random_gpt2(1))
    settings = SamplingSettings(temperature=1.0, top_k=9, repetition_penalty=1.2, seed=5)
    first, second = (token_ids(both.generate_tokens([1], settings, 30)) for _ in range(2))
    assert first == second
    with pytest.raises(ValueError, match="both must read the same tokens"):
        Speculative(random_gpt2(0), random_gpt2(0, vocab_size=41))
    with pytest.raises(ValueError, match="no token to continue"):
        both.generate_tokens([], settings, 1)


# --- the same distribution ------------------------------------------------------------------------


def probabilities(seed: int, rows: int, size: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(rows, size, generator=generator).mul(1.5).exp()
    weights[:, seed % size] = 0.0  # something that cannot be drawn
    return weights / weights.sum(dim=-1, keepdim=True)


def test_what_is_kept_is_distributed_as_if_it_had_been_drawn() -> None:
    """Places that do not depend on one another: each token's counts, wherever the text got to."""
    guesses, judged = probabilities(1, 2, 8), probabilities(2, 3, 8)
    generator = torch.Generator().manual_seed(0)
    counts = torch.zeros(3, 8, dtype=torch.int64)
    for _ in range(2500):
        proposed = [draw(q, generator) for q in guesses]
        for place, token in enumerate(verify(proposed, guesses, judged, generator)):
            counts[place, token] += 1
    for place in range(3):
        statistic, critical = chi_square(counts[place], judged[place])
        assert statistic < critical
        assert counts[place, 2] == 0  # the large model rules it out, the small one does not
    statistic, critical = chi_square(counts[0], guesses[0])
    assert statistic > critical  # the test has teeth


def test_texts_are_distributed_as_those_of_the_model_alone() -> None:
    """Pairs of tokens from two real models, against the product of their probabilities."""
    model, draft = random_gpt2(3, vocab_size=6), random_gpt2(4, vocab_size=6)
    settings = SamplingSettings(temperature=1.2, top_k=5, repetition_penalty=1.3, seed=0)

    def distribution(ids: list[int]) -> torch.Tensor:
        logits = model(torch.tensor([ids]))[0]
        return reshape_logits(logits, settings, torch.tensor([ids])).softmax(dim=-1)[0]

    first = distribution([1, 2])
    expected = torch.stack([first[i] * distribution([1, 2, i]) for i in range(6)])  # (6, 6)
    both = Speculative(model, draft, ahead=2)
    found = Counter(
        tuple(token_ids(both.generate_tokens([1, 2], _seeded(settings, seed), 2)))
        for seed in range(700)
    )
    counts = torch.zeros(6, 6, dtype=torch.int64)
    for pair, count in found.items():
        counts[pair] = count
    statistic, critical = chi_square(counts.flatten(), expected.flatten())
    assert statistic < critical


def _seeded(settings: SamplingSettings, seed: int) -> SamplingSettings:
    return SamplingSettings(
        settings.temperature, settings.top_k, settings.top_p, settings.repetition_penalty, seed
    )
