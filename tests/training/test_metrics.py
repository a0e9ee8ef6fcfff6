"""Figures of a binary classifier against hand-computed cases and brute force."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.figures.metrics import (
    best_threshold,
    binary_metrics,
    expected_calibration_error,
    fit_temperature,
    log_loss,
    reliability,
    roc_auc,
    threshold_curve,
)

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


# --- calibration -------------------------------------------------------------------------------


def test_reliability_by_hand() -> None:
    truths = [False, True, True, False, True]
    scores = [0.05, 0.15, 0.95, 0.85, 1.0]
    assert reliability(truths, scores, bins=2) == [
        {"n": 2, "score": pytest.approx(0.1), "positive": 0.5},
        {"n": 3, "score": pytest.approx(2.8 / 3), "positive": pytest.approx(2 / 3)},
    ]
    expected = 2 / 5 * 0.4 + 3 / 5 * (2.8 / 3 - 2 / 3)
    assert expected_calibration_error(truths, scores, bins=2) == pytest.approx(expected)


@given(LABELLED)
def test_reliability_covers_every_score_once(pairs: list[tuple[bool, float]]) -> None:
    truths, scores = [t for t, _ in pairs], [s for _, s in pairs]
    rows = reliability(truths, scores)
    assert sum(row["n"] for row in rows) == len(pairs)
    total = sum(row["n"] * row["positive"] for row in rows)
    assert total == pytest.approx(sum(truths))
    assert 0 <= expected_calibration_error(truths, scores) <= 1


def test_log_loss_by_hand() -> None:
    assert log_loss([True, False], [0.5, 0.2]) == pytest.approx(
        -(math.log(0.5) + math.log(0.8)) / 2
    )
    assert log_loss([True, False], [0.0, 1.0]) == pytest.approx(-math.log(1e-7))


def test_the_threshold_with_the_highest_f1() -> None:
    truths = [False, False, True, True, True]
    assert 0.3 < best_threshold(truths, [0.1, 0.3, 0.4, 0.7, 0.9]) < 0.4
    assert best_threshold(truths, [0.1, 0.2, 0.8, 0.9, 0.9]) == 0.5  # all alike: the middle
    assert best_threshold(truths, [0.01, 0.02, 0.05, 0.06, 0.07]) >= 0.2  # never an extreme


@given(LABELLED)
def test_no_threshold_in_range_has_a_higher_f1(pairs: list[tuple[bool, float]]) -> None:
    truths, scores = [t for t, _ in pairs], [s for _, s in pairs]
    threshold = best_threshold(truths, scores)
    found = binary_metrics(truths, scores, threshold)["f1"]
    assert 0.2 <= threshold <= 0.8
    assert all(found >= binary_metrics(truths, scores, t / 20)["f1"] for t in range(4, 17))


def test_temperature_undoes_overconfidence() -> None:
    """Of a thousand scores of 0.99, only 90% are right: cooled, they say 0.9."""
    truths = [n % 10 > 0 for n in range(1000)] + [n % 10 == 0 for n in range(1000)]
    scores = [0.99] * 1000 + [0.01] * 1000
    temperature = fit_temperature(truths, scores)
    logit = math.log(0.99 / 0.01) / temperature
    assert 1 / (1 + math.exp(-logit)) == pytest.approx(0.9, abs=0.01)
    assert fit_temperature(truths, [0.9] * 1000 + [0.1] * 1000) == pytest.approx(1, abs=0.02)


def test_the_threshold_curve_by_hand() -> None:
    truths, scores = [False, False, True, True], [0.1, 0.6, 0.4, 0.9]
    assert threshold_curve(truths, scores, steps=10) == [
        {"threshold": 0.0, "fp": 2, "fn": 0},
        {"threshold": 0.2, "fp": 1, "fn": 0},
        {"threshold": 0.5, "fp": 1, "fn": 1},
        {"threshold": 0.7, "fp": 0, "fn": 1},
    ]


@given(LABELLED)
def test_the_last_row_that_does_not_exceed_a_threshold_has_its_counts(
    pairs: list[tuple[bool, float]],
) -> None:
    truths, scores = [t for t, _ in pairs], [s for _, s in pairs]
    rows = threshold_curve(truths, scores)
    for threshold in (0.03, 0.5, 0.97):
        row = [row for row in rows if row["threshold"] <= threshold][-1]
        figures = binary_metrics(truths, scores, threshold)
        assert (row["fp"], row["fn"]) == (figures["fp"], figures["fn"])
