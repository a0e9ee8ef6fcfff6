"""English by rule."""

from __future__ import annotations

import pytest

from train.chat.english import in_words, past_of, plural_of


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
