"""Exercises with numbers, made by program: sums, units, numerals, dates and times."""

from __future__ import annotations

import random
from collections.abc import Iterator

from train.build_data.sentence_tasks import NAMES
from train.build_data.tasks import capitalise

Rows = Iterator[tuple[str, str, str, str]]  # task, instruction, input, output


def number_tasks(rng: random.Random, units: list[list[str | float]]) -> Rows:
    """All of them. `units` are [larger, smaller, how many]."""
    for _ in range(3_000):
        yield "arithmetic", *_sum(rng)
    for _ in range(900):
        yield "word_problem", *_word_problem(rng)
    for _ in range(2_400):
        yield "conversion", *_conversion(rng, units)
    yield from _temperatures(rng)
    for _ in range(700):
        yield "number_words", *_number_in_words(rng)
    for number in range(1, 121):
        yield "roman", *_roman_numeral(rng, number)
    for _ in range(1_500):
        yield _comparison(rng)
    yield from _calendar(rng)
    for _ in range(250):
        yield from _clock(rng)


def _sum(rng: random.Random) -> tuple[str, str, str]:
    kind = rng.choice("++--*/2")  # more of what is asked more often
    questions: tuple[str, ...]
    if kind == "+":
        a, b = rng.randint(0, 99), rng.randint(0, 99)
        result, shown = a + b, f"{a} + {b} = {a + b}"
        questions = (
            f"What is {a} + {b}?",
            f"Add {a} and {b}.",
            f"What is {a} plus {b}?",
            f"Calculate {a} + {b}.",
            f"What is the sum of {a} and {b}?",
        )
    elif kind == "-":
        b, a = sorted((rng.randint(0, 99), rng.randint(0, 99)))
        result, shown = a - b, f"{a} - {b} = {a - b}"
        questions = (
            f"What is {a} - {b}?",
            f"Subtract {b} from {a}.",
            f"What is {a} minus {b}?",
            f"Calculate {a} - {b}.",
        )
    elif kind == "*":
        a, b = rng.randint(1, 12), rng.randint(1, 12)
        result, shown = a * b, f"{a} x {b} = {a * b}"
        questions = (
            f"What is {a} times {b}?",
            f"Multiply {a} by {b}.",
            f"What is {a} x {b}?",
            f"What is the product of {a} and {b}?",
        )
    elif kind == "/":
        b, result = rng.randint(1, 12), rng.randint(1, 12)
        shown = f"{b * result} / {b} = {result}"
        questions = (f"What is {b * result} divided by {b}?", f"Divide {b * result} by {b}.")
    else:
        return _square_half_or_double(rng)
    return rng.choice(questions), "", rng.choice((str(result), f"{shown}.", f"{shown}."))


def _square_half_or_double(rng: random.Random) -> tuple[str, str, str]:
    kind = rng.random()
    if kind < 0.5:
        number = rng.randint(1, 12)
        result, name = number * number, f"The square of {number}"
        question = rng.choice((f"What is the square of {number}?", f"What is {number} squared?"))
    elif kind < 0.75:
        number = 2 * rng.randint(1, 50)
        result, name = number // 2, f"Half of {number}"
        question = f"What is half of {number}?"
    else:
        number = 2 * rng.randint(1, 50)
        result, name = 2 * number, f"Twice {number}"
        question = rng.choice((f"What is double {number}?", f"What is twice {number}?"))
    return question, "", rng.choice((str(result), f"{name} is {result}.", f"{name} is {result}."))


_ITEMS = "apples oranges books pencils marbles stickers cookies coins eggs cards balloons shells"


def _word_problem(rng: random.Random) -> tuple[str, str, str]:
    name, items = rng.choice(NAMES), rng.choice(_ITEMS.split())
    a, b = rng.randint(2, 30), rng.randint(1, 20)
    kind = rng.random()
    if kind < 0.35:
        question = (
            f"{name} has {a} {items} and gets {b} more. How many {items} does {name} have now?"
        )
        return question, "", f"{a} + {b} = {a + b}. {name} has {a + b} {items}."
    if kind < 0.7:
        a, b = max(a, b) + 1, min(a, b)
        question = f"{name} has {a} {items} and gives away {b}. How many {items} are left?"
        left = f"{a - b} {items}" if a - b > 1 else "1"
        return question, "", f"{a} - {b} = {a - b}. {name} has {left} left."
    a, b = rng.randint(2, 9), rng.randint(2, 9)
    question = (
        f"There are {a} boxes with {b} {items} in each box. How many {items} are there in total?"
    )
    return question, "", f"{a} x {b} = {a * b}. There are {a * b} {items} in total."


