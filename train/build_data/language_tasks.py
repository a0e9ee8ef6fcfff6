"""Exercises with words and sentences, made by program from the lists in word_lists.json."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from train.build_data.archives import Archive
from train.build_data.number_tasks import SOURCE, number_tasks
from train.build_data.sentence_tasks import MEN, NAMES, WOMEN, Sentences
from train.build_data.tasks import (
    Task,
    fill,
    fill_some,
    is_clean,
    lists,
    sample,
    with_article,
)
from train.build_data.word_tasks import wordnet_words
from train.chat.english import capitalise, in_words, joined


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
    yield from number_tasks(rng)
    for word in sample(rng, words, 1_700):
        yield letters(word, words, rng)
    yield from forms(rng)
    for _ in range(3_200):
        yield voice_or_tense(rng)
    for _ in range(2_300):
        yield category(rng)
    yield from animals(rng)
    for emotion, texts in lists()["emotions"].items():
        for text in texts:
            yield from fill_some(rng, f"{SOURCE}:emotion", 3, text=text, emotion=emotion)
    for _ in range(1_000):
        yield story(rng)
    for request, polite in lists()["polite"]:
        yield from fill_some(rng, f"{SOURCE}:polite", 3, request=request, polite=polite)
    for name in NAMES:
        gaps = {gap: rng.choice(words) for gap, words in lists()["messages"].items()}
        day = rng.choice(lists()["days"])
        yield from fill_some(rng, f"{SOURCE}:message", 5, name=name, day=day, **gaps)


# --- words --------------------------------------------------------------------------------------


def letters(word: str, words: Sequence[str], rng: random.Random) -> Task:
    """Count, name, spell, reverse and sort."""
    [kind] = rng.choices(("letters", "alphabetical", "count_list"), (70, 23, 7))
    chosen = sample(rng, words, rng.randint(3, 5))
    vowels = sum(letter in "aeiou" for letter in word)
    return fill(
        rng, f"{SOURCE}:{kind}",
        word=word, length=len(word), vowels=f"{vowels} vowel{'' if vowels == 1 else 's'}",
        first=word[0], last=word[-1], spelled="-".join(word),
        short=word[:6], backwards=word[:6][::-1],
        words=", ".join(chosen), in_order=", ".join(sorted(chosen)), count=len(chosen),
        one=chosen[0], two=chosen[1], earlier=min(chosen[:2]),
    )  # fmt: skip


def forms(rng: random.Random) -> Iterator[Task]:
    """Plurals, verb forms, comparatives; two or three of the questions for each word."""
    regular = {noun: noun + "s" for noun in lists()["regular_nouns"]}
    for one, many in (lists()["irregular_plurals"] | regular).items():
        yield from fill_some(rng, f"{SOURCE}:plural", 3, one=one, many=many)
    for base, past, participle in lists()["verbs"]:
        words = {"base": base, "past": past, "participle": participle}
        yield from fill_some(rng, f"{SOURCE}:past_tense", 3, **words)
    for plain, more, most in lists()["adjectives"]:
        yield from fill_some(rng, f"{SOURCE}:comparative", 2, plain=plain, more=more, most=most)


# --- sentences ----------------------------------------------------------------------------------


def sentences_in_all_tenses(
    verb: Sequence[str], subject: str, thing: str
) -> tuple[dict[str, str], dict[str, str]]:
    """(active, passive), each tense -> sentence, of (base, past, participle) and two nouns."""
    base, past, participle = verb
    is_plural = subject in lists()["plural_nouns"]
    words = {
        "who": subject, "Who": capitalise(subject), "what": f"the {thing}", "What": f"The {thing}",
        "base": base, "past": past, "participle": participle,
        "ing": lists()["ing_forms"].get(base, base + "ing"),
        "present": base if is_plural else lists()["third_persons"].get(base, base + "s"),
        **_auxiliaries("who", is_plural),
        **_auxiliaries("what", thing in lists()["plural_nouns"]),
    }  # fmt: skip
    tenses = lists()["tenses"]
    return (
        {tense: forms["active"].format_map(words) for tense, forms in tenses.items()},
        {tense: forms["passive"].format_map(words) for tense, forms in tenses.items()},
    )


def _auxiliaries(noun: str, is_plural: bool) -> dict[str, str]:
    """How "are", "were" and "have" read with this noun."""
    singular = {"are": "is", "were": "was", "have": "has"}
    return {f"{noun}_{many}": many if is_plural else one for many, one in singular.items()}


def voice_or_tense(rng: random.Random) -> Task:
    """Change or name the voice or the tense of a sentence; the past is the most frequent tense."""
    *verb, things = rng.choice(lists()["transitive_verbs"])
    subject = rng.choice((*lists()["subjects"], *MEN[:10], *WOMEN[:10]))
    active, passive = sentences_in_all_tenses(verb, subject, rng.choice(things))
    tenses = lists()["tenses"]
    tense = rng.choice(("past", "past", *tenses))
    other = rng.choice([t for t in tenses if t != tense and tenses[t]["name"]])
    [kind] = rng.choices(("passive", "active", "voice", "tense", "tense_id"), (34, 22, 7, 27, 10))
    return fill(
        rng, f"{SOURCE}:{kind}", active=active[tense], passive=passive[tense],
        name=tenses[other]["name"], other=active[other], label=tenses[tense]["label"],
    )  # fmt: skip


# --- meaning ------------------------------------------------------------------------------------


def category(rng: random.Random) -> Task:
    """Which kind of thing a word names."""
    categories = lists()["categories"]
    right, *others = rng.sample(list(categories), 3)
    word, odd = rng.choice(categories[right]), rng.choice(categories[others[0]])
    mixed = [w for name in (right, *others) for w in rng.sample(categories[name], 2)]
    mixed = sample(rng, mixed, len(mixed))
    one, two, three = sample(rng, (right, *others), 3)
    count = rng.choice((2, 3, 3, 4))
    [kind] = rng.choices(
        ("categorize", "categorize/yes_or_no", "odd_one_out", "list", "extract_category"),
        (30, 15, 25, 18, 12),
    )
    return fill(
        rng, f"{SOURCE}:{kind}",
        word=word, right=right, wrong=others[0], one=one, two=two, three=three,
        thing=word if right in lists()["uncounted_categories"] else with_article(word),
        plural=lists()["category_plurals"].get(right, right + "s"),
        odd=odd, shown=", ".join(sample(rng, [*rng.sample(categories[right], 3), odd], 4)),
        count=in_words(count), chosen=joined(rng.sample(categories[right], count)),
        mixed=", ".join(mixed), found=", ".join(w for w in mixed if w in categories[right]),
    )  # fmt: skip


def animals(rng: random.Random) -> Iterator[Task]:
    """Their sounds and their young."""
    for animal, sound in lists()["sounds"].items():
        yield from fill_some(rng, f"{SOURCE}:animal_fact/sound", 2, animal=animal, sound=sound)
    for animal, young in lists()["young_animals"]:
        for kind in ("young", "parent"):
            yield fill(rng, f"{SOURCE}:animal_fact/{kind}", animal=animal, young=young)


def story(rng: random.Random) -> Task:
    """A hero, a place, and a plot in four steps: what happens, what is done, found, in the end."""
    hero, place = rng.choice(lists()["heroes"]), rng.choice(lists()["places"])
    happens, does, finds, end = rng.choice(lists()["plots"])
    name = re.sub(r"^an? ", "", hero)
    person = name.split()[-1]
    pronoun, possessive = {
        "girl": ("she", "her"), "boy": ("he", "his"), "farmer": ("he", "his"),
        "knight": ("he", "his"),
    }.get(person, ("it", "its"))  # fmt: skip
    return fill(
        rng, f"{SOURCE}:story", hero=hero, place=place, name=name, pronoun=pronoun,
        happens=happens.replace("{p}", possessive), does=does, finds=finds, end=end,
        closing="From that day on" if "never" in end else "In the end",
    )  # fmt: skip
