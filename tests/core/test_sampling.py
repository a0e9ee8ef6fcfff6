"""Sampling: the settings' checks, each filter against transformers, the draw against statistics."""

from __future__ import annotations

import math
from typing import Any

import hypothesis
import numpy as np
import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gpt2_scratch.sampling import SamplingSettings, next_token_table, reshape_logits, sample

PLAIN = SamplingSettings(temperature=1.0, top_k=0, top_p=1.0, seed=0)


def random_logits(rows: int = 3, vocab_size: int = 200, seed: int = 0) -> Tensor:
    return 3 * torch.randn(rows, vocab_size, generator=torch.Generator().manual_seed(seed))


def settings(**changes: Any) -> SamplingSettings:
    """PLAIN, the model as it is, with changes."""
    values: dict[str, Any] = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "seed": 0, **changes}
    return SamplingSettings(**values)


# --- settings ---


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -0.1),
        ("temperature", 5.1),
        ("temperature", math.nan),
        ("temperature", math.inf),
        ("temperature", True),
        ("temperature", "0.8"),
        ("temperature", None),
        ("temperature", [1.0]),
        ("temperature", np.array(1.0)),
        ("top_k", -1),
        ("top_k", 2.5),
        ("top_k", True),
        ("top_k", math.nan),
        ("top_k", math.inf),
        pytest.param("top_k", 10**5000, id="top_k-huge"),
        ("top_p", 0),
        ("top_p", 1.01),
        ("top_p", math.nan),
        ("top_p", False),
        ("min_p", -0.01),
        ("min_p", 1.01),
        ("min_p", math.nan),
        ("repetition_penalty", 0.4),
        ("repetition_penalty", 2.1),
        ("repetition_penalty", math.nan),
        pytest.param("repetition_penalty", "x" * 10_000, id="long-text"),
        ("seed", -1),
        ("seed", 2**32),
        ("seed", 1.5),
        ("seed", True),
        ("seed", "7"),
    ],
)
def test_invalid_settings_are_refused_in_one_sentence(name: str, value: object) -> None:
    with pytest.raises(
        ValueError, match=rf"^{name} must be a (whole )?number .* not .*\.$"
    ) as error:
        settings(**{name: value})
    assert len(str(error.value)) < 140  # also when the value is ten thousand characters long


def test_numbers_come_in_several_types_and_are_stored_in_one() -> None:
    made = settings(temperature=1, top_k=50.0, top_p=np.float32(0.5), seed=np.int64(3))
    assert (made.temperature, made.top_k, made.top_p, made.seed) == (1.0, 50, 0.5, 3)
    assert [type(x) for x in (made.temperature, made.top_k, made.top_p, made.seed)] == [
        float,
        int,
        float,
        int,
    ]


def test_resolved_keeps_a_seed_and_finds_a_fresh_one() -> None:
    assert settings(seed=5).resolved() == settings(seed=5)
    open_settings = settings(seed=None)
    seeds = {open_settings.resolved().seed for _ in range(20)}
    assert len(seeds) > 15 and None not in seeds
    with pytest.raises(ValueError, match="resolved"):
        open_settings.generator()


# --- filters ---


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("top_k", [0, 1, 7, 500])
@pytest.mark.parametrize("top_p", [0.05, 0.6, 0.95, 1.0])
@pytest.mark.parametrize("min_p", [0.0, 0.02, 0.5, 1.0])
@pytest.mark.parametrize("penalty", [0.8, 1.0, 1.3])
def test_reshaped_logits_equal_transformers(
    temperature: float, top_k: int, top_p: float, min_p: float, penalty: float
) -> None:
    logits = random_logits()
    previous = torch.randint(200, (3, 30), generator=torch.Generator().manual_seed(1))
    theirs = transformers.RepetitionPenaltyLogitsProcessor(penalty)(previous, logits.clone())
    theirs = transformers.TemperatureLogitsWarper(temperature)(previous, theirs)
    if top_k:
        theirs = transformers.TopKLogitsWarper(top_k)(previous, theirs)
    theirs = transformers.TopPLogitsWarper(top_p)(previous, theirs)
    theirs = transformers.MinPLogitsWarper(min_p)(previous, theirs)

    ours = settings(
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        repetition_penalty=penalty,
    )
    reshaped = reshape_logits(logits, ours, previous)
    assert torch.equal(reshaped.isinf(), theirs.isinf())
    torch.testing.assert_close(reshaped, theirs)


