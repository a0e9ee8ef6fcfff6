"""Messages of today: templates that expand, classes that share their words, a check set apart."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from train.datasets import Message, folded
from train.spam.modern_messages import (
    SLOTS,
    expand,
    independent_check,
    modern_check,
    modern_messages,
    templates,
    word_lists,
    written_messages,
)

WORDS_OF_BOTH = ("free", "win|won", "parcel|package", "code", "appointment|account", "http|www|com")


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


@pytest.mark.parametrize("label", ["spam", "ham"])
def test_each_template_expands_completely(label: str) -> None:
    rng = random.Random(0)
    for template in templates()[label]:
        slots = set(re.findall(r"<(\w+)>", template))
        assert slots <= SLOTS.keys() | word_lists().keys(), template
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


@pytest.mark.parametrize(("check", "size"), [(modern_check, 100), (independent_check, 200)])
def test_a_check_set_is_apart_from_what_is_learnt(
    check: Callable[[], list[Message]], size: int
) -> None:
    labels = [message.label for message in check()]
    assert labels.count("spam") == labels.count("ham") == size / 2
    learnt = [m.text for part in ("train", "validation") for m in modern_messages(part, 1500)]
    learnt += [m.text for part in ("train", "validation") for m in written_messages(part)]
    short = 3  # two people may both write "ok thanks"
    known = {folded(text) for text in learnt if len(words(text)) > short}
    assert {folded(m.text) for m in check()}.isdisjoint(known)
    runs = {tuple(w[i : i + 6]) for t in learnt for w in [words(t)] for i in range(len(w) - 5)}
    sentences = 0
    for message in check():
        w = words(message.text)
        shared = sum(tuple(w[i : i + 6]) in runs for i in range(len(w) - 5))
        sentences += shared > 3  # more than an idiom
    assert sentences <= 0.01 * size  # a fraud that goes round in one wording is known to both


def test_written_messages_are_of_both_classes_and_split_without_overlap() -> None:
    train, validation = written_messages("train"), written_messages("validation")
    for part in (train, validation):
        share = [m.label for m in part].count("spam") / len(part)
        assert 0.4 <= share <= 0.6
    assert {folded(m.text) for m in train}.isdisjoint(folded(m.text) for m in validation)
    assert len(validation) == pytest.approx(len(train) / 7, abs=2)


def test_an_unknown_part_and_too_many_messages_are_refused() -> None:
    with pytest.raises(ValueError, match="The part must be"):
        modern_messages("test", 10)
    with pytest.raises(ValueError, match="The part must be"):
        written_messages("test")
