"""Figures of a yes-or-no classifier, from the definitions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter


def binary_metrics(
    is_positive: Sequence[bool], scores: Sequence[float], threshold: float = 0.5
) -> dict[str, float]:
    """Accuracy, precision, recall, F1, ROC-AUC and the four cells of the confusion matrix.

    is_positive  the truth (spam = True); scores in [0, 1], positive from `threshold` on
    A ratio with nothing to divide by is 0. Raises ValueError as `roc_auc` does.
    """
    auc = roc_auc(is_positive, scores)  # first: it rejects what has no figures
    pairs = list(zip(is_positive, scores, strict=True))
    positives = sum(truth for truth, _ in pairs)
    tp = sum(truth and score >= threshold for truth, score in pairs)
    fp = sum(not truth and score >= threshold for truth, score in pairs)
    fn, tn = positives - tp, len(pairs) - positives - fp
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / positives
    return {
        "n": len(pairs),
        "accuracy": (tp + tn) / len(pairs),
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if tp else 0.0,
        "roc_auc": auc,
        "tn": tn,
        "fp": fp,
        "fn": fn,
        "tp": tp,
    }


def roc_auc(is_positive: Sequence[bool], scores: Sequence[float]) -> float:
    """Probability that a random positive scores above a random negative; a tie counts half.

    That is the Mann-Whitney U statistic over the number of pairs, from mean ranks. Raises
    ValueError without examples of both kinds, or for a score that is not a number.
    """
    if any(math.isnan(score) for score in scores):
        raise ValueError("A score is not a number: the model that gave it is damaged.")
    pairs = sorted(zip(scores, is_positive, strict=True))
    positives = sum(truth for _, truth in pairs)
    negatives = len(pairs) - positives
    if positives == 0 or negatives == 0:
        raise ValueError("Metrics need examples of both classes.")
    rank_sum, ranked = 0.0, 0
    for _, tied in groupby(pairs, key=itemgetter(0)):
        truths = [truth for _, truth in tied]
        mean_rank = ranked + (len(truths) + 1) / 2  # ranks ranked + 1 .. ranked + len(truths)
        rank_sum += mean_rank * sum(truths)
        ranked += len(truths)
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)
