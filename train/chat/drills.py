"""Tasks by rule: what is drawn anew in each epoch, from lists of words and from numbers.

Of such a task a model that has seen enough of them learns the rule; of written ones, the answers.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from train.chat.english import capitalise, in_words, joined, plural_of, reviews, sentences
from train.chat.wordings import Task, as_typed, in_wordings
from train.chat.written_files import lists, records

# How many of each kind an epoch has.
SUMS, BIGGER, SORTED, SENTENCES, PROBLEMS, UNITS = 700, 60, 60, 150, 400, 80
LETTERS, COUNTED, RHYMES, THINGS, COMPARED, EXAMPLES = 120, 80, 150, 200, 120, 120
ALTERNATIVES, HALVES, JOINED = 150, 40, 60
LARGEST_SUM = 100
SUMS_IN_WORDS = 0.15  # part of the sums that is asked in words: "twenty plus five"


def _sums(rng: random.Random) -> Iterator[Task]:
    """Sums and differences to 100, small ones far more often than large; the tables to ten,
    forwards and backwards; halves and doubles."""
    for _ in range(SUMS):
        largest = rng.choice((10, 20, 20, LARGEST_SUM))
        x = rng.randint(0, largest)
        y = rng.randint(0, largest - x)
        for kind, a, b, verb, result in (
            ("sum", x, y, "plus", x + y),
            ("difference", x + y, y, "minus", x),
        ):
            answer = f"{a} {verb} {b} is {result}."
            yield from in_wordings(rng, kind, _written(a, rng), answer, _written(b, rng), count=1)
    for x in range(11):
        for y in range(11):
            answer = f"{x} times {y} is {x * y}."
            yield from in_wordings(
                rng, "product", _written(x, rng), answer, _written(y, rng), count=2
            )
            if y:
                answer = f"{x * y} divided by {y} is {x}."
                yield from in_wordings(rng, "quotient", str(x * y), answer, str(y), count=1)
    for _ in range(HALVES):
        x = rng.randint(1, 50)
        yield rng.choice(lists("drills")["halves"]).format(x=2 * x), "", f"Half of {2 * x} is {x}."
        answer = f"Twice {x} is {2 * x}."
        yield rng.choice(lists("drills")["doubles"]).format(x=x), "", answer


def _written(number: int, rng: random.Random) -> str:
    """As figures or, now and then, in words; the answer to a sum always has figures."""
    return in_words(number) if rng.random() < SUMS_IN_WORDS else str(number)


def _number_words(rng: random.Random) -> Iterator[Task]:
    for number in range(101):
        words = in_words(number)
        answer = f"{number} is {words}."
        yield from in_wordings(rng, "number_in_words", str(number), answer, count=3)
        answer = f"The number is {number}."
        yield from in_wordings(rng, "number_in_digits", words, answer, count=2)
    for _ in range(BIGGER):
        x, y = rng.sample(range(rng.choice((10, 100, 1000))), 2)
        answer = f"{max(x, y)} is bigger than {min(x, y)}."
        yield from in_wordings(rng, "bigger_of_two", str(x), answer, str(y), count=1)


def _problems(rng: random.Random) -> Iterator[Task]:
    """One-step problems: who has how many, what is left, what things cost, who shares."""
    for _ in range(PROBLEMS):
        text, sign, answer = rng.choice(lists("drills")["problems"])
        a, b, c = _operands(sign, rng)
        name, other = rng.sample(lists("drills")["people"], 2)
        things = rng.choice(lists("drills")["things"])
        found = {"a": a, "b": b, "c": c, "name": name, "other": other, "things": things}
        yield text.format(**found), "", answer.format(**found)


def _operands(sign: str, rng: random.Random) -> tuple[int, int, int]:
    """a, b and the result c; "4*" is a product whose a is in the text, "/" asks for a."""
    if sign == "+":
        largest = rng.choice((20, LARGEST_SUM))
        a = rng.randint(2, largest - 2)
        b = rng.randint(2, largest - a)
        return a, b, a + b
    if sign == "-":
        a = rng.randint(5, rng.choice((20, LARGEST_SUM)))
        b = rng.randint(2, a - 2)
        return a, b, a - b
    a = int(sign[:-1]) if sign[:-1] else rng.randint(2, 10)
    b = rng.randint(2, 10)
    return a, b, a * b


def _units(rng: random.Random) -> Iterator[Task]:
    """Hours in minutes and minutes in hours."""
    for _ in range(UNITS):
        small, large, factor = rng.choice(lists("drills")["units"])
        count = rng.randint(1, 10)
        few = f"{count} {large if count == 1 else plural_of(large)}"
        many = f"{count * factor} {plural_of(small)}"
        are = "is" if count == 1 else "are"
        if rng.random() < 0.7:
            target = plural_of(small)
            yield from in_wordings(rng, "unit_conversion", few, f"{few} {are} {many}.", target, 1)
        else:
            target = plural_of(large)
            yield from in_wordings(rng, "unit_conversion", many, f"{many} are {few}.", target, 1)


def _letters(rng: random.Random) -> Iterator[Task]:
    """First letters, how many letters and words there are, the order of words, rhymes."""
    nouns = {*lists("words")["nouns"], *(thing.bare for thing in things())}
    words = sorted(noun for noun in nouns if noun.isalpha() and noun.islower())
    for word in rng.sample(words, LETTERS):
        answer = f"The first letter of {word} is {word[0].upper()}."
        yield from in_wordings(rng, "first_letter", word, answer, count=1)
    for word in rng.sample(words, COUNTED):
        answer = f"The word {word} has {in_words(len(word))} letters."
        yield from in_wordings(rng, "count_letters", word, answer, count=1)
    for sentence in rng.sample([s for s in example_sentences() if len(s.split()) < 8], COUNTED):
        answer = f"There are {in_words(len(sentence.split()))} words."
        yield from in_wordings(rng, "count_words", sentence, answer, count=1)
    for _ in range(SORTED):
        chosen = rng.sample(words, rng.randint(3, 4))
        answer = ", ".join(sorted(chosen))
        yield from in_wordings(rng, "sort_words", ", ".join(chosen), answer, count=1)
    for _ in range(RHYMES):
        word, rhyme = rng.sample(rng.choice(lists("drills")["rhymes"]), 2)
        answer = f"A word that rhymes with {word} is {rhyme}."
        yield from in_wordings(rng, "rhyme", word, answer, count=1)


@dataclass(frozen=True)
class Thing:
    """Something and its kind, each as an answer has them: "a robin", "a bird", within "an animal".

    bare    without the article
    within  the kind's own kind, or ""
    """

    name: str
    kind: str
    within: str

    @property
    def bare(self) -> str:
        return re.sub(r"^(an?|the) ", "", self.name)

    def may_be(self, kind: str) -> bool:
        """Whether it is of this kind, or of its own kind's."""
        return kind in (self.kind, self.within)


