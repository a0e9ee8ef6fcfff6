"""The confusion matrix as the page and the charts read it."""

from __future__ import annotations

import pytest

from gpt2_scratch.insight.confusion import Confusion

FIGURES = {
    **{"tn": 90, "fp": 10, "fn": 5, "tp": 45},
    "thresholds": [
        {"threshold": 0.0, "fp": 100, "fn": 0},
        {"threshold": 0.5, "fp": 10, "fn": 5},
        {"threshold": 0.9, "fp": 0, "fn": 50},
    ],
}


def test_cells_and_rates_by_hand() -> None:
    confusion = Confusion.of(FIGURES)
    assert confusion is not None
    assert confusion.rows == [[90, 10], [5, 45]]
    assert confusion.precision == pytest.approx(45 / 55)
    assert confusion.recall == pytest.approx(0.9)
    assert "| **is spam** | 5 | 45 |" in confusion.markdown()


def test_another_threshold_takes_the_last_row_below_it() -> None:
    assert Confusion.of(FIGURES, 0.5) == Confusion.of(FIGURES) == Confusion.of(FIGURES, 0.7)
    assert Confusion.of(FIGURES, 0.2) == Confusion(0, 100, 0, 50)
    strict = Confusion.of(FIGURES, 0.95)
    assert strict == Confusion(100, 0, 50, 0) and strict.precision == strict.recall == 0


def test_without_the_numbers_there_is_none() -> None:
    assert Confusion.of({"n": 3}) is None and Confusion.of(3) is None
    assert Confusion.of({"tn": 1, "fp": 2, "fn": 3, "tp": 4}, 0.3) is None
