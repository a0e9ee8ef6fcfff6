"""Exercises with numbers, made by program: sums, units, numerals, order, dates and times."""

from __future__ import annotations

import random
from collections.abc import Iterator

from train.build_data.tasks import Task, fill, fill_some, lists, pick
from train.chat.english import in_words

SOURCE = "project-synthetic"


def number_tasks(rng: random.Random) -> Iterator[Task]:
    """All of them."""
    for _ in range(3_000):
        yield arithmetic(rng)
    for _ in range(900):
        yield word_problem(rng)
    for _ in range(2_400):
        yield conversion(rng)
    yield from temperatures(rng)
    for _ in range(700):
        number = rng.choice((rng.randint(0, 100), rng.randint(0, 999), rng.randint(1_000, 9_999)))
        yield fill(rng, f"{SOURCE}:number_words", number=number, words=in_words(number))
    for number in range(1, 121):
        yield fill(rng, f"{SOURCE}:roman", number=number, numeral=roman(number))
    for _ in range(1_500):
        yield order(rng)
    yield from calendar(rng)
    for _ in range(250):
        yield from clock(rng)


def arithmetic(rng: random.Random) -> Task:
    """A sum, difference, product or quotient; a square, half or double."""
    a, b = rng.randint(0, 99), rng.randint(0, 99)
    one, two, even = rng.randint(1, 12), rng.randint(1, 12), 2 * rng.randint(1, 50)
    kind = rng.choice(("+", "+", "-", "-", "x", ":", "more"))  # what is asked for more, more often
    if kind == "more":
        kind = rng.choice(("square", "square", "half", "double"))
    operands = {
        "+": (a, b, a + b),
        "-": (max(a, b), min(a, b), abs(a - b)),
        "x": (one, two, one * two),
        ":": (one * two, one, two),
    }
    a, b, result = operands.get(kind, (one, one, 0))
    return fill(
        rng, f"{SOURCE}:arithmetic/{kind}", a=a, b=b, result=result, square=a * a,
        even=even, half=even // 2, double=2 * even,
    )  # fmt: skip


def word_problem(rng: random.Random) -> Task:
    """Somebody gets or gives away things; or boxes of them."""
    kind = rng.choice(("more", "fewer", "boxes"))
    a, b = rng.randint(2, 30), rng.randint(1, 20)
    if kind == "fewer":
        a, b = max(a, b) + 2, min(a, b)  # two are left at least: "1 apples" is wrong
    elif kind == "boxes":
        a, b = rng.randint(2, 9), rng.randint(2, 9)
    result = {"more": a + b, "fewer": a - b, "boxes": a * b}[kind]
    name, items = rng.choice(lists()["men"] + lists()["women"]), rng.choice(lists()["countables"])
    return fill(
        rng, f"{SOURCE}:word_problem/{kind}", name=name, items=items, a=a, b=b, result=result
    )


# --- units --------------------------------------------------------------------------------------

_ROUND = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 50, 100)


def decimal(number: float) -> str:
    """Two places at most; a comma in whole numbers of five digits or more."""
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return f"{int(text):,}" if "." not in text and len(text) > 4 else text


def _counted(number: float, unit: str) -> str:
    return f"{decimal(number)} {unit if number == 1 else _plural(unit)}"


def _plural(unit: str) -> str:
    return lists()["unit_plurals"].get(unit, unit + "s")


def conversion(rng: random.Random) -> Task:
    """From a larger unit to a smaller one, or back where the numbers stay whole."""
    larger, smaller, factor = rng.choice(lists()["units"])
    given: float = rng.choice(_ROUND)
    result, unit, other = given * factor, larger, smaller
    if factor == int(factor) and rng.random() < 0.4:
        result, unit, other = rng.randint(1, 20), smaller, larger
        given = result * factor
    about = "about " if factor == 1.609 else ""  # a mile; an inch is exact
    return fill(
        rng, f"{SOURCE}:conversion", amount=_counted(given, unit), unit=_plural(other),
        verb="is" if given == 1 else "are", result=about + _counted(result, other),
    )  # fmt: skip