@hypothesis.settings(deadline=None)  # a busy machine is no failure
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=12),
    st.sampled_from([1e-300, 0.1, 0.25, 0.5, 0.9, 0.999]),
)
def test_nucleus_is_the_smallest_set_that_reaches_p(weights: list[int], p: float) -> None:
    probabilities = np.array(weights) / sum(weights)
    kept = reshape_logits(torch.tensor(probabilities).log()[None], settings(top_p=p))[0].isfinite()
    mass = probabilities[kept.numpy()].sum()
    largest_first = np.sort(probabilities)[::-1]
    epsilon = 1e-6  # float32 may see a sum that equals p on either side of it
    assert kept.any()
    assert mass >= p - epsilon
    assert probabilities[kept.numpy()].min() >= probabilities[~kept.numpy()].max(initial=0)
    assert largest_first[: int(kept.sum()) - 1].sum() < p + epsilon  # one fewer would not reach p


def test_ties_do_not_depend_on_order() -> None:
    logits = torch.tensor([[1.0, 3.0, 2.0, 2.0, 2.0, 0.0]])
    kept = reshape_logits(logits, settings(top_k=2))[0].isfinite()
    assert kept.tolist() == [False, True, True, True, True, False]  # no tie is broken by chance
    # The nucleus must choose among equals, and takes the smaller ids.
    kept = reshape_logits(torch.zeros(1, 8), settings(top_p=0.5))[0].isfinite()
    assert kept.tolist() == [True] * 4 + [False] * 4


@pytest.mark.parametrize("p", [1e-300, 1e-3, 0.999999])
def test_nucleus_of_equals_is_never_empty(p: float) -> None:
    """1 / V rounds differently for each V; none may lose its last token to rounding."""
    for vocab_size in range(1, 300):
        kept = reshape_logits(torch.zeros(1, vocab_size), settings(top_p=p))[0].isfinite()
        expected = max(1, math.ceil(p * vocab_size - 1e-3))
        assert kept.tolist() == [i < expected for i in range(vocab_size)]


def test_penalty_lowers_seen_tokens_once_and_leaves_the_rest() -> None:
    logits = torch.tensor([[2.0, -2.0, 0.5, -0.5]])
    previous = torch.tensor([[0, 1, 1, 0, 0]])
    reshaped = reshape_logits(logits, settings(repetition_penalty=2.0), previous)
    assert reshaped.tolist() == [[1.0, -4.0, 0.5, -0.5]]
    assert torch.equal(reshape_logits(logits, settings(repetition_penalty=2.0)), logits)


@pytest.mark.parametrize("temperature", [1e-6, 1e-3, 5.0])
def test_extreme_temperatures_stay_finite(temperature: float) -> None:
    logits = 100 * random_logits()
    reshaped = reshape_logits(logits, settings(temperature=temperature))
    assert torch.isfinite(reshaped.softmax(dim=-1)).all()
    if temperature < 1:
        assert torch.equal(reshaped.argmax(dim=-1), logits.argmax(dim=-1))


@pytest.mark.parametrize("temperature", [0.0, 1e-300])
def test_temperature_zero_is_argmax(temperature: float) -> None:
    logits = random_logits()
    greedy = settings(temperature=temperature, top_p=0.3)
    assert torch.equal(sample(logits, greedy), logits.argmax(dim=-1))
    reshaped = reshape_logits(logits, greedy).softmax(dim=-1)
    assert torch.equal(reshaped.argmax(dim=-1), logits.argmax(dim=-1))
    assert torch.equal(reshaped.max(dim=-1).values, torch.ones(3))


# --- the draw ---

RESHAPED = {
    "plain": settings(),
    "temperature": settings(temperature=0.6),
    "top-k": settings(top_k=8),
    "top-p": settings(top_p=0.8),
    "min-p": settings(min_p=0.1),
    "all": settings(temperature=1.3, top_k=12, top_p=0.9, min_p=0.01, repetition_penalty=1.5),
}


def chi_square(counts: Tensor, probabilities: Tensor) -> tuple[float, float]:
    """Pearson's statistic of the counts, and the value that chance exceeds once in 10,000 times.

    Outcomes with an expectation below 5 are pooled, as the test asks for. The quantile is Wilson
    and Hilferty's approximation.
    """
    expected = probabilities.double() * counts.sum()
    rare = expected < 5
    observed = torch.cat([counts[~rare].double(), counts[rare].sum().double()[None]])
    expected = torch.cat([expected[~rare], expected[rare].sum()[None]])
    observed, expected = observed[expected > 0], expected[expected > 0]
    statistic = ((observed - expected) ** 2 / expected).sum().item()
    freedom = max(len(expected) - 1, 1)
    spread = 2 / (9 * freedom)
    return statistic, freedom * (1 - spread + 3.719 * math.sqrt(spread)) ** 3


