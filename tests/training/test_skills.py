"""The check of skills: well-formed questions, and what counts as an accepted answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_up_data import write_mirror

from train.chat.skills import Question, accepted, skills_check
from train.finetune_chat import held_out_tasks, question_of


def test_each_skill_has_as_many_well_formed_questions() -> None:
    questions = skills_check()
    skills = {q.skill: sum(other.skill == q.skill for other in questions) for q in questions}
    assert len(skills) == 12
    assert set(skills.values()) == {17}
    assert all(q.instruction and all(q.phrases) for q in questions)
    assert len({question_of(q.as_task()) for q in questions}) == len(questions)


def test_none_of_them_is_for_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mirror(tmp_path, monkeypatch)
    held_out = {question_of(task) for task in held_out_tasks()}
    assert all(question_of(q.as_task()) in held_out for q in skills_check())


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("The opposite of 'hot' is 'cold'.", True),
        ("Cold", True),
        ("It is chilly!", True),
        ("The opposite of 'hot' is 'scolded'.", False),
        ("", False),
    ],
)
def test_an_answer_is_accepted_if_it_contains_a_phrase(answer: str, verdict: bool) -> None:
    question = Question("antonym", "What is the opposite of 'hot'?", "", ("cold", "chilly"))
    assert question.accepts(answer) is verdict


def test_shares_are_counted_per_skill() -> None:
    questions = [Question(skill, "?", "", ("yes",)) for skill in ("a", "a", "b")]
    assert accepted(questions, ["yes", "no", "Yes."]) == {
        "n": 3,
        "contains_match": pytest.approx(2 / 3),
        "kinds": {"a": {"n": 2, "contains_match": 0.5}, "b": {"n": 1, "contains_match": 1.0}},
    }
