"""How sure an assistant was of its answer: the probability of each token that it wrote.

A small model is often wrong, and wrong answers tend to be those whose tokens it found less
probable. That is no proof either way: it can be sure of nonsense. How well it tells right from
wrong is measured by `train.evaluate chat`, on questions whose answers are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gpt2_scratch.insight.alternatives import Place, alternatives

if TYPE_CHECKING:
    from gpt2_scratch.chat import Assistant, Message

UNSURE = 0.9
"""The mean probability of an answer's tokens below which it is likely to be wrong.

Chosen on the 204 questions of `train/chat/skills_check.tsv`, greedy answers of the model of
weights/README.md; `train.evaluate chat` records what is right below and above it."""


def answer_places(
    assistant: Assistant, messages: Sequence[Message], answer: str, rows: int = 5
) -> list[Place]:
    """Each token of an answer to a conversation, and what else it might have been.

    The answer is cut into tokens anew, and ends as a whole answer does. Raises ValueError if the
    answer is empty, or as `Assistant.encode` does.
    """
    tokenizer = assistant.tokenizer
    written = tokenizer.encode(answer)
    if not written:
        raise ValueError("The answer is empty: there is no token in it to be sure of.")
    # As much room as the answer takes; of one that takes more than half the window the end is cut.
    room = min(len(written) + 1, assistant.model.config.block_size // 2)
    ids, _ = assistant.encode(messages, room)
    return alternatives(assistant.model, ids, [*written, tokenizer.eot_id][:room], rows)


def mean_probability(probabilities: Sequence[float]) -> float:
    """Of the tokens of an answer, its end included; 1 for none."""
    return sum(probabilities) / len(probabilities) if probabilities else 1.0
