"""Tasks by rule about numbers: sums, problems, units, order, what comes next.

Small numbers come far more often than large ones: that is how people ask.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from train.chat.english import capitalise, in_words, plural_of
from train.chat.wordings import Task, asked_by_rule, in_wordings
from train.chat.written_files import lists

# How many of each kind an epoch has.
SUMS, HALVES, BIGGER, PROBLEMS, UNITS = 700, 40, 60, 400, 80
NEIGHBOURS, EVEN_OR_ODD, ORDERED, COUNTED = 120, 60, 60, 40
LARGEST_SUM = 100
IN_WORDS = 0.15  # part of the numbers that is asked in words: "twenty plus five"


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
    return in_words(number) if rng.random() < IN_WORDS else str(number)


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


def _neighbours(rng: random.Random) -> Iterator[Task]:
    """What comes after or before a number, a letter, a day or a month."""
    days, months = lists("requests")["days"], lists("requests")["months"]
    for _ in range(NEIGHBOURS):
        highest = rng.choice((10, 20, 100))
        numbers = [str(number) for number in range(highest + 2)]
        if rng.random() < IN_WORDS:
            numbers = [in_words(number) for number in range(highest + 2)]
        kind, row = rng.choice(
            (
                ("number", numbers),
                ("letter", list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")),
                ("day", [*days, days[0]]),
                ("month", [*months, months[0]]),
            )
        )
        place = rng.randrange(len(row) - 1)
        word, x, neighbour = rng.choice(
            (("after", row[place], row[place + 1]), ("before", row[place + 1], row[place]))
        )
        asked = asked_by_rule(word, rng, x=x, kind=kind)
        yield asked, "", f"{capitalise(neighbour)} comes {word} {x}."


def _even_or_odd(rng: random.Random) -> Iterator[Task]:
    for _ in range(EVEN_OR_ODD):
        number = rng.randrange(rng.choice((10, 20, 101)))
        is_what, other = ("odd", "even") if number % 2 else ("even", "odd")
        x, a = _written(number, rng), rng.choice((is_what, other))
        b = other if a == is_what else is_what
        asked = asked_by_rule("even_or_odd", rng, x=x, X=capitalise(x), a=a, b=b)
        answer = f"{x} is an {is_what} number."
        if " or " not in asked:
            answer = ("Yes, " if a == is_what else "No, ") + answer
        yield asked, "", capitalise(answer)


def _ordered(rng: random.Random) -> Iterator[Task]:
    """Short lists of numbers in order, the largest and the smallest of them; counting up and down,
    and how a row of numbers goes on."""
    for _ in range(ORDERED):
        numbers = rng.sample(range(rng.choice((10, 20, 100))), rng.randint(3, 5))
        largest_first = rng.random() < 0.3
        way = "largest_first" if largest_first else "smallest_first"
        answer = _in_a_row(sorted(numbers, reverse=largest_first))
        yield _about(numbers, way, answer, rng)
        word, number = rng.choice(
            [(word, max(numbers)) for word in ("largest", "biggest", "highest")]
            + [(word, min(numbers)) for word in ("smallest", "lowest")]
        )
        yield _about(numbers, "extreme", f"The {word} number is {number}.", rng, word)
    for _ in range(COUNTED):
        first = rng.choice((1, 1, rng.randint(2, 20)))
        counted = range(first, first + rng.randint(3, 9))
        if rng.random() < 0.3:
            counted = counted[::-1]
        asked = asked_by_rule("counting", rng, x=counted[0], y=counted[-1])
        yield asked, "", _in_a_row(counted)
        first, step = rng.randint(1, 10), rng.choice((1, 2, 2, 3, 5, 10))
        *shown, following = range(first, first + 5 * step, step)
        yield _about(shown, "goes_on", f"The next number is {following}.", rng)


def _about(
    numbers: Sequence[int], way: str, answer: str, rng: random.Random, word: str = ""
) -> Task:
    return asked_by_rule(way, rng, x=_in_a_row(numbers), word=word), "", answer


def _in_a_row(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)


NUMBER_DRILLS: dict[str, Callable[[random.Random], Iterator[Task]]] = {
    "sums": _sums,
    "number_words": _number_words,
    "problems": _problems,
    "units": _units,
    "neighbours": _neighbours,
    "even_or_odd": _even_or_odd,
    "ordered": _ordered,
}
