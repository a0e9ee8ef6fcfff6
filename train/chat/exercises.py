"""Short exercises written by rule: opposites, verb forms, plurals, sums, spelling, sentences.

A model of a few million parameters has no room for the world's facts, but it can learn a few
hundred short, regular ones that visitors try first. The instruction sets ask for each of them once
or twice in one wording; here each is asked in several wordings, so that what is learnt is the fact
and not the sentence around it. The lists were written for this project. A task that also stands in
a held-out part is left out by `finetune_chat`, so the held-out figures stay honest.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from train.chat import exercise_facts as facts
from train.chat import exercise_wordings as wordings
from train.chat.exercise_wordings import Wording
from train.datasets import Instruction

SOURCE = "exercise"  # the sources are "exercise:opposite", "exercise:past_tense", ...
WORDINGS_PER_FACT = 3
# Many alike: one wording each.
SENTENCES = ("negation", "sentence_past", "question", "future", "sentiment", "sentence_type")


def exercises(seed: int | str) -> list[Instruction]:
    """All facts, each in a few wordings drawn with `seed`; small talk in all of its wordings."""
    rng = random.Random(f"exercises {seed}")
    tasks = [
        _task(kind, wording, values)
        for kind, ways, values in _facts()
        for wording in rng.sample(ways, _wordings_of(kind, ways))
    ]
    tasks += [
        Instruction(said, "", answer, f"{SOURCE}:small_talk")
        for ways, answer in facts.SMALL_TALK
        for said in ways
    ]
    return tasks


def _wordings_of(kind: str, ways: Sequence[Wording]) -> int:
    return 1 if kind in SENTENCES else min(WORDINGS_PER_FACT, len(ways))


def _task(kind: str, wording: Wording, values: dict[str, str]) -> Instruction:
    instruction, input, output = (part.format(**values) for part in wording)
    return Instruction(instruction, input, output, f"{SOURCE}:{kind}")


def _facts() -> Iterator[tuple[str, Sequence[Wording], dict[str, str]]]:
    """(kind, the wordings to choose from, the values of their slots) of each fact."""
    for a, b in rows(facts.OPPOSITES):
        yield "opposite", wordings.OPPOSITE, _answer(a, b)
        yield "opposite", wordings.OPPOSITE, _answer(b, a)
    for a, b in rows(facts.SYNONYMS):
        yield "synonym", wordings.SYNONYM, _answer(a, b)
    regular = [[verb, past_of(verb), past_of(verb)] for verb in facts.REGULAR_VERBS.split()]
    for verb, past, participle in [*rows(facts.VERBS), *regular]:
        yield "past_tense", wordings.PAST, _answer(verb, past)
        yield "past_tense", wordings.PARTICIPLE, _answer(verb, participle)
    for one, several in [
        *rows(facts.IRREGULAR_PLURALS),
        *([n, plural_of(n)] for n in facts.NOUNS.split()),
    ]:
        yield "plural", wordings.PLURAL, _answer(one, several)
        yield "plural", wordings.SINGULAR, _answer(several, one)
    for wrong, correct in rows(facts.MISSPELLINGS):
        yield "spelling", wordings.SPELLING, _answer(wrong, correct)
    for number in range(101):
        yield "number_words", wordings.NUMBER_IN_WORDS, _answer(str(number), in_words(number))
        yield "number_words", wordings.NUMBER_IN_DIGITS, _answer(in_words(number), str(number))
    for sentence in sentences():
        for kind, ways, rewritten in (
            ("negation", wordings.NEGATION, sentence.negative),
            ("sentence_past", wordings.SENTENCE_PAST, sentence.past),
            ("question", wordings.QUESTION, sentence.question),
            ("future", wordings.FUTURE, sentence.future),
        ):
            yield kind, ways, _answer(sentence.present, rewritten)
    for country, capital in pairs(facts.CAPITALS):
        yield "capital", wordings.CAPITAL, _answer(country, capital)
    for text, verdict in reviews():
        yield "sentiment", wordings.SENTIMENT, _answer(text, verdict)
    for text, sentence_type in _typed_sentences():
        yield "sentence_type", wordings.SENTENCE_TYPE, _answer(text, sentence_type)
    for x, sign, y, result in _sums():
        slots = _answer(f"{x} {sign} {y}", str(result)) | {"x": str(x), "y": str(y)}
        yield "arithmetic", (*wordings.RESULT, *wordings.SPOKEN[sign]), slots


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


def _typed_sentences() -> Iterator[tuple[str, str]]:
    """(a sentence, its type as grammar books call it)."""
    for number, sentence in enumerate(sentences()):
        if number % 4 == 0:  # there are many more of them than of the others
            yield sentence.present, "declarative"
        elif number % 4 == 1:
            yield sentence.question, "interrogative"
    for sentence_type, texts in facts.TYPED_SENTENCES.items():
        for text in texts.strip().splitlines():
            yield text, sentence_type


def pairs(text: str) -> list[list[str]]:
    """The comma-separated pairs of a list, each split at its colon."""
    return [" ".join(pair.split()).split(": ") for pair in text.split(",") if pair.strip()]


def _sums() -> Iterator[tuple[int, str, int, int]]:
    """(x, sign, y, result): sums and differences up to 20, the table of ten and its reverse."""
    for x in range(21):
        for y in range(21 - x):
            yield x, "+", y, x + y
            yield x + y, "-", y, x
    for x in range(1, 11):
        for y in range(1, 11):
            yield x, "*", y, x * y
            yield x * y, "/", y, x


def rows(text: str) -> list[list[str]]:
    """The comma-separated rows of a list, each split into its words."""
    return [row.split() for row in text.split(",") if row.strip()]


def _answer(a: str, b: str) -> dict[str, str]:
    return {"a": a, "A": a[:1].upper() + a[1:], "b": b, "B": b[:1].upper() + b[1:]}


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
    """A number from 0 to 100 in words: forty-two."""
    if number == 100:
        return "one hundred"
    if number < 20:
        return facts.ONES[number]
    tens, ones = divmod(number, 10)
    return facts.TENS[tens] + (f"-{facts.ONES[ones]}" if ones else "")
