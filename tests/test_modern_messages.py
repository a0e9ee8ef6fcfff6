"""Messages of today: templates that expand, classes that share their words, a check set apart."""

from __future__ import annotations

import random
import re

import pytest

from train.datasets import folded
from train.modern_messages import SLOTS, expand, modern_check, modern_messages, templates

WORDS_OF_BOTH = ("free", "win|won", "parcel|package", "code", "appointment|account", "http|www|com")


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


@pytest.mark.parametrize("label", ["spam", "ham"])
def test_each_template_expands_completely(label: str) -> None:
    rng = random.Random(0)
    for template in templates()[label]:
        assert set(re.findall(r"<(\w+)>", template)) <= SLOTS.keys(), template
        for _ in range(20):
            text = expand(template, rng)
            assert not re.search(r"[{}|]|<\w+>|  ", text), (template, text)
            assert text.strip() == text != ""


def test_choices_may_be_empty_and_nested() -> None:
    rng = random.Random(1)
    found = {expand("{a|b {c|d}|}{!|}", rng) for _ in range(200)}
    assert found == {"a", "b c", "b d", "", "a!", "b c!", "b d!", "!"}


def test_messages_are_balanced_different_and_repeatable() -> None:
    messages = modern_messages("train", 601)
    assert len({message.text for message in messages}) == 601
    assert [m.label for m in messages].count("spam") == 301
    assert messages == modern_messages("train", 601)
    assert messages != modern_messages("train", 601, seed=1)
    assert modern_messages("train", 0) == []


@pytest.mark.parametrize("pattern", WORDS_OF_BOTH)
def test_tell_tale_words_stand_in_both_classes(pattern: str) -> None:
    messages = modern_messages("train", 2000)
    for label in ("spam", "ham"):
        texts = [m.text for m in messages if m.label == label]
        assert sum(bool(re.search(pattern, text, re.IGNORECASE)) for text in texts) >= 20, label


def test_validation_shares_no_template_with_training() -> None:
    """Their messages differ by more than slots: hardly any shares eight words in a row."""
    train = modern_messages("train", 1000)
    held_out = modern_messages("validation", 200)
    runs = {tuple(w[i : i + 8]) for m in train for w in [words(m.text)] for i in range(len(w) - 7)}
    shared = [
        m for m in held_out for w in [words(m.text)]
        if any(tuple(w[i : i + 8]) in runs for i in range(len(w) - 7))
    ]  # fmt: skip
    assert len(shared) <= 0.05 * len(held_out)


def test_the_check_set_is_apart_from_all_templates() -> None:
    check = modern_check()
    assert [m.label for m in check].count("spam") == [m.label for m in check].count("ham") == 50
    made = [m.text for part in ("train", "validation") for m in modern_messages(part, 1500)]
    assert {folded(m.text) for m in check}.isdisjoint(folded(text) for text in made)
    runs = {tuple(w[i : i + 6]) for text in made for w in [words(text)] for i in range(len(w) - 5)}
    for message in check:
        w = words(message.text)
        shared = sum(tuple(w[i : i + 6]) in runs for i in range(len(w) - 5))
        assert shared <= 2, message.text  # an idiom at most, never a sentence


def test_an_unknown_part_and_too_many_messages_are_refused() -> None:
    with pytest.raises(ValueError, match="The part must be"):
        modern_messages("test", 10)