def temperatures(rng: random.Random) -> Iterator[Task]:
    """Both scales, from -20 to 100 degrees Celsius."""
    for celsius in range(-20, 101):
        fahrenheit = celsius * 9 / 5 + 32
        words = {"celsius": celsius, "fahrenheit": decimal(fahrenheit)}
        yield fill(rng, f"{SOURCE}:conversion/celsius", **words)
        if fahrenheit.is_integer():
            yield fill(rng, f"{SOURCE}:conversion/fahrenheit", **words)


# --- numerals -----------------------------------------------------------------------------------


def roman(number: int) -> str:
    """A number as a Roman numeral."""
    numeral = ""
    for value, letters in (
        (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"),
        (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
    ):  # fmt: skip
        count, number = divmod(number, value)
        numeral += letters * count
    return numeral


# --- order --------------------------------------------------------------------------------------


def order(rng: random.Random) -> Task:
    """Compare numbers, sort them, find the next one."""
    kinds = ("compare", "even_odd", "next_number", "sort_numbers", "max", "sequence")
    [kind] = rng.choices(kinds, (2, 1, 1, 2, 1, 1))
    count = {"compare": 2, "max": 4}.get(kind, rng.randint(3, 5))
    numbers = rng.sample(range(1, 200), count)
    number, start, step = rng.randint(1, 998), rng.randint(1, 20), rng.randint(1, 10)
    return fill(
        rng, f"{SOURCE}:{kind}",
        a=numbers[0], b=numbers[1], large=max(numbers), small=min(numbers),
        numbers=_row(numbers), up=_row(sorted(numbers)), down=_row(sorted(numbers, reverse=True)),
        number=number, parity="odd" if number % 2 else "even", before=number - 1, after=number + 1,
        shown=_row([start + step * place for place in range(4)]), following=start + 4 * step,
    )  # fmt: skip


def _row(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


# --- dates and times ----------------------------------------------------------------------------


def calendar(rng: random.Random) -> Iterator[Task]:
    """Days and months: which is next to which, and what is special about each."""
    days, months = lists()["days"], lists()["months"]
    for kind, names in (("day", days), ("month", list(months))):
        for place, name in enumerate(names):
            before, after = names[place - 1], names[(place + 1) % len(names)]
            words = {"kind": kind, "name": name, "before": before, "after": after}
            yield from fill_some(rng, f"{SOURCE}:calendar/neighbours", 3, **words)
    for place, (name, length) in enumerate(months.items(), start=1):
        leap = " (29 in a leap year)" if name == "February" else ""
        words = {"name": name, "days": length, "leap": leap, "ordinal": _ordinal(place)}
        yield from fill_some(rng, f"{SOURCE}:calendar/month", 2, **words)
    for place, name in enumerate(days):
        for later in (2, 3, 4, 5, 7, 10):
            then = days[(place + later) % 7]
            yield fill(rng, f"{SOURCE}:calendar/later", name=name, later=later, then=then)


def _ordinal(number: int) -> str:
    """Up to 20."""
    return f"{number}" + {1: "st", 2: "nd", 3: "rd"}.get(number, "th")


def clock(rng: random.Random) -> Iterator[Task]:
    """A time in digits and as it is spoken; now and then one after noon."""
    hour, minute = rng.randint(1, 12), pick(rng, list(lists()["clock"]))
    now, then = in_words(hour), in_words(hour % 12 + 1)
    spoken = lists()["clock"][minute].format(now=now, then=then)
    yield fill(rng, f"{SOURCE}:time", time=f"{hour}:{int(minute):02d}", spoken=spoken)
    if rng.random() < 0.3:
        late = rng.randint(13, 23)
        times = {"late": f"{late}:{int(minute):02d}", "early": f"{late - 12}:{int(minute):02d}"}
        yield fill(rng, f"{SOURCE}:time/24", **times)
