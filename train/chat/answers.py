"""How close an answer comes to its reference: equal, containing it, or sharing its words."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence

from gpt2_scratch.vocabulary.text import unquoted
from train.datasets import Instruction


def match_rates(tasks: Iterable[Instruction], answers: Iterable[str]) -> dict[str, float]:
    """exact_match, contains_match and rouge_l of the answers, each the mean of values in [0, 1].

    Letter case, punctuation at the ends and white space do not count. An answer contains the
    reference only as whole words: "know" does not contain "no".
    """
    pairs = [
        (normalised(task.output), normalised(answer))
        for task, answer in zip(tasks, answers, strict=True)
    ]
    return {
        "exact_match": sum(wanted == given for wanted, given in pairs) / len(pairs),
        "contains_match": sum(contains_words(given, wanted) for wanted, given in pairs)
        / len(pairs),
        "rouge_l": sum(rouge_l(wanted, given) for wanted, given in pairs) / len(pairs),
    }


def normalised(text: str) -> str:
    """Lower case, single spaces, no punctuation at the ends, no quotes around single words."""
    folded = unquoted(" ".join(text.casefold().split()))
    return folded.strip(string.punctuation + " ") or folded  # "?" may be the answer


def contains_words(text: str, words: str) -> bool:
    """Whether `words` stand in the text as whole words; both are `normalised` already."""
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text) is not None


def rouge_l(reference: str, answer: str) -> float:
    """The F1 of the longest common subsequence of words. Lin 2004, https://aclanthology.org/W04-1013.

    Words are runs of letters and digits in lower case; two texts without any are equal.
    """
    wanted, given = (re.findall(r"\w+", text.casefold()) for text in (reference, answer))
    if not wanted or not given:
        return float(wanted == given)
    return 2 * _common_subsequence(wanted, given) / (len(wanted) + len(given))


def _common_subsequence(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest sequence of words that stands in both in this order, with gaps."""
    row = [0] * (len(b) + 1)  # row[j]: the length for what was read of a and the first j words of b
    for word in a:
        diagonal = 0
        for j, other in enumerate(b, 1):
            above = row[j]
            row[j] = diagonal + 1 if word == other else max(above, row[j - 1])
            diagonal = above
    return row[-1]
