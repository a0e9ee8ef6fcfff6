"""Is an answer as good in the seventh turn of a conversation as in the first?

A question of a check is asked again after six others that have nothing to do with it, with the
answers that the assistant gave to those: what a visitor sees who tries one thing after the other.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from tqdm import tqdm

from gpt2_scratch.chat import Assistant, Message
from train.chat.skills import Question

TURNS_BEFORE = 6


def in_turn_seven(
    assistant: Assistant, questions: Sequence[Question], answers: Sequence[str], max_new_tokens: int
) -> list[str]:
    """The greedy answer to each question after six others, drawn from other skills.

    answers  what the assistant says to each question alone
    """
    asked = tqdm(conversations(questions, answers), desc="in turn seven", leave=False)
    return [_reply(assistant, conversation, max_new_tokens) for conversation in asked]


def conversations(questions: Sequence[Question], answers: Sequence[str]) -> list[list[Message]]:
    """For each question the conversation that ends with it; fewer turns where there are no six."""
    rng = random.Random(0)
    found = []
    for question in questions:
        others = [i for i, other in enumerate(questions) if other.skill != question.skill]
        conversation: list[Message] = []
        for i in rng.sample(others, min(TURNS_BEFORE, len(others))):
            conversation.append(questions[i].as_message())
            conversation.append({"role": "assistant", "content": answers[i]})
        found.append([*conversation, question.as_message()])
    return found


def _reply(assistant: Assistant, conversation: Sequence[Message], max_new_tokens: int) -> str:
    steps = assistant.stream(conversation, max_new_tokens=max_new_tokens)
    return "".join(step.text for step in steps).strip()
