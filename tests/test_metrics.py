"""Figures of a binary classifier against hand-computed cases and brute force."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.metrics import binary_metrics, roc_auc

# Few different values, so that ties are common.
LABELLED = st.lists(
    st.tuples(st.booleans(), st.integers(0, 4).map(lambda n: n / 4)), min_size=2, max_size=30
).filter(lambda pairs: len({truth for truth, _ in pairs}) == 2)


def area_under_the_curve(truths: list[bool], scores: list[float]) -> float:
    """The definition: draw the curve, threshold by threshold, and add up its trapezoids."""
    positives, negatives = sum(truths), len(truths) - sum(truths)
    points = [(0.0, 0.0)]
    for threshold in sorted(set(scores), reverse=True):
        called = [truth for truth, score in zip(truths, scores, strict=True) if score >= threshold]
        points.append(((len(called) - sum(called)) / negatives, sum(called) / positives))
    return sum((x2 - x1) * (y1 + y2) / 2 for (x1, y1), (x2, y2) in itertools.pairwise(points))


def test_by_hand() -> None:
    truths = [True, True, True, True, False, False, False, False, False, False]
    scores = [0.9, 0.8, 0.5, 0.2, 0.7, 0.6, 0.4, 0.3, 0.1, 0.0]
    found = binary_metrics(truths, scores)
    # 0.9, 0.8 and 0.5 are found and 0.2 is missed; 0.7 and 0.6 are false alarms.
    assert [found[key] for key in ("n", "tp", "fn", "fp", "tn")] == [10, 3, 1, 2, 4]
    assert found["accuracy"] == pytest.approx(7 / 10)
    assert found["precision"] == pytest.approx(3 / 5)
    assert found["recall"] == pytest.approx(3 / 4)
    assert found["f1"] == pytest.approx(2 / 3)
    # Negatives below each positive: 6, 6, 4 and 2, of 6 each.
    assert found["roc_auc"] == pytest.approx(18 / 24)


def test_threshold_moves_the_cells_but_not_the_area() -> None:
    truths, scores = [True, True, False, False], [0.9, 0.4, 0.6, 0.1]
    strict, lax = (binary_metrics(truths, scores, threshold) for threshold in (0.7, 0.4))
    assert [strict[key] for key in ("tp", "fn", "fp", "tn")] == [1, 1, 0, 2]
    assert [lax[key] for key in ("tp", "fn", "fp", "tn")] == [2, 0, 1, 1]
    assert strict["roc_auc"] == lax["roc_auc"] == pytest.approx(3 / 4)


def test_a_score_at_the_threshold_is_positive() -> None:
    found = binary_metrics([True, False], [0.5, 0.5])
    assert (found["tp"], found["fp"]) == (1, 1)


def test_nothing_called_positive_gives_zeros_and_no_division() -> None:
    found = binary_metrics([True, False, False], [0.2, 0.1, 0.3])
    assert (found["precision"], found["recall"], found["f1"]) == (0.0, 0.0, 0.0)
    assert found["accuracy"] == pytest.approx(2 / 3)


def test_everything_wrong() -> None:
    found = binary_metrics([True, False], [0.1, 0.9])
    assert (found["accuracy"], found["f1"], found["roc_auc"]) == (0.0, 0.0, 0.0)


@given(LABELLED)
def test_roc_auc_is_the_part_of_pairs_in_order(pairs: list[tuple[bool, float]]) -> None:
    positive = [score for truth, score in pairs if truth]
    negative = [score for truth, score in pairs if not truth]
    wins = sum((p > n) + (p == n) / 2 for p in positive for n in negative)
    truths, scores = [truth for truth, _ in pairs], [score for _, score in pairs]
    found = roc_auc(truths, scores)
    assert found == pytest.approx(wins / (len(positive) * len(negative)))
    assert found == pytest.approx(area_under_the_curve(truths, scores))


@given(LABELLED, st.sampled_from([0.0, 0.25, 0.6, 1.0]))
def test_the_figures_agree_with_each_other(
    pairs: list[tuple[bool, float]], threshold: float
) -> None:
    truths, scores = [truth for truth, _ in pairs], [score for _, score in pairs]
    found = binary_metrics(truths, scores, threshold)
    tp, fn, fp, tn = (found[key] for key in ("tp", "fn", "fp", "tn"))
    assert (tp + fn, fp + tn) == (truths.count(True), truths.count(False))
    assert tp + fp == sum(score >= threshold for score in scores)
    assert found["accuracy"] * found["n"] == pytest.approx(tp + tn)
    assert found["f1"] == pytest.approx(2 * tp / (2 * tp + fp + fn))


@pytest.mark.parametrize("truths", [[], [True], [True, True], [False, False, False]])
def test_one_class_alone_has_no_figures(truths: list[bool]) -> None:
    scores = [0.5] * len(truths)
    for measure in (binary_metrics, roc_auc):
        with pytest.raises(ValueError, match="examples of both classes"):
            measure(truths, scores)


def test_a_score_for_each_example() -> None:
    for measure in (binary_metrics, roc_auc):
        with pytest.raises(ValueError, match="argument 2 is"):
            measure([True, False, True], [0.1, 0.2])


def test_what_is_not_a_number_is_no_score() -> None:
    for measure in (binary_metrics, roc_auc):
        with pytest.raises(ValueError, match="not a number"):
            measure([True, False], [math.nan, 0.5])
