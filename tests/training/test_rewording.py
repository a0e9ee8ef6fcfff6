"""Rewording: other words, the same task."""

from __future__ import annotations

import random

import pytest

from train.chat.rewording import reworded
from train.datasets import Instruction


def ways(task: Instruction, times: int = 300) -> set[tuple[str, str, str]]:
    """All that becomes of a task."""
    rng = random.Random(0)
    results = [reworded(task, rng) for _ in range(times)]
    assert {result.source for result in results} == {task.source}
    return {(result.instruction, result.input, result.output) for result in results}


def test_it_is_repeatable() -> None:
    task = Instruction(
        "Negate the sentence.", "He sleeps.", "He does not sleep.", "tatoeba:negation"
    )
    assert reworded(task, random.Random(3)) == reworded(task, random.Random(3))


def test_the_input_goes_into_some_instructions_and_the_answer_stays() -> None:
    task = Instruction(
        "Negate the sentence.", "He sleeps.", "He does not sleep.", "tatoeba:negation"
    )
    results = ways(task)
    assert len(results) > 40
    assert {output for _, _, output in results} == {"He does not sleep."}
    inlined = [instruction for instruction, input, _ in results if not input]
    assert inlined
    assert all("sleeps" in instruction for instruction in inlined)
    assert any(input == "He sleeps." for _, input, _ in results)


def test_an_input_of_several_lines_stays_where_it_is() -> None:
    task = Instruction("Sort the list.", "b\na", "a\nb", "project-synthetic:alphabetical")
    assert {input for _, input, _ in ways(task)} == {"b\na"}


@pytest.mark.parametrize(
    ("instruction", "output", "source"),
    [
        ("Does the writer like the movie? Answer yes or no.", "Yes", "uci-sentiment:sentiment"),
        ("Make the sentence positive.", "He sleeps.", "tatoeba:negation"),
        ("Rewrite the negative sentence as an affirmative one.", "He sleeps.", "tatoeba:negation"),
    ],
)
def test_what_asks_for_something_else_keeps_its_wording(
    instruction: str, output: str, source: str
) -> None:
    key = instruction.split()[1]  # "the": stands behind each way of beginning
    results = ways(Instruction(instruction, "He does not sleep.", output, source))
    assert all(f" {key} " in f" {result[0].lower()} " for result in results)
    assert {output for _, _, output in results} == {output}


def test_what_is_asked_about_is_found_in_the_instruction() -> None:
    task = Instruction(
        "Which city is the capital of Peru?", "", "Lima.", "annexare-countries:capital"
    )
    results = ways(task)
    assert len(results) > 10
    assert all("peru" in f"{instruction} {input}".lower() for instruction, input, _ in results)
