"""Comparing an answer with its reference, by hand and by brute force."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.chat.answers import match_rates, normalised, rouge_l
from train.datasets import Instruction

WORDS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  The  Cat\nsat. ", "the cat sat"),
        ('"Paris!"', "paris"),
        ("It's 3.5, isn't it?", "it's 3.5, isn't it"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("?", "?"),
        (" ...\n", "..."),
        ("", ""),
    ],
)
def test_normalised(text: str, expected: str) -> None:
    assert normalised(text) == expected
    assert normalised(normalised(text)) == expected


def rates(*pairs: tuple[str, str]) -> tuple[float, float]:
    """(exact, contains) for pairs of a reference and an answer."""
    tasks = [Instruction("Answer.", "", wanted, "") for wanted, _ in pairs]
    found = match_rates(tasks, [given for _, given in pairs])
    assert found.keys() == {"exact_match", "contains_match", "rouge_l"}
    return found["exact_match"], found["contains_match"]


def test_match_rates_by_hand() -> None:
    assert rates(
        ("Paris.", "paris"),  # equal but for case and the mark
        ("Paris", "The capital is Paris, of course."),  # contained
        ("Red", "Blue"),
        ("The cat sat.", "cat"),  # the wrong way round
    ) == (1 / 4, 2 / 4)
    assert rates(("Paris", "PARIS!")) == (1.0, 1.0)
    assert rates(("Paris", "")) == (0.0, 0.0)


def test_an_answer_contains_whole_words_only() -> None:
    assert rates(("No", "I do not know.")) == (0.0, 0.0)
    assert rates(("No", "Well, no: it is not.")) == (0.0, 1.0)
    assert rates(("1", "It is 10.")) == (0.0, 0.0)
    assert rates(("C++ (the language)", "I like C++ (the language) best.")) == (0.0, 1.0)


def test_a_mark_alone_matches_only_itself() -> None:
    assert rates(("?", "?"), ("?", "!"), ("?", "What"), ("?", "")) == (1 / 4, 1 / 4)


def test_each_task_needs_its_answer() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        match_rates([Instruction("Answer.", "", "1", "")] * 2, ["1"])


def test_rouge_l_by_hand() -> None:
    assert rouge_l("The cat sat on the mat.", "the cat sat on the mat") == 1
    # "the cat on mat" of 6 and 5 words: precision 4/5, recall 4/6
    assert rouge_l("The cat sat on the mat.", "The cat lay on mat") == pytest.approx(8 / 11)
    assert rouge_l("Paris", "London") == 0
    assert rouge_l("Paris", "") == 0
    assert rouge_l("?", "!") == 1  # neither has a word


@given(WORDS, WORDS)
def test_rouge_l_is_that_of_the_definition(a: list[str], b: list[str]) -> None:
    def subsequences(words: list[str]) -> set[tuple[str, ...]]:
        return {c for size in range(len(words) + 1) for c in combinations(words, size)}

    longest = max(len(common) for common in subsequences(a) & subsequences(b))
    if a and b:
        precision, recall = longest / len(b), longest / len(a)
        f1 = 2 * precision * recall / (precision + recall) if longest else 0.0
        assert rouge_l(" ".join(a), " ".join(b)) == pytest.approx(f1)
