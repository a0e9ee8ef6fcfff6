"""Which words pushed a spam verdict: leave-one-out, also called occlusion.

Leave a word out, ask the classifier again, and see how far its answer moves (Li et al. 2016,
https://arxiv.org/abs/1612.08220). It needs no gradients and no trust in attention weights: every
number is a difference between two verdicts that anyone can ask for. Its limit is that it changes
one place at a time: of two words that say the same, each alone can be spared, and neither gets the
credit that both deserve.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gpt2_scratch.classifier import SpamClassifier, Verdict
from gpt2_scratch.vocabulary.text import fold

# A probability in float32 can be exactly 0 or 1, where the log-odds are infinite.
_TINY = 1e-7

_WORD = re.compile(r"\S+\s*")


@dataclass(frozen=True)
class Span:
    """A stretch of the message, a word as a rule, and what the verdict owes to it.

    text                      as it stands there, with the white space behind it
    spam_probability_without  of the message without this span, 0 to 1; None if nothing is left
    influence                 how much the span raises the log-odds of spam, in nats: above 0 it
                              speaks for spam, below 0 for ham; 0 if nothing is left without it
    """

    text: str
    spam_probability_without: float | None
    influence: float


def word_influence(
    classifier: SpamClassifier, message: str, max_spans: int = 60
) -> tuple[Verdict, list[Span]]:
    """The verdict on a message, and the influence of each of its words on it.

    All versions of the message go through the classifier as one batch: one forward pass per word
    over the whole message, so the work grows with the square of its length. A message of more than
    `max_spans` words is therefore cut into that many runs of words, or a few less, all but the
    last of the same number of words.

    Influence is measured in log-odds, log(p / (1 - p)), and not in probability: from 99.9 % there
    is no way up, and a word that brought it there would seem to have done nothing.

    Returns:
        verdict and spans; the texts of the spans, joined, are the message.

    Raises:
        ValueError: the message is no text, or has no visible character.
    """
    pieces = list(_spans(message, max_spans)) if isinstance(message, str) else []
    without = ["".join(pieces[:i] + pieces[i + 1 :]) for i in range(len(pieces))]
    asked = [text for text in without if fold(text).strip()]
    verdict, *others = classifier.predict_batch([message, *asked])
    probabilities = dict(zip(asked, (other.spam_probability for other in others), strict=True))
    with_all = _log_odds(verdict.spam_probability)
    spans = []
    for piece, text in zip(pieces, without, strict=True):
        left_out = probabilities.get(text)
        influence = 0.0 if left_out is None else with_all - _log_odds(left_out)
        spans.append(Span(piece, left_out, influence))
    return verdict, spans


def _spans(message: str, max_spans: int) -> Iterator[str]:
    """The message in words, or in runs of words; white space before the first goes with it."""
    words = _WORD.findall(message)
    if not words:
        return
    words[0] = message[: len(message) - len("".join(words))] + words[0]
    run = math.ceil(len(words) / max_spans)  # words per span
    for start in range(0, len(words), run):
        yield "".join(words[start : start + run])


def _log_odds(probability: float) -> float:
    p = min(max(probability, _TINY), 1 - _TINY)
    return math.log(p / (1 - p))
