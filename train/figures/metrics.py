"""Figures of a yes-or-no classifier, from the definitions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby, pairwise
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


def reliability(
    is_positive: Sequence[bool], scores: Sequence[float], bins: int = 10
) -> list[dict[str, float]]:
    """What a reliability diagram draws: per bin of the score that is not empty, from 0 to 1,
    {"n", "score": its mean, "positive": the part that is positive}.

    Of messages that get 80% from a calibrated classifier, 80% are spam.
    """
    groups: dict[int, list[tuple[float, bool]]] = {}
    for score, truth in zip(scores, is_positive, strict=True):
        groups.setdefault(min(int(score * bins), bins - 1), []).append((score, truth))
    return [
        {
            "n": len(group),
            "score": sum(score for score, _ in group) / len(group),
            "positive": sum(truth for _, truth in group) / len(group),
        }
        for _, group in sorted(groups.items())
    ]


def expected_calibration_error(
    is_positive: Sequence[bool], scores: Sequence[float], bins: int = 10
) -> float:
    """Mean distance between score and truth over the bins of `reliability`, weighted by their n.

    Naeini et al. 2015, https://ojs.aaai.org/index.php/AAAI/article/view/9602.
    """
    rows = reliability(is_positive, scores, bins)
    return sum(row["n"] * abs(row["score"] - row["positive"]) for row in rows) / len(scores)


def log_loss(is_positive: Sequence[bool], scores: Sequence[float]) -> float:
    """Mean negative log-likelihood in nats; a score of exactly 0 or 1 counts as 1e-7 away."""
    chances = (s if truth else 1 - s for truth, s in zip(is_positive, scores, strict=True))
    return -sum(math.log(max(chance, 1e-7)) for chance in chances) / len(scores)


def calibration(is_positive: Sequence[bool], scores: Sequence[float]) -> dict[str, object]:
    """{"ece", "log_loss", "reliability", "thresholds"}: how far the scores can be believed."""
    return {
        "ece": expected_calibration_error(is_positive, scores),
        "log_loss": log_loss(is_positive, scores),
        "reliability": reliability(is_positive, scores),
        "thresholds": threshold_curve(is_positive, scores),
    }


def threshold_curve(
    is_positive: Sequence[bool], scores: Sequence[float], steps: int = 100
) -> list[dict[str, float]]:
    """How many are taken wrongly at other thresholds: {"threshold", "fp", "fn"}, from 0 up.

    Thresholds are looked at in steps of 1 / `steps`; one is listed where a count changes, so that
    the row of any threshold is the last one that does not exceed it.
    """
    rows: list[dict[str, float]] = []
    pairs = list(zip(is_positive, scores, strict=True))
    for step in range(steps):
        threshold = step / steps
        fp = sum(not truth and score >= threshold for truth, score in pairs)
        fn = sum(truth and score < threshold for truth, score in pairs)
        if not rows or (fp, fn) != (rows[-1]["fp"], rows[-1]["fn"]):
            rows.append({"threshold": threshold, "fp": fp, "fn": fn})
    return rows


def best_threshold(
    is_positive: Sequence[bool], scores: Sequence[float], low: float = 0.2, high: float = 0.8
) -> float:
    """The threshold in [low, high] with the highest F1; of equal ones the nearest to 0.5.

    Candidates lie midway between neighbouring scores. The limits keep a handful of validation
    messages from choosing an extreme. Raises ValueError as `binary_metrics` does.
    """
    inside = sorted({score for score in scores if low <= score <= high} | {low, high})
    candidates = [0.5, *((a + b) / 2 for a, b in pairwise(inside))]
    return max(
        candidates,
        key=lambda t: (binary_metrics(is_positive, scores, t)["f1"], -abs(t - 0.5)),
    )


def fit_temperature(is_positive: Sequence[bool], scores: Sequence[float]) -> float:
    """The temperature in [1/4, 4] that, dividing the logits of `scores`, fits the truth best.

    Guo et al. 2017, https://arxiv.org/abs/1706.04599: one number, chosen on validation data by
    likelihood, repairs most of a network's overconfidence and changes no ranking.
    """
    eps = 1e-7
    logits = [math.log((s + eps) / (1 - s + eps)) for s in scores]

    def loss(temperature: float) -> float:
        cooled = [1 / (1 + math.exp(-logit / temperature)) for logit in logits]
        return log_loss(is_positive, cooled)

    return min((2 ** (step / 50) for step in range(-100, 101)), key=loss)