# --- units --------------------------------------------------------------------------------------

_PLURALS = {"foot": "feet", "inch": "inches", "century": "centuries", "dozen": "dozen"}
_ROUND = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 50, 100)


def _decimal(number: float) -> str:
    """Two places at most; a comma in whole numbers of five digits or more."""
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return f"{int(text):,}" if "." not in text and len(text) > 4 else text


def _plural(unit: str, count: float) -> str:
    return unit if count == 1 else _PLURALS.get(unit, unit + "s")


def _conversion(rng: random.Random, units: list[list[str | float]]) -> tuple[str, str, str]:
    larger, smaller, factor = rng.choice(units)
    assert isinstance(larger, str) and isinstance(smaller, str) and not isinstance(factor, str)
    given: float
    if rng.random() < 0.6 or factor != int(factor):
        given, unit, other = rng.choice(_ROUND), larger, smaller
        result = given * factor
    else:
        result, unit, other = rng.randint(1, 20), smaller, larger
        given = result * factor
    amount = f"{_decimal(given)} {_plural(unit, given)}"
    question = rng.choice(
        (
            f"Convert {amount} to {_plural(other, 2)}.",
            f"How many {_plural(other, 2)} are in {amount}?",
            f"How many {_plural(other, 2)} is {amount}?",
            f"What is {amount} in {_plural(other, 2)}?",
        )
    )
    verb = "is" if given == 1 else "are"
    about = "about " if factor == 1.609 else ""  # a mile; an inch is exact
    return question, "", f"{amount} {verb} {about}{_decimal(result)} {_plural(other, result)}."


def _temperatures(rng: random.Random) -> Rows:
    for celsius in range(-20, 101):
        fahrenheit = celsius * 9 / 5 + 32
        question = rng.choice(
            (
                f"Convert {celsius} degrees Celsius to Fahrenheit.",
                f"What is {celsius}°C in Fahrenheit?",
            )
        )
        answer = f"{celsius} degrees Celsius is {_decimal(fahrenheit)} degrees Fahrenheit."
        yield "conversion", question, "", answer
        if fahrenheit.is_integer():
            whole = int(fahrenheit)
            question = rng.choice(
                (
                    f"Convert {whole} degrees Fahrenheit to Celsius.",
                    f"What is {whole}°F in Celsius?",
                )
            )
            answer = f"{whole} degrees Fahrenheit is {celsius} degrees Celsius."
            yield "conversion", question, "", answer


# --- numerals -----------------------------------------------------------------------------------

