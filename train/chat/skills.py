"""What visitors ask an assistant first: short questions by skill, with the answers accepted.

`skills_check.tsv` was written by a language model that had seen nothing of this project, 17
questions of each skill; `finetune_chat` leaves out any task that asks the same. Most of the facts
themselves (that Paris is the capital of France) stand in training in other words: this measures
whether what was taught can be asked for, not what a small model could find out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gpt2_scratch.chat import Message
from train.chat.answers import contains_words, normalised
from train.datasets import Instruction


@dataclass(frozen=True)
class Question:
    """A task of one skill; an answer is accepted if it contains one of the phrases."""

    skill: str
    instruction: str
    input: str
    phrases: tuple[str, ...]

    def accepts(self, answer: str) -> bool:
        given = normalised(answer)
        return any(contains_words(given, normalised(phrase)) for phrase in self.phrases)

    def as_message(self) -> Message:
        return {"role": "user", "content": self.instruction, "input": self.input}

    def as_task(self) -> Instruction:
        return Instruction(self.instruction, self.input, self.phrases[0], f"skills:{self.skill}")


AnyQuestion = TypeVar("AnyQuestion", bound=Question)


def skills_check() -> list[Question]:
    """The questions of `skills_check.tsv`: skill, instruction, input, phrases split by bars."""
    return read_questions("skills_check.tsv", Question)


def read_questions(name: str, kind: type[AnyQuestion]) -> list[AnyQuestion]:
    """The questions of a file beside this one with these four columns."""
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return [
        kind(skill, instruction, input, tuple(phrases.split("|")))
        for skill, instruction, input, phrases in (line.split("\t") for line in lines)
    ]


def accepted(questions: Iterable[Question], answers: Iterable[str]) -> dict[str, object]:
    """n, contains_match and, per skill, the same in "kinds"."""
    verdicts: dict[str, list[bool]] = {}
    for question, answer in zip(questions, answers, strict=True):
        verdicts.setdefault(question.skill, []).append(question.accepts(answer))
    return {
        **_share([verdict for group in verdicts.values() for verdict in group]),
        "kinds": {skill: _share(group) for skill, group in verdicts.items()},
    }


def _share(verdicts: list[bool]) -> dict[str, float]:
    return {"n": len(verdicts), "contains_match": sum(verdicts) / len(verdicts)}
