"""Exercises: right answers, several wordings, and none that a held-out part asks too."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from made_up_data import write_mirror

from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train import finetune_chat
from train.chat.exercises import exercises, in_words, past_of, plural_of
from train.finetune_chat import held_out_tasks, question_of, training_examples


def test_exercises_are_repeatable_and_each_fact_is_asked_in_several_wordings() -> None:
    tasks = exercises(seed=1)
    assert tasks == exercises(seed=1)
    assert tasks != exercises(seed=2)
    kinds = Counter(task.source for task in tasks)
    assert len(kinds) == 15
    hot = {t.instruction for t in tasks if re.search(r"\bhot\b", f"{t.instruction} {t.input}")}
    assert len(hot) >= 2
    assert not any("{" in part for t in tasks for part in (t.instruction, t.input, t.output))


def test_sums_are_right() -> None:
    sums = [t.output for t in exercises(seed=0) if t.output.count(" = ") == 1]
    assert len(sums) > 1000
    for text in sums:
        left, right = text.rstrip(".").split(" = ")
        assert eval(left.replace("/", "//")) == int(right), text


@pytest.mark.parametrize(
    ("verb", "past"),
    [("walk", "walked"), ("bake", "baked"), ("study", "studied"), ("play", "played"),
     ("stop", "stopped"), ("rain", "rained"), ("open", "opened"), ("snow", "snowed")],
)  # fmt: skip
def test_regular_pasts(verb: str, past: str) -> None:
    assert past_of(verb) == past


@pytest.mark.parametrize(
    ("noun", "plural"),
    [
        ("cat", "cats"),
        ("box", "boxes"),
        ("church", "churches"),
        ("city", "cities"),
        ("day", "days"),
    ],
)
def test_regular_plurals(noun: str, plural: str) -> None:
    assert plural_of(noun) == plural


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "zero"), (13, "thirteen"), (40, "forty"), (42, "forty-two"), (100, "one hundred")],
)
def test_numbers_in_words(number: int, words: str) -> None:
    assert in_words(number) == words


def test_training_leaves_out_what_is_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that training knows too is held out here: it must disappear from the examples."""
    write_mirror(tmp_path, monkeypatch)
    monkeypatch.setattr(finetune_chat, "exercises", lambda seed: exercises(seed)[:200])
    tokenizer = Tokenizer.load("tokenizer")
    shared = exercises(seed="0 0")[0]
    before = training_examples(tokenizer, 512, 0.0, 0.0, 0, exercise_repeats=1)
    held_out = [*held_out_tasks(), shared]
    monkeypatch.setattr(finetune_chat, "held_out_tasks", lambda: held_out)
    after = training_examples(tokenizer, 512, 0.0, 0.0, 0, exercise_repeats=1)
    prompt = tokenizer.encode(f"### Instruction:\n{shared.instruction}\n\n### Response:\n")
    asked = [sum(row.ids[: len(prompt)] == prompt for row in rows) for rows in (before, after)]
    assert asked[0] > 0
    assert asked[1] == 0
    assert question_of(shared) in {question_of(task) for task in held_out}
