"""Does the probability of an answer tell whether it is right?

The page says that an answer is likely to be wrong where the model gave its tokens little
probability. How often that holds is measured here, on questions whose answers are known.
"""

from __future__ import annotations

from collections.abc import Sequence

from gpt2_scratch.chat import Assistant
from gpt2_scratch.insight.confidence import UNSURE, answer_places, mean_probability
from train.chat.skills import Question


def by_confidence(
    assistant: Assistant, questions: Sequence[Question], answers: Sequence[str]
) -> dict[str, dict[str, float]]:
    """{"unsure", "sure"}: n and contains_match of the answers below UNSURE, and of the others.

    An empty answer is unsure: there is no token in it.
    """
    groups: dict[str, list[bool]] = {"unsure": [], "sure": []}
    for question, answer in zip(questions, answers, strict=True):
        mean = 0.0
        if answer.strip():
            places = answer_places(assistant, [question.as_message()], answer)
            mean = mean_probability([place.probability for place in places])
        groups["sure" if mean >= UNSURE else "unsure"].append(question.accepts(answer))
    return {
        name: {"n": len(right), "contains_match": sum(right) / max(len(right), 1)}
        for name, right in groups.items()
    }
