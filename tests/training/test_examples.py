"""The order of fine-tuning examples: once each per epoch, alike in length, exactly repeatable."""

from __future__ import annotations

from collections import Counter
from statistics import mean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.loop.examples import GROUP_BATCHES, EpochOrder
from train.loop.settings import Settings

SETTINGS = Settings(evaluate_every=0)


def made_up_lengths(count: int) -> list[int]:
    return np.random.default_rng(1).integers(5, 200, count).tolist()


def epoch(order: EpochOrder, number: int) -> list[list[int]]:
    first = number * order.batches_per_epoch
    return [order.batch(first + place) for place in range(order.batches_per_epoch)]


@given(st.integers(1, 300), st.integers(1, 20), st.integers(0, 3), st.integers(0, 5))
def test_an_epoch_visits_all_examples_but_those_that_fill_no_batch(
    count: int, batch_size: int, seed: int, number: int
) -> None:
    batch_size = min(count, batch_size)
    batches = epoch(EpochOrder(made_up_lengths(count), batch_size, seed), number)
    assert len(batches) == count // batch_size
    assert all(len(batch) == batch_size for batch in batches)
    visits = Counter(index for batch in batches for index in batch)
    assert set(visits.values()) == {1}
    assert visits.keys() <= set(range(count))
    assert len(visits) == count - count % batch_size


def test_what_an_epoch_leaves_out_comes_in_another() -> None:
    order = EpochOrder(made_up_lengths(11), 4)
    left_out = [set(range(11)) - {i for b in epoch(order, n) for i in b} for n in range(8)]
    assert all(len(missing) == 3 for missing in left_out)
    assert set.intersection(*left_out) == set()


def test_processes_share_the_batches_of_an_epoch() -> None:
    """Two processes see twice as many batches per update: evaluations stay as often per epoch."""
    order = EpochOrder(made_up_lengths(800), 8)
    alone = order.settings(SETTINGS, epochs=1, per_epoch=5)
    together = order.settings(SETTINGS, epochs=1, per_epoch=5, world_size=2)
    assert (alone.evaluate_every, together.evaluate_every) == (20, 10)
    assert alone.tokens == together.tokens


def test_batches_are_a_function_of_seed_and_number() -> None:
    lengths = made_up_lengths(100)
    numbers = list(range(60))  # five epochs of twelve
    straight = [EpochOrder(lengths, 8, seed=3).batch(number) for number in numbers]
    order = EpochOrder(lengths, 8, seed=3)
    for number in np.random.default_rng(0).permutation(numbers).tolist():
        assert order.batch(number) == straight[number]
    assert [order.batch(number) for number in numbers] == straight
    other = EpochOrder(lengths, 8, seed=4)
    assert [other.batch(number) for number in numbers] != straight
    assert straight[:12] != straight[12:24]  # the second epoch is another order


def test_a_batch_holds_similar_lengths() -> None:
    lengths, size = made_up_lengths(2000), 8
    batches = epoch(EpochOrder(lengths, size), 0)

    def padding(batches: list[list[int]]) -> float:
        """The part of the positions that holds no token."""
        longest = [max(lengths[index] for index in batch) for batch in batches]
        real = sum(lengths[index] for batch in batches for index in batch)
        return 1 - real / (size * sum(longest))

    unsorted = np.random.default_rng(0).permutation(2000).reshape(-1, size).tolist()
    assert padding(unsorted) > 0.3
    assert padding(batches) < 0.06


def test_short_and_long_batches_are_mixed() -> None:
    lengths, size = made_up_lengths(4 * GROUP_BATCHES * 8), 8
    batches = epoch(EpochOrder(lengths, size), 0)
    sizes = [mean(lengths[index] for index in batch) for batch in batches]
    # In each stretch of an epoch, near the average of all; sorted, the first would be below 60.
    for start in range(0, len(sizes), GROUP_BATCHES):
        assert mean(sizes[start : start + GROUP_BATCHES]) == pytest.approx(mean(lengths), rel=0.4)
    # And not the same company every time.
    assert {frozenset(b) for b in batches} != {
        frozenset(b) for b in epoch(EpochOrder(lengths, size), 1)
    }


def test_a_budget_in_epochs_is_one_in_tokens() -> None:
    order = EpochOrder([10, 20, 30, 40], 2)
    assert order.settings(SETTINGS, epochs=3).tokens == 300
    assert order.settings(SETTINGS, epochs=0.25).tokens == 25


def test_a_given_budget_stays() -> None:
    order = EpochOrder([10, 20, 30, 40], 2)
    by_tokens = order.settings(Settings(tokens=77), epochs=3)
    assert (by_tokens.tokens, by_tokens.minutes) == (77, None)
    by_minutes = order.settings(Settings(minutes=1.5), epochs=3)
    assert (by_minutes.tokens, by_minutes.minutes) == (None, 1.5)


def test_evaluations_per_epoch() -> None:
    order = EpochOrder([10] * 120, 2)  # 60 batches
    assert order.settings(SETTINGS, 1).evaluate_every == 60
    assert order.settings(SETTINGS, 1, per_epoch=10).evaluate_every == 6
    accumulating = Settings(accumulation=4, evaluate_every=0)  # 15 updates
    assert order.settings(accumulating, 1, per_epoch=3).evaluate_every == 5
    assert order.settings(accumulating, 1, world_size=3).evaluate_every == 5  # 3 x 4 batches each
    assert order.settings(SETTINGS, 1, per_epoch=1000).evaluate_every == 1
    assert order.settings(Settings(evaluate_every=7), 1).evaluate_every == 7  # as asked


def test_other_settings_stay() -> None:
    found = EpochOrder([10] * 4, 2).settings(Settings(learning_rate=0.5, seed=9), 1)
    assert (found.learning_rate, found.seed) == (0.5, 9)


@pytest.mark.parametrize(
    ("count", "batch_size", "message"),
    [
        (3, 4, "3 examples do not fill one batch of 4; choose a smaller batch size."),
        (0, 1, "0 examples do not fill one batch of 1"),
        (3, 0, "The batch size must be at least 1, not 0."),
        (3, -2, "The batch size must be at least 1, not -2."),
    ],
)
def test_no_batch_no_order(count: int, batch_size: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EpochOrder([10] * count, batch_size)
