"""The confusion matrix of a yes-or-no classifier, read from the figures that evaluation recorded.

The page, the charts of `train.plots` and the tests take their cells, labels and rates from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CELLS = ("tn", "fp", "fn", "tp")
KINDS = ("ham", "spam")  # the order of rows, what a message is, and of columns, what it is called


@dataclass(frozen=True)
class Confusion:
    """How often ham and spam were taken for what: true and false negatives and positives."""

    tn: int
    fp: int
    fn: int
    tp: int

    @classmethod
    def of(cls, figures: object, threshold: float | None = None) -> Confusion | None:
        """The cells of a test set's figures, or None if it has none.

        With a threshold, what they would be if a message counted as spam from there on; that
        takes the set's "thresholds", as `train.figures.metrics.threshold_curve` makes them.
        """
        if not isinstance(figures, Mapping) or not set(CELLS) <= set(figures):
            return None
        own = cls(*(round(figures[cell]) for cell in CELLS))
        if threshold is None:
            return own
        rows: list[Mapping[str, Any]] = figures.get("thresholds", [])
        below = [row for row in rows if row["threshold"] <= threshold + 1e-9]
        if not below:
            return None
        fp, fn = below[-1]["fp"], below[-1]["fn"]
        return cls(own.tn + own.fp - fp, fp, fn, own.tp + own.fn - fn)

    @property
    def rows(self) -> list[list[int]]:
        """[[ham called ham, ham called spam], [spam called ham, spam called spam]]."""
        return [[self.tn, self.fp], [self.fn, self.tp]]

    @property
    def precision(self) -> float:
        """Of what is called spam, the share that is spam; 0 if nothing is."""
        called = self.tp + self.fp
        return self.tp / called if called else 0.0

    @property
    def recall(self) -> float:
        """Of the spam, the share that is found; 0 if there is none."""
        spam = self.tp + self.fn
        return self.tp / spam if spam else 0.0

    def markdown(self) -> str:
        """The matrix as a table."""
        lines = ["| | called ham | called spam |", "|---|--:|--:|"]
        for kind, (ham, spam) in zip(KINDS, self.rows, strict=True):
            lines.append(f"| **is {kind}** | {ham:,} | {spam:,} |")
        return "\n".join(lines)
