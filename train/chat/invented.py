"""Names that nobody bears and places that are nowhere, and small texts made of them.

Copying is learned from words that have not been seen before: who remembers that Anna was in Paris
need not look where the text says so. And what an assistant does not know it can only learn to say
about names that it cannot know. The parts of names and the texts are in `written/invented.json`.
"""

from __future__ import annotations

import random

from train.chat.written_files import lists


def _part(kind: str, rng: random.Random) -> str:
    return rng.choice(lists("invented")[kind])


def first_name(rng: random.Random) -> str:
    """As "Corin" or "Tamelle"."""
    return _part("starts", rng) + _part("middles", rng) + _part("name_ends", rng)


def family_name(rng: random.Random) -> str:
    """As "Dalworth"."""
    return _part("starts", rng) + _part("family_ends", rng)


def person(rng: random.Random) -> str:
    """As "Corin Dalworth"."""
    return f"{first_name(rng)} {family_name(rng)}"


def place(rng: random.Random) -> str:
    """As "Ferwick"."""
    return _part("starts", rng) + _part("middles", rng) + _part("place_ends", rng)


def title(rng: random.Random) -> str:
    """Of a book that nobody wrote, as "The Copper Orchard"."""
    return f"The {_part('title_words', rng)} {_part('title_nouns', rng)}"


NAMES = {"first_name": first_name, "family_name": family_name, "place": place}


def text_with_questions(rng: random.Random) -> tuple[str, list[tuple[list[str], str]]]:
    """One or two sentences about invented people, and what may be asked of them: the ways to ask,
    and the answer, whose words the text has."""
    made = rng.choice(lists("invented")["texts"])
    found = {name: _drawn(kind, rng) for name, kind in made["draws"].items()}
    questions = [
        ([way.format(**found) for way in question["asked"]], question["answer"].format(**found))
        for question in made["questions"]
    ]
    return made["text"].format(**found), questions


def _drawn(kind: str | list[int], rng: random.Random) -> str | int:
    """An invented name, a number of a range with both its ends, or a word of a list."""
    if isinstance(kind, list):
        return rng.randint(*kind)
    return NAMES[kind](rng) if kind in NAMES else _part(kind, rng)