@cache
def things() -> tuple[Thing, ...]:
    """All that the kinds have."""
    return tuple(
        Thing(name, kind["one"], kind["within"])
        for kind in lists("drills")["kinds"]
        for name in kind["things"]
    )


def _kinds_of_things(rng: random.Random) -> Iterator[Task]:
    """What something is, whether it is that, three of a kind, and the one that is not."""
    kinds = lists("drills")["kinds"]
    for thing in rng.sample(things(), THINGS):
        answer = f"{capitalise(thing.name)} is {thing.kind}."
        asked = rng.choice((thing.name, thing.bare))
        yield from in_wordings(rng, "category_of_thing", asked, answer, count=1)
        yield _is_it(thing, rng)
    for _ in range(THINGS):
        kind = rng.choice(kinds)
        answer = f"{capitalise(joined(rng.sample(kind['things'], 3)))}."
        yield from in_wordings(rng, "name_three_of_kind", kind["many"], answer, count=1)
        kind = rng.choice(kinds)
        same = [thing for thing in things() if thing.kind == kind["one"]]
        odd = rng.choice([t for t in things() if not (t.may_be(kind["one"]) or _alike(t, kind))])
        chosen = [thing.bare for thing in (*rng.sample(same, 3), odd)]
        rng.shuffle(chosen)
        answer = f"The odd one out is {odd.bare}, because it is not {kind['one']}."
        yield from in_wordings(rng, "odd_one_out", ", ".join(chosen), answer, count=1)


def _alternatives(rng: random.Random) -> Iterator[Task]:
    """A fruit or a vegetable?"""
    kinds = sorted({thing.kind for thing in things()})
    for thing in rng.sample(things(), ALTERNATIVES):
        other = rng.choice([kind for kind in kinds if not thing.may_be(kind)])
        a, b = rng.sample((thing.kind, other), 2)
        x = rng.choice((thing.name, thing.bare))
        way = rng.choice(lists("drills")["either_or"])
        question = way.format(x=x, X=capitalise(x), a=a, b=b, A=capitalise(a))
        yield as_typed(question, rng), "", f"{capitalise(thing.name)} is {thing.kind}."


