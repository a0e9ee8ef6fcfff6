"""Kneser-Ney against its formula written with dictionaries."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
import torch

from train.ngram import KneserNey

VOCAB_SIZE = 6


def windows(rows: int, width: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, VOCAB_SIZE - 1, (rows, width))  # 5 never occurs


class PlainKneserNey:
    """The formula of the module's first lines, n-gram by n-gram."""

    def __init__(self, rows: list[list[int]], order: int) -> None:
        grams = [
            Counter(tuple(row[i : i + n]) for row in rows for i in range(len(row) - n + 1))
            for n in range(1, order + 1)
        ]
        self.counts = [*(Counter(longer[1:] for longer in above) for above in grams[1:]), grams[-1]]
        self.discounts = []
        for counts in self.counts:
            ones, twos = (list(counts.values()).count(n) for n in (1, 2))
            self.discounts.append(ones / (ones + 2 * twos) if ones else 0.5)
        self.totals: list[Counter[tuple[int, ...]]] = []
        self.followers: list[dict[tuple[int, ...], int]] = []
        for counts in self.counts:
            totals: Counter[tuple[int, ...]] = Counter()
            followers: dict[tuple[int, ...], int] = defaultdict(int)
            for gram, count in counts.items():
                totals[gram[:-1]] += count
                followers[gram[:-1]] += 1
            self.totals.append(totals)
            self.followers.append(followers)

    def probability(self, token: int, history: tuple[int, ...]) -> float:
        order = len(history)
        lower = self.probability(token, history[1:]) if history else 1 / VOCAB_SIZE
        total = self.totals[order][history]
        if total == 0:
            return lower
        discount = self.discounts[order]
        mass = max(self.counts[order][(*history, token)] - discount, 0)
        return mass / total + discount * self.followers[order][history] / total * lower


@pytest.mark.parametrize("order", [2, 3, 5])
def test_equals_the_formula(order: int) -> None:
    train, test = windows(40, 12, seed=0), windows(5, 9, seed=1)
    test[0, 3] = VOCAB_SIZE - 1  # a token that training never saw
    plain = PlainKneserNey(train.tolist(), order)
    expected = [
        [plain.probability(row[i], tuple(row[max(0, i - order + 1) : i])) for i in range(len(row))]
        for row in test.tolist()
    ]
    got = KneserNey(train, VOCAB_SIZE, order).probabilities(test)
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_probabilities_of_all_tokens_sum_to_one() -> None:
    model = KneserNey(windows(40, 12, seed=0), VOCAB_SIZE, order=4)
    histories = np.repeat(windows(1, 5, seed=2), VOCAB_SIZE, axis=0)
    histories[:, -1] = np.arange(VOCAB_SIZE)
    assert model.probabilities(histories)[:, -1].sum() == pytest.approx(1.0)


def test_nats_counts_targets_only() -> None:
    model = KneserNey(windows(40, 12, seed=0), VOCAB_SIZE, order=3)
    tokens = windows(3, 8, seed=3)
    x, y = torch.from_numpy(tokens[:, :-1]), torch.from_numpy(tokens[:, 1:])
    assert model.nats(x, y) == pytest.approx(-np.log(model.probabilities(tokens)[:, 1:]).sum())


def test_windows_shorter_than_the_order() -> None:
    with pytest.raises(ValueError, match="hold no 5-grams"):
        KneserNey(windows(3, 4, seed=0), VOCAB_SIZE, order=5)
