"""Filling a wording in: "What is a {x}?" with "umbrella" gives "What is an umbrella?"."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from train.chat.written_files import lists

# (instruction, input, answer)
Task = tuple[str, str, str]

WORDINGS = 3  # in which a piece of material is asked for in an epoch, where nothing else is said
_ARTICLE = re.compile(r"\b([Aa]) \{x\}")
# The wording puts its own mark behind the material: a sentence then loses its full stop.
_MARK_BEHIND = re.compile(r"\{([xy])\}(?=[\"'.,?!:;)])")


def fill(wording: str, x: str, y: str = "") -> tuple[str, str]:
    """(instruction, input): the wording with the material in its places.

    A wording without places ("Give the opposite of this word.") has the material as its input.
    "a {x}" becomes "an" before a vowel. A sentence loses its last full stop where the wording puts
    a mark or a quotation mark right behind it.
    """
    if "{x}" not in wording:
        separator = " " if x.endswith((".", "!", "?")) else ", "
        return wording, x + separator + y if y else x
    if x[:1].lower() in "aeiou":
        wording = _ARTICLE.sub(r"\1n {x}", wording)
    slots = {"x": x, "y": y}
    filled = _MARK_BEHIND.sub(lambda found: slots[found[1]].removesuffix("."), wording)
    return filled.replace("{x}", x).replace("{y}", y), ""


def in_one_message(instruction: str, input: str, rng: random.Random) -> str:
    """Instruction and material as one message, as people type the two into one box."""
    if "\n" in input or "below" in instruction or rng.random() < 0.6:
        return f"{instruction}\n{input}"
    if instruction.endswith("?"):
        return f"{instruction} {input}"
    return f"{instruction.rstrip('.:')}: {input}"


def without_article(ways: Sequence[str]) -> list[str]:
    """The wordings that a mass noun ("bread") fits into."""
    return [way for way in ways if not _ARTICLE.search(way)]


def as_typed(text: str, rng: random.Random) -> str:
    """A wording as people type it: mostly as it is, else shortened or without its last mark.

    Of other carelessness the model never sees anything: see `text.normalise_request`.
    """
    way = rng.random()
    if way < 0.1:
        return text.replace("What is", "What's").replace("what is", "what's")
    if way < 0.2 and text[-1:] in ".?!" and len(text) > 3:
        return text[:-1]
    return text


def asked_by_rule(name: str, rng: random.Random, **places: object) -> str:
    """One of the ways to ask that `drills.json` has under this name, filled in, as typed."""
    return as_typed(rng.choice(lists("drills")[name]).format(**places), rng)


def in_wordings(
    rng: random.Random,
    kind: str,
    x: str,
    answer: str,
    y: str = "",
    count: int = WORDINGS,
    mass_noun: bool = False,
) -> Iterator[Task]:
    """One piece of material in `count` wordings of its kind."""
    ways = without_article(lists("wordings")[kind]) if mass_noun else lists("wordings")[kind]
    for way in rng.sample(ways, min(count, len(ways))):
        yield *fill(as_typed(way, rng), x, y), answer
