"""Variations of a message: many, harmless, and disguises for spam alone."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from train.spam.perturbation import perturb

OFFER = "Win a FREE Nokia worth £500! Call 08712345678 or see www.prizes.co.uk/go now."


def versions(text: str, label: str, count: int = 400) -> list[str]:
    return [perturb(text, label, random.Random(seed)) for seed in range(count)]


@settings(max_examples=40)
@given(st.text(min_size=1, max_size=80), st.sampled_from(["ham", "spam"]), st.integers(0, 9))
def test_no_message_is_lost(text: str, label: str, seed: int) -> None:
    assert perturb(text, label, random.Random(seed)) == perturb(text, label, random.Random(seed))
    if text.strip():
        assert perturb(text, label, random.Random(seed)).strip()


def test_what_is_varied() -> None:
    found = versions(OFFER, "spam")
    assert OFFER in found  # some readings are of the message as it is
    assert len(set(found)) > 200
    for sign in ("£500", "$500", "€500", "500 pounds"):
        assert any(sign in text for text in found), sign
    assert any(text == text.lower() for text in found)
    assert any(text == text.upper() for text in found)
    assert any("Nokia" not in text and "nokia" not in text.lower() for text in found)
    assert any("prizes.co.uk" not in text.lower() for text in found)
    numbers = {text.split("all ")[1].split(" ")[0] for text in found if "all 0" in text}
    assert len(numbers) > 50
    assert all(len(number) == 11 for number in numbers if number.isdigit())


def test_disguises_are_spams_alone() -> None:
    text = "please leave the letters in the office"
    disguised = [t for t in versions(text, "spam") if any(c in t for c in "0135@*-.")]
    assert len(disguised) > 4
    assert not [t for t in versions(text, "ham") if any(c in t for c in "0135@*-.")]


def test_old_and_new_spellings_go_both_ways() -> None:
    assert any("are you" in text.lower() for text in versions("r u home", "ham"))
    assert any("r u" in text.lower() for text in versions("are you home", "ham"))
