"""The free check: well-formed questions, and what its small language accepts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from made_up_data import write_mirror

from train.chat.free_check import FreeQuestion, free_check
from train.chat.skills import skills_check
from train.finetune_chat import held_out_tasks, question_of


def accepts(accepted: str, answer: str) -> bool:
    return FreeQuestion("kind", "?", "", tuple(accepted.split("|"))).accepts(answer)


@pytest.mark.parametrize(
    ("accepted", "answer", "verdict"),
    [
        ("tall|high", "It is High!", True),
        ("tall|high", "It is highly unlikely.", False),
        ("don't know", "I don\u2019t know.", True),
        ("twenty one", "Twenty-one.", True),
        ("1,000", "There are 1,000 of them", True),
        ("2", "2.5", False),
        ("good&!bad", "Good.", True),
        ("good&!bad", "Good or bad.", False),
        ("good&!bad|fine", "Bad, but fine.", True),
        ("2 < 5 < 9", "2, 5, and 9", True),
        ("2 < 5 < 9", "9, 2, 5", False),
        ("2 < 5", "25", False),
        ("cat < dog", "1. cat\n2. dog", True),
        (">3", "one two three", False),
        (">3", "one two three four", True),
        ("rain&>3", "The rain fell softly.", True),
        ("rain&>3", "Rain fell", False),
        ("3 of cow, pig, hen, box", "Cows, boxes and a hen.", True),
        ("3 of cow, pig, hen, box", "Cow, cows and a hen.", False),
        ("3 of cow, pig, hen", "Cowboys, pig, hen.", False),
        ("sam", "", False),
    ],
)
def test_what_is_accepted(accepted: str, answer: str, verdict: bool) -> None:
    assert accepts(accepted, answer) is verdict


def test_the_request_said_back_is_no_answer() -> None:
    question = FreeQuestion("kind", "Who is it?", "Ann came.", ("ann",))
    assert not question.accepts("Who is it? Ann came.")
    assert question.accepts("Who is it? Ann.")


def test_ten_well_formed_questions_of_each_kind() -> None:
    questions = free_check()
    kinds = Counter(question.skill for question in questions)
    assert len(kinds) == 30 and set(kinds.values()) == {10}
    asked = {question_of(q.as_task()) for q in (*questions, *skills_check())}
    assert len(asked) == 300 + 204  # none twice, none in both checks
    for question in questions:
        assert question.instruction == question.instruction.strip()
        assert not question.accepts(""), question
        assert not question.accepts(f"{question.instruction}\n{question.input}"), question


def test_none_of_them_is_for_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mirror(tmp_path, monkeypatch)
    held_out = {question_of(task) for task in held_out_tasks()}
    assert all(question_of(q.as_task()) in held_out for q in free_check())