def _alike(thing: Thing, kind: dict[str, str]) -> bool:
    """Whether the two are close: a bird among animals, a fish among birds."""
    return thing.kind == kind["within"] or (bool(thing.within) and thing.within == kind["within"])


def _is_it(thing: Thing, rng: random.Random) -> Task:
    """Is a robin a bird?"""
    kind = rng.choice([thing.kind, thing.kind, thing.within or thing.kind])
    if rng.random() < 0.5:
        others = {t.kind for t in things() if not thing.may_be(t.kind) and t.within != thing.kind}
        kind = rng.choice(sorted(others))
    way = rng.choice(("Is {x} {y}?", "is {x} {y}", "Would you call {x} {y}?", "{X} is {y}, right?"))
    question = way.format(x=thing.name, y=kind, X=capitalise(thing.name))
    if thing.may_be(kind):
        return as_typed(question, rng), "", f"Yes, {thing.name} is {kind}."
    return as_typed(question, rng), "", f"No, {thing.name} is not {kind}. It is {thing.kind}."


def _compared(rng: random.Random) -> Iterator[Task]:
    """Which of two things is bigger, smaller, faster or slower."""
    for _ in range(COMPARED):
        scale, words = rng.choice(
            (("sizes", ("bigger", "smaller")), ("speeds", ("faster", "slower")))
        )
        low, high = sorted(rng.sample(range(len(lists("drills")[scale])), 2))
        less, more = (rng.choice(lists("drills")[scale][place]) for place in (low, high))
        word = rng.choice(words)
        winner, loser = (more, less) if word == words[0] else (less, more)
        x, y = rng.sample((winner, loser), 2)
        way = rng.choice(lists("drills")["comparisons"])
        answer = f"{capitalise(winner)} is {word} than {loser}."
        if way.startswith("Is "):
            answer = ("Yes, " if x == winner else "No, ") + f"{winner} is {word} than {loser}."
        question = way.format(word=word, x=x, y=y, X=capitalise(x))
        yield as_typed(question, rng), "", answer


@cache
def example_sentences() -> tuple[str, ...]:
    """Plain statements of 4 to 11 words, out of the written answers."""
    found = {
        record["output"]
        for record in records("rewriting")
        if re.fullmatch(r"[A-Z][\w' -]+\.", record["output"])
        and 4 <= len(record["output"].split()) <= 11
    }
    return tuple(sorted(found))


def _joined_clauses(rng: random.Random) -> Iterator[Task]:
    """Two sentences and a word to join them with, and a sentence to take apart again."""
    clauses = [
        (word, first, second)
        for word, pairs in lists("drills")["clauses"].items()
        for first, second in pairs
    ]
    for word, first, second in rng.sample(clauses, JOINED):
        x, y = (f"{capitalise(clause)}." for clause in (first, second))
        comma = "" if word == "because" else ","
        together = f"{capitalise(first)}{comma} {word} {second}."
        way = rng.choice(lists("drills")["joining"])
        yield as_typed(way.format(x=x, y=y, word=word), rng), "", together
        yield from in_wordings(rng, "merge_two_sentences", x, together, y, count=1)
        if word != "because":
            yield from in_wordings(rng, "split_sentence", together, f"{x} {y}", count=1)


def _sentences(rng: random.Random) -> Iterator[Task]:
    """Simple sentences to change in the four commonest ways, short reviews, words in sentences."""
    made = list(sentences())
    for kind in [kind for kind in made[0] if kind != "present"]:
        for sentence in rng.sample(made, SENTENCES):
            yield from in_wordings(rng, kind, sentence["present"], sentence[kind], count=1)
    for review, verdict in rng.sample(list(reviews()), SENTENCES):
        yield from in_wordings(rng, "sentiment", review, f"{verdict.capitalize()}.", count=1)
    for example in rng.sample(example_sentences(), EXAMPLES):
        words = sorted(set(re.findall(r"\b[a-z]{4,}\b", example)))
        if len(words) > 1:
            x, y = rng.sample(words, 2)
            yield from in_wordings(rng, "use_in_sentence", x, example, count=1)
            yield from in_wordings(rng, "sentence_with_two_words", x, example, y, count=1)


DRILLS: dict[str, Callable[[random.Random], Iterator[Task]]] = {
    "sums": _sums,
    "number_words": _number_words,
    "problems": _problems,
    "units": _units,
    "letters": _letters,
    "kinds": _kinds_of_things,
    "alternatives": _alternatives,
    "compared": _compared,
    "joined": _joined_clauses,
    "drills": _sentences,
}
