"""Requests: written material in many wordings, invented names, conversations."""

from __future__ import annotations

import operator
import random
import re
from collections import Counter
from pathlib import Path

import pytest
from made_up_data import write_mirror

from gpt2_scratch.chat import encode_request
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train import finetune_chat
from train.chat import invented
from train.chat.english import in_words
from train.chat.requests import (
    SOURCE,
    in_the_words_asked,
    requests,
    stories_of,
    written_conversations,
)
from train.chat.wordings import as_typed, fill, in_one_message, without_article
from train.chat.written_files import lists, records
from train.datasets import Instruction
from train.finetune_chat import held_out_tasks, question_of, training_examples


@pytest.fixture(scope="module")
def tasks() -> list[Instruction]:
    return requests(0)


def of(tasks: list[Instruction], kind: str) -> list[tuple[str, str]]:
    """(all that is asked, the answer) of the tasks of a kind."""
    return [
        (f"{task.instruction}\n{task.input}", task.output)
        for task in tasks
        if task.source == f"{SOURCE}:{kind}"
    ]


def test_an_epoch_is_repeatable_and_the_next_asks_in_other_words(tasks: list[Instruction]) -> None:
    assert requests(0) == tasks
    assert len(tasks) > 20_000
    other = {task.instruction for task in requests(1)}
    assert sum(task.instruction in other for task in tasks) < 0.5 * len(tasks)


def test_no_place_of_a_wording_is_left_empty(tasks: list[Instruction]) -> None:
    for task in tasks:
        assert not re.search(r"\{[xy]\}", task.instruction + task.input + task.output), task
        assert task.instruction.strip() and task.output.strip()


def test_one_fact_is_asked_in_many_wordings(tasks: list[Instruction]) -> None:
    words = of(tasks, "words")
    asked = {asked for asked, answer in words if answer == "The opposite of hot is cold."}
    assert len(asked) == 3  # in an epoch


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("happy or sad? We won!", "Happy."),
        ("Is this a good review or a bad one?", "Good."),
        ("Is it a compliment or a complaint?", "Compliment."),
        ("Positive or negative: a good day", "Positive."),
    ],
)
def test_a_verdict_is_said_in_the_words_asked(asked: str, answer: str) -> None:
    assert in_the_words_asked(asked, "Positive.") == answer
    assert in_the_words_asked(asked, "It was.") == "It was."


def test_sums_are_right(tasks: list[Instruction]) -> None:
    signs = {
        "plus": operator.add,
        "minus": operator.sub,
        "times": operator.mul,
        "divided by": operator.truediv,
    }
    for asked, answer in of(tasks, "sums"):
        if found := re.fullmatch(r"(Half of|Twice) (\d+) is (\d+)\.", answer):
            half, double = (found[3], found[2]) if found[1] == "Half of" else (found[2], found[3])
            assert 2 * int(half) == int(double) and found[2] in asked
            continue
        found = re.fullmatch(r"(\d+) (\w+(?: by)?) (\d+) is (\d+)\.", answer)
        assert found is not None, answer
        x, sign, y, result = found.groups()
        assert signs[sign](int(x), int(y)) == int(result)
        in_figures = set(re.findall(r"\d+", asked))
        assert all(n in in_figures or in_words(int(n)) in asked.lower() for n in (x, y)), asked


def test_answers_about_invented_texts_copy_from_them() -> None:
    rng = random.Random(0)
    of_their_own = ["bought", "them", "moved", "it", "trip", "away"]
    for _ in range(200):
        text, questions = invented.text_with_questions(rng)
        for _, answer in questions:
            last = answer.rstrip(".").split()[-1]
            assert last in re.findall(r"[\w']+", text) + of_their_own, (text, answer)


def test_what_is_unknown_is_said_to_be(tasks: list[Instruction]) -> None:
    honest = re.compile(r"don't|can't|cannot|never heard|not |no |too|nobody|only", re.I)
    answers = [answer for _, answer in of(tasks, "unknown")]
    assert sum(bool(honest.search(answer)) for answer in answers) > 0.95 * len(answers)


