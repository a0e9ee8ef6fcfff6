"""A little English by rule: regular forms, numbers in words, sentences from parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from train.chat import facts


@dataclass(frozen=True)
class Sentence:
    """A sentence in the present tense, and what the tasks make of it."""

    present: str
    past: str
    negative: str
    question: str
    future: str


def sentences() -> Iterator[Sentence]:
    """Each predicate with each subject."""
    subjects = [" ".join(words) for words in rows(facts.SUBJECTS)]
    for third, base, past, *words in rows(facts.PREDICATES):
        rest = " ".join(words)
        for subject in subjects:
            plural = subject in facts.PLURAL_SUBJECTS
            verb, do = (base, "do") if plural else (third, "does")
            within = subject if subject in facts.NAMES_AND_I else subject[0].lower() + subject[1:]
            yield Sentence(
                present=f"{subject} {verb} {rest}.",
                past=f"{subject} {past} {rest}.",
                negative=f"{subject} {do} not {base} {rest}.",
                question=f"{do.capitalize()} {within} {base} {rest}?",
                future=f"{subject} will {base} {rest}.",
            )


def reviews() -> Iterator[tuple[str, str]]:
    """(a short review, "positive" or "negative"): each of a few phrases about each thing."""
    for verdict, phrases in facts.REVIEWS.items():
        for phrase in phrases.strip().splitlines():
            for thing in facts.REVIEWED.split():
                yield phrase.format(x=thing), verdict


def pairs(text: str) -> list[list[str]]:
    """The comma-separated pairs of a list, each split at its colon."""
    return [" ".join(pair.split()).split(": ") for pair in text.split(",") if pair.strip()]


def rows(text: str) -> list[list[str]]:
    """The comma-separated rows of a list, each split into its words."""
    return [row.split() for row in text.split(",") if row.strip()]


def past_of(verb: str) -> str:
    """The past of a regular English verb: walked, baked, studied, stopped."""
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    # In a word of one syllable, a consonant behind a single vowel doubles: stopped, planned.
    if (
        sum(letter in "aeiou" for letter in verb) == 1
        and verb[-2] in "aeiou"
        and verb[-1] in "bgnp"
    ):
        return verb + verb[-1] + "ed"
    return verb + "ed"


def plural_of(noun: str) -> str:
    """The plural of a regular English noun: cats, boxes, cities."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def in_words(number: int) -> str:
    """0 to 9,999 in words, with "and" before what is below a hundred: two hundred and forty-two."""
    if number < 20:
        return facts.ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return facts.TENS[tens] + (f"-{facts.ONES[ones]}" if ones else "")
    if number < 1_000:
        hundreds, rest = divmod(number, 100)
        return f"{facts.ONES[hundreds]} hundred" + (f" and {in_words(rest)}" if rest else "")
    thousands, rest = divmod(number, 1_000)
    link = " " if rest >= 100 else " and "
    return f"{in_words(thousands)} thousand" + (link + in_words(rest) if rest else "")
