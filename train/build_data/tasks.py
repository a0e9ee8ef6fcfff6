"""Tasks of the instruction set, and what all their converters use."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class Task(NamedTuple):
    """One task with its answer; `source` is "source:task", and `input` may be empty."""

    source: str
    instruction: str
    input: str
    output: str


# Words that a small assistant should not learn to say: a task with one of them is left out, though
# many are harmless there. Better no task about drugs in a pharmacy than one about the others.
_UNWANTED = re.compile(
    r"\b(fuck\w*|shit\w*|bitch\w*|asshole\w*|bastard\w*|dick|cock|pussy|cunt|nigg\w*|faggot\w*"
    r"|whore\w*|slut\w*|rape\w*|rapist|porn\w*|sex|sexy|sexual\w*|nude|naked|suicide"
    r"|kill(ed|ing|s|er|ers)?|murder\w*|terroris\w*|nazi\w*|hitler|drug|drugs|cocaine|heroin|penis"
    r"|vagina|breast\w*|orgasm\w*|erotic\w*|jews?|muslims?|retard\w*|trans|cisgender|queer|gay"
    r"|lesbian|intercourse|prostitut\w*|slave\w*|genocide|holocaust|stupid|idiot\w*|ugly|blowjob"
    r"|boobs?|butt|ass|hell|damn\w*|crap\w*|piss\w*|horny|drunk|hooker|racis\w*|lynch\w*|bomb\w*"
    r"|virgin\w*|incest|pedo\w*|abortion\w*|bl?owjobs?|suck(s|ed|ing)?|shag\w*|gun|guns"
    r"|shoot(ing)?|shot dead|hang(ed)?|stab\w*|torture\w*|bullshit|turd|fart\w*|poop\w*|genital\w*"
    r"|menstru\w*|semen|sperm|testic\w*|excre\w*|defecat\w*|copulat\w*)\b",
    re.IGNORECASE,
)


def is_clean(*texts: str) -> bool:
    """Whether none of the texts has an unwanted word."""
    return not any(_UNWANTED.search(text) for text in texts)


def make(source: str, instruction: str, input: str, output: Any) -> Task:
    """A task with straight quotes and single spaces."""

    def plain(text: Any) -> str:
        text = str(text).replace("\u2018", "'").replace("\u2019", "'")
        text = text.replace("\u201c", '"').replace("\u201d", '"')
        return re.sub(r"[ \t]+", " ", text).strip()

    return Task(source, plain(instruction), plain(input), plain(output))


def sample(rng: random.Random, items: Sequence[T], count: int) -> list[T]:
    """So many of the items in a random order; all of them if there are fewer."""
    items = list(items)
    rng.shuffle(items)
    return items[:count]


def capitalise(text: str) -> str:
    """The first letter large, the others as they are."""
    return text[:1].upper() + text[1:]


def with_article(noun: str) -> str:
    """ "a dog", "an hour", "a unit"."""
    vowel = r"(?!(uni|use|usu|eu|one|ura|uti|ute))[aeiou]|hour|honest|heir"
    return ("an " if re.match(vowel, noun, re.IGNORECASE) else "a ") + noun


def sentence(text: str) -> str:
    """With a capital and a full stop, if it has no other end."""
    return capitalise(text) + ("" if text[-1] in ".!?" else ".")


def joined(items: Sequence[str]) -> str:
    """ "a, b and c"."""
    return ", ".join(items[:-1]) + " and " + items[-1]