@pytest.mark.parametrize("name", RESHAPED)
def test_draws_follow_the_table(name: str) -> None:
    chosen, logits, n = RESHAPED[name], random_logits(1, 40, seed=3), 3_000
    previous = torch.arange(0, 40, 2)[None]
    table = next_token_table(logits[0], chosen, rows=40, previous_ids=previous[0])
    probabilities = torch.zeros(40)
    for row in table:
        probabilities[row.token_id] = row.reshaped_probability
    drawn = sample(logits.expand(n, -1), chosen, chosen.generator(), previous.expand(n, -1))
    counts = drawn.bincount(minlength=40)
    assert counts[probabilities == 0].sum() == 0
    statistic, critical = chi_square(counts, probabilities)
    assert statistic < critical
    # The test has teeth: the same draws do not fit a distribution that is a little warmer.
    warmer = torch.where(probabilities > 0, probabilities**0.7, probabilities)
    statistic, critical = chi_square(counts, warmer / warmer.sum())
    assert statistic > critical


@pytest.mark.parametrize("name", RESHAPED)
def test_shortlist_draws_what_the_whole_row_would(name: str) -> None:
    chosen, logits = RESHAPED[name], random_logits(200, 500, seed=4)
    drawn = sample(logits, chosen, chosen.generator())
    ends = reshape_logits(logits, chosen).double().softmax(dim=-1).cumsum(dim=-1)
    generator = chosen.generator()
    darts = [torch.rand(1, dtype=torch.float64, generator=generator) for _ in logits]
    assert drawn.tolist() == torch.searchsorted(ends, torch.stack(darts))[:, 0].tolist()


@pytest.mark.parametrize(("dart", "hit"), [(0.0, 1), (0.4, 1), (0.6, 2), (1.0, 3)])
def test_a_dart_on_the_edge_hits_no_empty_piece(
    dart: float, hit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Token 0 has a probability that float32 rounds to 0; 1.0 is where rounding may put a dart."""
    monkeypatch.setattr(torch, "rand", lambda *_, **__: torch.tensor(dart, dtype=torch.float64))
    logits = torch.tensor([[-1000.0, 0.0, -1.0, -1.0]])
    assert sample(logits, PLAIN, PLAIN.generator()).tolist() == [hit]


def test_same_seed_same_draw_and_nothing_global_moves() -> None:
    logits = random_logits()
    before, copy = torch.get_rng_state(), logits.clone()
    chosen = settings(top_k=20, top_p=0.9, repetition_penalty=1.2, seed=11)
    previous = torch.zeros(3, 1, dtype=torch.int64)
    first = sample(logits, chosen, chosen.generator(), previous)
    assert torch.equal(first, sample(logits, chosen, chosen.generator(), previous))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(copy, logits)


def test_half_precision_logits_are_reshaped_in_float32() -> None:
    reshaped = reshape_logits(random_logits().to(torch.bfloat16), RESHAPED["all"])
    assert reshaped.dtype == torch.float32


def test_sampling_without_a_generator_is_refused() -> None:
    with pytest.raises(ValueError, match="Generator"):
        sample(random_logits(), PLAIN)


# --- the table ---


def test_table_shows_raw_and_reshaped_side_by_side() -> None:
    logits = random_logits(1, 100)[0]
    table = next_token_table(logits, settings(temperature=0.5, top_k=5), rows=10)
    order = logits.argsort(descending=True)[:10]
    assert [row.token_id for row in table] == order.tolist()
    assert [row.logit for row in table] == logits[order].tolist()
    torch.testing.assert_close(
        torch.tensor([row.probability for row in table]), logits.softmax(dim=-1)[order]
    )
    top5 = (logits[order[:5]] / 0.5).softmax(dim=-1)
    torch.testing.assert_close(
        torch.tensor([row.reshaped_probability for row in table]),
        torch.cat([top5, torch.zeros(5)]),
    )


def test_table_breaks_ties_by_id_and_ends_with_the_vocabulary() -> None:
    table = next_token_table(torch.tensor([0.0, 1.0, 0.0, 1.0]), PLAIN, rows=3)
    assert [row.token_id for row in table] == [1, 3, 0]
    assert len(next_token_table(torch.zeros(4), PLAIN, rows=10)) == 4


def test_table_counts_previous_tokens_and_checks_rows() -> None:
    logits = torch.tensor([1.0, 1.0, 1.0])
    table = next_token_table(logits, settings(repetition_penalty=2.0), previous_ids=[1])
    assert table[1].probability == pytest.approx(1 / 3)
    assert table[1].reshaped_probability < table[0].reshaped_probability
    rows: Any
    for rows in (0, 1001, True, "3", math.nan):
        with pytest.raises(ValueError, match="rows must be a whole number from 1 to 1,000"):
            next_token_table(logits, PLAIN, rows=rows)