def test_stories_answer_requests_for_their_hero() -> None:
    fox = "Once upon a time, there was a red fox named Rob. He ran home."
    [task] = stories_of([fox, "The sun was hot.", fox * 20], 0)
    assert task.output == fox and "a red fox" in task.instruction + task.input


def test_conversations_have_turns_with_answers() -> None:
    found = written_conversations()
    assert len(found) > 200
    assert all(2 <= len(turns) for turns in found)
    assert all(turn.instruction and turn.output for turns in found for turn in turns)
    kinds = Counter(turns[0].source for turns in found)
    assert kinds["written:conversation_followup"] > 100


@pytest.mark.parametrize(
    ("wording", "x", "filled"),
    [
        ("What is a {x}?", "umbrella", ("What is an umbrella?", "")),
        ("A {x} is what?", "apple", ("An apple is what?", "")),
        ("What is a {x}?", "dog", ("What is a dog?", "")),
        ('Say "{x}" in the past.', "He eats.", ('Say "He eats" in the past.', "")),
        ("In the past: {x}", "He eats.", ("In the past: He eats.", "")),
        ("Give the opposite of this word.", "hot", ("Give the opposite of this word.", "hot")),
    ],
)
def test_filling_in(wording: str, x: str, filled: tuple[str, str]) -> None:
    assert fill(wording, x) == filled


def test_both_materials_find_their_places() -> None:
    assert fill("Take {y} from {x}.", "7", "2") == ("Take 2 from 7.", "")
    assert fill("Add the numbers.", "7", "2") == ("Add the numbers.", "7, 2")
    assert fill("Join these.", "It is late.", "We go.") == ("Join these.", "It is late. We go.")


def test_mass_nouns_have_no_article() -> None:
    assert without_article(["What is a {x}?", "What is {x}?"]) == ["What is {x}?"]


def test_careless_typing_changes_no_place() -> None:
    rng = random.Random(0)
    typed = {as_typed("What is the opposite of {x}?", rng) for _ in range(100)}
    assert len(typed) == 3 and all("{x}" in text for text in typed)
    messages = {in_one_message("Change this.", "He eats.", rng) for _ in range(20)}
    assert messages == {"Change this.\nHe eats.", "Change this: He eats."}
    asked = {in_one_message("Is it past?", "He eats.", rng) for _ in range(20)}
    assert asked == {"Is it past?\nHe eats.", "Is it past? He eats."}


def test_the_written_files_are_whole() -> None:
    names = ("facts", "unknown", "rewriting", "reading", "lists", "definitions", "stories")
    assert all(len(records(name)) > 200 for name in names)
    wordings = lists("wordings")
    assert len(wordings) == 80 and all(len(set(ways)) >= 40 for ways in wordings.values())
    assert records("nothing") == ()


def test_training_leaves_out_what_is_held_out(
    tasks: list[Instruction], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that training knows too is held out here: it must disappear from the examples."""
    write_mirror(tmp_path, monkeypatch)
    monkeypatch.setattr(finetune_chat, "requests", lambda seed: tasks[:200])
    tokenizer = Tokenizer.load("simple")
    shared = next(task for task in tasks[:200] if not task.input)
    before = training_examples(tokenizer, 512, 0.0, 0.0, 0, request_repeats=1)
    held_out = [*held_out_tasks(), shared]
    monkeypatch.setattr(finetune_chat, "held_out_tasks", lambda: held_out)
    after = training_examples(tokenizer, 512, 0.0, 0.0, 0, request_repeats=1)
    prompt = encode_request(tokenizer, shared.instruction)
    asked = [sum(row.ids[: len(prompt)] == prompt for row in rows) for rows in (before, after)]
    assert asked[0] > 0
    assert asked[1] == 0
    assert question_of(shared) in {question_of(task) for task in held_out}