_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
]  # fmt: skip
_TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_words(number: int) -> str:
    """0 to 9,999, with "and" before what is below a hundred."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    if number < 1_000:
        hundreds, rest = divmod(number, 100)
        return f"{_ONES[hundreds]} hundred" + (f" and {in_words(rest)}" if rest else "")
    thousands, rest = divmod(number, 1_000)
    link = " " if rest >= 100 else " and "
    return f"{in_words(thousands)} thousand" + (link + in_words(rest) if rest else "")


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


def _number_in_words(rng: random.Random) -> tuple[str, str, str]:
    number = rng.choice((rng.randint(0, 100), rng.randint(0, 999), rng.randint(1_000, 9_999)))
    if rng.random() < 0.65:
        question = rng.choice(
            (
                f"Write {number} in words.",
                f"How do you write {number} in words?",
                f"Spell out the number {number}.",
            )
        )
        return question, "", capitalise(in_words(number)) + "."
    question = rng.choice(("Write this number in digits.", "Convert the words to a number."))
    return question, in_words(number), str(number)


def _roman_numeral(rng: random.Random, number: int) -> tuple[str, str, str]:
    if rng.random() < 0.6:
        question = rng.choice(
            (f"Write {number} as a Roman numeral.", f"What is {number} in Roman numerals?")
        )
        return question, "", roman(number)
    return f"What number is the Roman numeral {roman(number)}?", "", str(number)


# --- order --------------------------------------------------------------------------------------


def _comparison(rng: random.Random) -> tuple[str, str, str, str]:
    kind = rng.choice(("compare", "compare", "even", "next", "sort", "sort", "max", "sequence"))
    first = rng.random() < 0.5  # larger, after, descending, as the kind has it
    if kind == "compare":
        a, b = rng.sample(range(1, 500), 2)
        winner, loser = (max(a, b), min(a, b)) if first else (min(a, b), max(a, b))
        word, other = ("larger", "greater") if first else ("smaller", "less")
        question = rng.choice(
            (f"Which number is {word}: {a} or {b}?", f"Which is {other}, {a} or {b}?")
        )
        return (
            "compare",
            question,
            "",
            rng.choice((f"{winner}", f"{winner} is {word} than {loser}.")),
        )
    if kind == "even":
        number = rng.randint(1, 999)
        parity = "odd" if number % 2 else "even"
        question = rng.choice(
            (
                f"Is {number} an even or an odd number?",
                f"Is the number {number} odd or even?",
            )
        )
        answer = rng.choice((f"{number} is an {parity} number.", f"{capitalise(parity)}."))
        return "even_odd", question, "", answer
    if kind == "next":
        number = rng.randint(1, 998)
        side, result = ("after", number + 1) if first else ("before", number - 1)
        return "next_number", f"Which number comes {side} {number}?", "", str(result)
    if kind == "sort":
        numbers = rng.sample(range(1, 100), rng.randint(3, 5))
        way, name = (
            ("largest to smallest", "descending") if first else ("smallest to largest", "ascending")
        )
        question = rng.choice(
            (f"Sort these numbers from {way}.", f"Put the numbers in {name} order.")
        )
        in_order = sorted(numbers, reverse=first)
        return "sort_numbers", question, ", ".join(map(str, numbers)), ", ".join(map(str, in_order))
    if kind == "max":
        numbers = rng.sample(range(1, 200), 4)
        word, result = ("largest", max(numbers)) if first else ("smallest", min(numbers))
        question = f"Find the {word} number in the list."
        return "max", question, ", ".join(map(str, numbers)), str(result)
    start, step = rng.randint(1, 20), rng.randint(1, 10)
    question = rng.choice(
        (
            "What comes next in this sequence?",
            "Continue the number sequence with the next number.",
        )
    )
    shown = ", ".join(str(start + step * n) for n in range(4))
    return "sequence", question, shown, str(start + 4 * step)


# --- dates and times ----------------------------------------------------------------------------

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_MONTHS = {
    "January": 31, "February": 28, "March": 31, "April": 30, "May": 31, "June": 30, "July": 31,
    "August": 31, "September": 30, "October": 31, "November": 30, "December": 31,
}  # fmt: skip


def _ordinal(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}" + {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _calendar(rng: random.Random) -> Rows:
    for kind, names in (("day", DAYS), ("month", list(_MONTHS))):
        for position, name in enumerate(names):
            following = names[(position + 1) % len(names)]
            for question, answer, side in (
                (f"Which {kind} comes after {name}?", following, "after"),
                (f"Which {kind} comes before {name}?", names[position - 1], "before"),
                (f"What {kind} follows {name}?", following, "after"),
            ):
                long = f"{answer} comes {side} {name}."
                yield "calendar", question, "", rng.choice((f"{answer}.", long))
    for position, (month, days) in enumerate(_MONTHS.items(), start=1):
        leap = " (29 in a leap year)" if month == "February" else ""
        question = f"How many days are there in {month}?"
        yield "calendar", question, "", f"{month} has {days} days{leap}."
        answer = f"{month} is the {_ordinal(position)} month of the year."
        yield "calendar", f"Which month of the year is {month}?", "", answer
    for position, day in enumerate(DAYS):
        for later in (2, 3, 4, 5, 7, 10):
            question = f"If today is {day}, what day will it be in {later} days?"
            yield "calendar", question, "", f"It will be {DAYS[(position + later) % 7]}."


def _clock(rng: random.Random) -> Rows:
    hour = rng.randint(1, 12)
    now, then = _ONES[hour], _ONES[hour % 12 + 1]
    spoken = {
        0: f"{now} o'clock", 5: f"five past {now}", 10: f"ten past {now}",
        15: f"quarter past {now}", 20: f"twenty past {now}", 30: f"half past {now}",
        45: f"quarter to {then}", 50: f"ten to {then}",
    }  # fmt: skip
    minute = rng.choice(list(spoken))
    time = f"{hour}:{minute:02d}"
    if rng.random() < 0.5:
        yield "time", f"Write the time {time} in words.", "", capitalise(spoken[minute]) + "."
    else:
        yield "time", "Write this time in digits.", spoken[minute], time
    if rng.random() < 0.3:
        late = rng.randint(13, 23)
        question = f"What is {late}:{minute:02d} in 12-hour time?"
        yield "time", question, "", f"{late - 12}:{minute:02d} p.m."
