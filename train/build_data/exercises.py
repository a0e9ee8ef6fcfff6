"""Exercises made by program from the lists in word_lists.json: numbers, words, sentences."""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Callable, Iterator, Sequence

from train.build_data.archives import Archive
from train.build_data.sentence_tasks import MEN, NAMES, WOMEN, Sentences
from train.build_data.tasks import (
    LISTS,
    Task,
    fill,
    fill_some,
    is_clean,
    pick,
    sample,
    with_article,
)
from train.build_data.word_tasks import wordnet_words
from train.chat.english import capitalise, in_words, joined

SOURCE = "project-synthetic"


def synthetic(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """All exercises. Tatoeba and WordNet only say which words are common ones."""
    known = wordnet_words(archives[1])
    words = [
        word
        for word in Sentences(archives[0]).common_words()
        if word.isalpha() and 4 <= len(word) <= 9 and word in known and is_clean(word)
    ]
    yield from made_by_program(words, rng)


def made_by_program(words: Sequence[str], rng: random.Random) -> Iterator[Task]:
    """The exercises; `words` are those whose letters are counted and sorted."""
    schedule: tuple[tuple[int, Callable[[random.Random], Iterator[Task]]], ...] = (
        (3_000, arithmetic),
        (900, word_problem),
        (2_400, conversion),
        (1, temperatures),
        (700, number_in_words),
        (1, roman_numerals),
        (1_500, order),
        (1, calendar),
        (250, clock),
        (1, functools.partial(letters, words)),
        (1, functools.partial(rows, "nouns", "plural", 3, ("one", "many"))),
        (1, functools.partial(rows, "verbs", "past_tense", 3, ("base", "past", "participle"))),
        (1, functools.partial(rows, "adjectives", "comparative", 2, ("plain", "more", "most"))),
        (3_200, voice_or_tense),
        (2_300, category),
        (1, functools.partial(rows, "sounds", "animal_fact/sound", 2, ("animal", "sound"))),
        (1, young_animals),
        (1, functools.partial(rows, "emotions", "emotion", 3, ("text", "emotion"))),
        (1_000, story),
        (1, functools.partial(rows, "polite", "polite", 3, ("request", "polite"))),
        (1, messages),
    )
    for times, exercise in schedule:
        for _ in range(times):
            yield from exercise(rng)


def rows(
    name: str, kind: str, count: int, columns: Sequence[str], rng: random.Random
) -> Iterator[Task]:
    """So many of the questions of this kind for each row of a list."""
    for row in LISTS[name]:
        words = dict(zip(columns, row, strict=True))
        yield from fill_some(rng, f"{SOURCE}:{kind}", count, **words)


# --- numbers ------------------------------------------------------------------------------------


def arithmetic(rng: random.Random) -> Iterator[Task]:
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
    yield fill(
        rng, f"{SOURCE}:arithmetic/{kind}", a=a, b=b, result=result, square=a * a,
        even=even, half=even // 2, double=2 * even,
    )  # fmt: skip


def word_problem(rng: random.Random) -> Iterator[Task]:
    """Somebody gets or gives away things; or boxes of them."""
    kind = rng.choice(("more", "fewer", "boxes"))
    a, b = rng.randint(2, 30), rng.randint(1, 20)
    if kind == "fewer":
        a, b = max(a, b) + 2, min(a, b)  # two are left at least: "1 apples" is wrong
    elif kind == "boxes":
        a, b = rng.randint(2, 9), rng.randint(2, 9)
    result = {"more": a + b, "fewer": a - b, "boxes": a * b}[kind]
    name, items = rng.choice(NAMES), rng.choice(LISTS["countables"])
    words = {"name": name, "items": items, "a": a, "b": b, "result": result}
    yield fill(rng, f"{SOURCE}:word_problem/{kind}", **words)


def decimal(number: float) -> str:
    """Two places at most; a comma in whole numbers of five digits or more."""
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return f"{int(text):,}" if "." not in text and len(text) > 4 else text


def _counted(number: float, unit: str) -> str:
    return f"{decimal(number)} {unit if number == 1 else _plural(unit)}"


def _plural(unit: str) -> str:
    return LISTS["unit_plurals"].get(unit, unit + "s")


def conversion(rng: random.Random) -> Iterator[Task]:
    """From a larger unit to a smaller one, or back where the numbers stay whole."""
    larger, smaller, factor = rng.choice(LISTS["units"])
    given: float = rng.choice(LISTS["round_numbers"])
    result, unit, other = given * factor, larger, smaller
    if factor == int(factor) and rng.random() < 0.4:
        result, unit, other = rng.randint(1, 20), smaller, larger
        given = result * factor
    about = "about " if factor == 1.609 else ""  # a mile; an inch is exact
    yield fill(
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


def number_in_words(rng: random.Random) -> Iterator[Task]:
    """Smaller numbers more often than larger ones."""
    number = rng.choice((rng.randint(0, 100), rng.randint(0, 999), rng.randint(1_000, 9_999)))
    yield fill(rng, f"{SOURCE}:number_words", number=number, words=in_words(number))


def roman_numerals(rng: random.Random) -> Iterator[Task]:
    """I to CXX."""
    for number in range(1, 121):
        yield fill(rng, f"{SOURCE}:roman", number=number, numeral=roman(number))


def roman(number: int) -> str:
    """A number as a Roman numeral."""
    numeral = ""
    for sign, value in LISTS["roman"].items():
        count, number = divmod(number, value)
        numeral += sign * count
    return numeral


def order(rng: random.Random) -> Iterator[Task]:
    """Compare numbers, sort them, find the next one."""
    kinds = ("compare", "even_odd", "next_number", "sort_numbers", "max", "sequence")
    [kind] = rng.choices(kinds, (2, 1, 1, 2, 1, 1))
    count = {"compare": 2, "max": 4}.get(kind, rng.randint(3, 5))
    numbers = rng.sample(range(1, 200), count)
    number, start, step = rng.randint(1, 998), rng.randint(1, 20), rng.randint(1, 10)
    yield fill(
        rng, f"{SOURCE}:{kind}",
        a=numbers[0], b=numbers[1], large=max(numbers), small=min(numbers),
        numbers=_row(numbers), up=_row(sorted(numbers)), down=_row(sorted(numbers, reverse=True)),
        number=number, parity="odd" if number % 2 else "even", before=number - 1, after=number + 1,
        shown=_row([start + step * place for place in range(4)]), following=start + 4 * step,
    )  # fmt: skip


def _row(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


def calendar(rng: random.Random) -> Iterator[Task]:
    """Days and months: which is next to which, and what is special about each."""
    days, months = LISTS["days"], LISTS["months"]
    for kind, names in (("day", days), ("month", list(months))):
        for place, name in enumerate(names):
            before, after = names[place - 1], names[(place + 1) % len(names)]
            words = {"kind": kind, "name": name, "before": before, "after": after}
            yield from fill_some(rng, f"{SOURCE}:calendar/neighbours", 3, **words)
    for place, (name, length) in enumerate(months.items(), start=1):
        leap = " (29 in a leap year)" if name == "February" else ""
        ordinal = f"{place}" + {1: "st", 2: "nd", 3: "rd"}.get(place, "th")
        words = {"name": name, "days": length, "leap": leap, "ordinal": ordinal}
        yield from fill_some(rng, f"{SOURCE}:calendar/month", 2, **words)
    for place, name in enumerate(days):
        for later in (2, 3, 4, 5, 7, 10):
            then = days[(place + later) % 7]
            yield fill(rng, f"{SOURCE}:calendar/later", name=name, later=later, then=then)


def clock(rng: random.Random) -> Iterator[Task]:
    """A time in digits and as it is spoken; now and then one after noon."""
    hour, minute = rng.randint(1, 12), pick(rng, list(LISTS["clock"]))
    now, then = in_words(hour), in_words(hour % 12 + 1)
    spoken = LISTS["clock"][minute].format(now=now, then=then)
    yield fill(rng, f"{SOURCE}:time", time=f"{hour}:{int(minute):02d}", spoken=spoken)
    if rng.random() < 0.3:
        late = rng.randint(13, 23)
        times = {"late": f"{late}:{int(minute):02d}", "early": f"{late - 12}:{int(minute):02d}"}
        yield fill(rng, f"{SOURCE}:time/24", **times)


# --- words --------------------------------------------------------------------------------------


def letters(words: Sequence[str], rng: random.Random) -> Iterator[Task]:
    """Count, name, spell, reverse and sort."""
    for word in sample(rng, words, 1_700):
        [kind] = rng.choices(("letters", "alphabetical", "count_list"), (70, 23, 7))
        chosen = sample(rng, words, rng.randint(3, 5))
        vowels = sum(letter in "aeiou" for letter in word)
        yield fill(
            rng, f"{SOURCE}:{kind}",
            word=word, length=len(word), vowels=f"{vowels} vowel{'' if vowels == 1 else 's'}",
            first=word[0], last=word[-1], spelled="-".join(word),
            short=word[:6], backwards=word[:6][::-1],
            words=", ".join(chosen), in_order=", ".join(sorted(chosen)), count=len(chosen),
            one=chosen[0], two=chosen[1], earlier=min(chosen[:2]),
        )  # fmt: skip


def category(rng: random.Random) -> Iterator[Task]:
    """Which kind of thing a word names."""
    categories = LISTS["categories"]
    right, *others = rng.sample(list(categories), 3)
    word, odd = rng.choice(categories[right]), rng.choice(categories[others[0]])
    mixed = [w for name in (right, *others) for w in rng.sample(categories[name], 2)]
    mixed = sample(rng, mixed, len(mixed))
    one, two, three = sample(rng, (right, *others), 3)
    count = rng.choice((2, 3, 3, 4))
    kinds = ("categorize", "categorize/yes_or_no", "odd_one_out", "list", "extract_category")
    [kind] = rng.choices(kinds, (30, 15, 25, 18, 12))
    yield fill(
        rng, f"{SOURCE}:{kind}",
        word=word, right=right, wrong=others[0], one=one, two=two, three=three,
        thing=word if right in LISTS["uncounted_categories"] else with_article(word),
        plural=LISTS["category_plurals"].get(right, right + "s"),
        odd=odd, shown=", ".join(sample(rng, [*rng.sample(categories[right], 3), odd], 4)),
        count=in_words(count), chosen=joined(rng.sample(categories[right], count)),
        mixed=", ".join(mixed), found=", ".join(w for w in mixed if w in categories[right]),
    )  # fmt: skip


def young_animals(rng: random.Random) -> Iterator[Task]:
    """What they are called, and whose young they are."""
    for animal, young in LISTS["young_animals"]:
        for kind in ("young", "parent"):
            yield fill(rng, f"{SOURCE}:animal_fact/{kind}", animal=animal, young=young)


# --- sentences ----------------------------------------------------------------------------------


def sentences_in_all_tenses(
    verb: Sequence[str], subject: str, thing: str
) -> tuple[dict[str, str], dict[str, str]]:
    """(active, passive), each tense -> sentence, of (base, past, participle) and two nouns."""
    base, past, participle = verb
    is_plural = subject in LISTS["plural_nouns"]
    words = {
        "who": subject, "Who": capitalise(subject), "what": f"the {thing}", "What": f"The {thing}",
        "base": base, "past": past, "participle": participle,
        "ing": LISTS["ing_forms"].get(base, base + "ing"),
        "present": base if is_plural else LISTS["third_persons"].get(base, base + "s"),
    }  # fmt: skip
    for noun, many in (("who", is_plural), ("what", thing in LISTS["plural_nouns"])):
        for plural, singular in (("are", "is"), ("were", "was"), ("have", "has")):
            words[f"{noun}_{plural}"] = plural if many else singular
    tenses = LISTS["tenses"]
    return (
        {tense: forms["active"].format_map(words) for tense, forms in tenses.items()},
        {tense: forms["passive"].format_map(words) for tense, forms in tenses.items()},
    )


def voice_or_tense(rng: random.Random) -> Iterator[Task]:
    """Change or name the voice or the tense of a sentence; the past is the most frequent tense."""
    *verb, things = rng.choice(LISTS["transitive_verbs"])
    subject = rng.choice((*LISTS["subjects"], *MEN[:10], *WOMEN[:10]))
    active, passive = sentences_in_all_tenses(verb, subject, rng.choice(things))
    tenses = LISTS["tenses"]
    tense = rng.choice(("past", "past", *tenses))
    other = rng.choice([t for t in tenses if t != tense and tenses[t]["name"]])
    [kind] = rng.choices(("passive", "active", "voice", "tense", "tense_id"), (34, 22, 7, 27, 10))
    yield fill(
        rng, f"{SOURCE}:{kind}", active=active[tense], passive=passive[tense],
        name=tenses[other]["name"], other=active[other], label=tenses[tense]["label"],
    )  # fmt: skip


def story(rng: random.Random) -> Iterator[Task]:
    """A hero, a place, and a plot in four steps: what happens, what is done, found, in the end."""
    hero, place = rng.choice(LISTS["heroes"]), rng.choice(LISTS["places"])
    happens, does, finds, end = rng.choice(LISTS["plots"])
    name = re.sub(r"^an? ", "", hero)
    pronoun, possessive = LISTS["pronouns"].get(name.split()[-1], ("it", "its"))
    yield fill(
        rng, f"{SOURCE}:story", hero=hero, place=place, name=name, pronoun=pronoun,
        happens=happens.replace("{p}", possessive), does=does, finds=finds, end=end,
        closing="From that day on" if "never" in end else "In the end",
    )  # fmt: skip


def messages(rng: random.Random) -> Iterator[Task]:
    """A short message to somebody, five for each name."""
    for name in NAMES:
        gaps = {gap: rng.choice(words) for gap, words in LISTS["messages"].items()}
        day = rng.choice(LISTS["days"])
        yield from fill_some(rng, f"{SOURCE}:message", 5, name=name, day=day, **gaps)
