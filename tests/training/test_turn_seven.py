"""A check's questions after six others."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpt2_scratch.chat import Assistant
from train.chat.skills import Question
from train.chat.turn_seven import conversations, in_turn_seven

QUESTIONS = [
    Question(f"skill {n % 5}", f"Question {n}?", f"text {n}" if n % 2 else "", ("yes",))
    for n in range(20)
]
ANSWERS = [f"Answer {n}." for n in range(20)]


def test_six_others_of_other_skills_stand_before_each() -> None:
    found = conversations(QUESTIONS, ANSWERS)
    for question, conversation in zip(QUESTIONS, found, strict=True):
        assert len(conversation) == 13
        assert conversation[-1] == {
            "role": "user",
            "content": question.instruction,
            "input": question.input,
        }
        numbers = [int(str(m["content"])[9:-1]) for m in conversation[:-1] if m["role"] == "user"]
        assert len(set(numbers)) == 6
        assert all(QUESTIONS[number].skill != question.skill for number in numbers)
        replies = [m["content"] for m in conversation if m["role"] == "assistant"]
        assert replies == [ANSWERS[number] for number in numbers]
    assert found == conversations(QUESTIONS, ANSWERS)


def test_without_others_a_question_stands_alone() -> None:
    alone = [question for question in QUESTIONS if question.skill == "skill 0"]
    assert [len(c) for c in conversations(alone, ANSWERS[: len(alone)])] == [1] * len(alone)


def test_the_answer_is_greedy(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    assistant = Assistant.from_pretrained("chat")
    given = in_turn_seven(assistant, QUESTIONS[:3], ANSWERS[:3], 5)
    steps = assistant.stream(conversations(QUESTIONS[:3], ANSWERS[:3])[2], max_new_tokens=5)
    assert given[2] == "".join(step.text for step in steps).strip()
    assert len(given) == 3
