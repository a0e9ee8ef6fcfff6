"""How often the shipped spam filter is right, as Markdown of its entry in the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gpt2_scratch.insight.confusion import Confusion

UNKNOWN = 0.5  # the threshold of a filter whose training chose none
RATES = {
    "accuracy": ("Accuracy", "the share of verdicts that are right"),
    "precision": ("Precision", "of what it calls spam, the share that is spam"),
    "recall": ("Recall", "of the spam, the share that it finds"),
    "f1": ("F1", "the harmonic mean of precision and recall"),
    "roc_auc": ("ROC-AUC", "how often a random spam gets a higher probability than a random ham"),
}
TEST_SETS = {
    "full_dedup": "SMS Spam Collection, test part without duplicates",
    "book": "SMS Spam Collection, balanced test part of the book's split",
    "book_without_repeats": "The same, without messages that stand in its training part too",
    "modern_check": "Messages of today, written for this project",
    "independent_check": "Messages of today, written by another model",
}


def own_threshold(entry: Mapping[str, Any]) -> float:
    """What training chose, to the slider's two digits."""
    measured = entry.get("metrics", {}).values()
    return next((round(figures["threshold"], 2) for figures in measured if "threshold" in figures),
                UNKNOWN)  # fmt: skip


def effect_text(entry: Mapping[str, Any], threshold: float) -> str:
    """What a threshold does on the first test set; empty where that is not recorded."""
    for figures in entry.get("metrics", {}).values():
        if confusion := Confusion.of(figures, threshold):
            return (
                f"On {sum(map(sum, confusion.rows)):,} test messages: "
                f"**precision {confusion.precision:.1%}** ({confusion.fp:,} ham called spam), "
                f"**recall {confusion.recall:.1%}** ({confusion.fn:,} spam missed)."
            )
    return ""


def figures_text(entry: Mapping[str, Any]) -> str:
    """Markdown of a manifest entry: per test set a confusion matrix and the usual rates."""
    sections = [
        _section(TEST_SETS.get(name, name), confusion, figures)
        for name, figures in entry.get("metrics", {}).items()
        if (confusion := Confusion.of(figures))
    ]
    return "\n\n".join(sections) or (
        "No figures are recorded for these weights: run `python -m train.evaluate spam`."
    )


def _section(title: str, confusion: Confusion, figures: Mapping[str, float]) -> str:
    rates = [
        f"- **{name} {figures[key]:.3f}**: {meaning}"
        for key, (name, meaning) in RATES.items()
        if key in figures
    ]
    count = sum(map(sum, confusion.rows))
    heading = f"**{title}: {count:,} messages that no training has seen.**"
    return "\n".join([heading, "", confusion.markdown(), "", *rates])
