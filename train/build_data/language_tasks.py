"""Exercises with words and sentences, made by program from the lists in word_lists.json."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from train.build_data.archives import Archive
from train.build_data.number_tasks import DAYS, in_words, number_tasks
from train.build_data.sentence_tasks import MEN, NAMES, WOMEN, Sentences
from train.build_data.tasks import (
    Task,
    capitalise,
    is_clean,
    joined,
    make,
    sample,
    with_article,
)
from train.build_data.word_tasks import wordnet_words

Rows = Iterator[tuple[str, str, str, str]]  # task, instruction, input, output
Lists = dict[str, Any]


def synthetic(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """All exercises. Tatoeba and WordNet only say which words are common ones."""
    known = wordnet_words(archives[1])
    words = [
        word
        for word in Sentences(archives[0]).common_words()
        if word.isalpha() and 4 <= len(word) <= 9 and word in known and is_clean(word)
    ]
    for task, instruction, given, answer in made_by_program(words, rng):
        yield make(f"project-synthetic:{task}", instruction, given, answer)


def made_by_program(words: Sequence[str], rng: random.Random) -> Rows:
    """The exercises; `words` are those whose letters are counted and sorted."""
    lists: Lists = json.loads(
        Path(__file__).with_name("word_lists.json").read_text(encoding="utf-8")
    )
    yield from number_tasks(rng, lists["units"])
    yield from _letters(words, rng)
    yield from _forms(lists, rng)
    for _ in range(3_200):
        yield _voice_or_tense(lists, rng)
    for _ in range(2_300):
        yield _category(lists["categories"], rng)
    yield from _animals(lists, rng)
    yield from _emotions(lists["emotions"], rng)
    for _ in range(1_000):
        yield "story", *_story(lists, rng)
    for request, polite in lists["polite"]:
        for instruction in (
            "Make this request more polite.",
            "Rewrite the sentence politely.",
            "Turn this order into a polite request.",
        ):
            yield "polite", instruction, request, polite
    for name in NAMES:
        yield from _messages(name, rng)


# --- words --------------------------------------------------------------------------------------


def _letters(words: Sequence[str], rng: random.Random) -> Rows:
    """Count, name, spell, reverse and sort."""
    for word in sample(rng, words, 1_700):
        kind = rng.random()
        if kind < 0.15:
            question = rng.choice(
                (
                    f"How many letters are in the word '{word}'?",
                    f"Count the letters in '{word}'.",
                )
            )
            long = f"The word '{word}' has {len(word)} letters."
            yield "letters", question, "", rng.choice((str(len(word)), long))
        elif kind < 0.28:
            count = sum(letter in "aeiou" for letter in word)
            answer = f"The word '{word}' has {count} vowel{'' if count == 1 else 's'}."
            yield "letters", f"How many vowels are in the word '{word}'?", "", answer
        elif kind < 0.4:
            question = rng.choice(
                (
                    f"What is the first letter of '{word}'?",
                    f"Which letter does '{word}' start with?",
                )
            )
            long = f"The word '{word}' starts with the letter '{word[0]}'."
            yield "letters", question, "", rng.choice((word[0].upper(), long))
        elif kind < 0.5:
            question = f"What is the last letter of '{word}'?"
            yield "letters", question, "", f"The last letter is '{word[-1]}'."
        elif kind < 0.62:
            question = rng.choice(("Spell this word.", "Spell the word letter by letter."))
            yield "letters", question, word, "-".join(word)
        elif kind < 0.7:
            yield "letters", "Write the word backwards.", word[:6], word[:6][::-1]
        elif kind < 0.85:
            chosen = sample(rng, words, rng.randint(3, 4))
            question = rng.choice(
                ("Put these words in alphabetical order.", "Sort the words alphabetically.")
            )
            yield "alphabetical", question, ", ".join(chosen), ", ".join(sorted(chosen))
        elif kind < 0.93:
            one, two = sample(rng, words, 2)
            question = f"Which word comes first in the alphabet: '{one}' or '{two}'?"
            yield "alphabetical", question, "", f"'{min(one, two)}' comes first."
        else:
            chosen = sample(rng, words, rng.randint(3, 5))
            question = "How many words are in this list?"
            yield "count_list", question, ", ".join(chosen), str(len(chosen))


def _forms(lists: Lists, rng: random.Random) -> Rows:
    """Plurals, verb forms, comparatives; two or three of the questions for each word."""
    questions: tuple[tuple[str, str, str], ...]
    plurals = lists["irregular_plurals"] | {noun: noun + "s" for noun in lists["regular_nouns"]}
    for one, many in plurals.items():
        long = rng.choice((f"{capitalise(many)}.", f"The plural of '{one}' is '{many}'."))
        questions = (
            (f"What is the plural of '{one}'?", "", long),
            ("Write the plural form of this noun.", one, many),
            ("Write the singular form of this noun.", many, one),
            (f"Change '{one}' to the plural.", "", f"{capitalise(many)}."),
        )
        for question in sample(rng, questions, 3):
            yield "plural", *question
    for base, past, participle in lists["verbs"]:
        long = rng.choice((f"{capitalise(past)}.", f"The past tense of '{base}' is '{past}'."))
        questions = (
            (f"What is the past tense of '{base}'?", "", long),
            ("Write the past tense of this verb.", base, past),
            (
                f"What is the past participle of '{base}'?",
                "",
                f"The past participle of '{base}' is '{participle}'.",
            ),
            (
                f"Give the three forms of the verb '{base}'.",
                "",
                f"{capitalise(base)}, {past}, {participle}.",
            ),
        )
        for question in sample(rng, questions, 3):
            yield "past_tense", *question
    for plain, more, most in lists["adjectives"]:
        questions = (
            (f"What is the comparative form of '{plain}'?", "", f"{capitalise(more)}."),
            (f"What is the superlative form of '{plain}'?", "", f"{capitalise(most)}."),
            (
                "Write the comparative and superlative of this adjective.",
                plain,
                f"{more}, {most}",
            ),
        )
        for question in sample(rng, questions, 2):
            yield "comparative", *question


# --- sentences ----------------------------------------------------------------------------------

_ING = {
    "write": "writing", "close": "closing", "drive": "driving", "bake": "baking",
    "plan": "planning",
}  # fmt: skip
_THIRD_PERSON = {"wash": "washes", "teach": "teaches", "carry": "carries"}
_PLURAL_SUBJECTS = ("the students", "the children", "the workers", "the tourists")
_PLURAL_OBJECTS = ("dishes", "clothes", "cookies", "birds")
_TENSES = {
    "past": ("past tense", "Past simple"),
    "present": ("present tense", "Present simple"),
    "future": ("future tense", "Future simple"),
    "perfect": ("present perfect", "Present perfect"),
    "continuous": ("present continuous", "Present continuous"),
    "past continuous": ("", "Past continuous"),
}


def sentences_in_all_tenses(
    verb: Sequence[str], subject: str, thing: str
) -> tuple[dict[str, str], dict[str, str]]:
    """(active, passive), each tense -> sentence, of (base, past, participle) and two nouns."""
    base, past, participle = verb
    ing = _ING.get(base, base + "ing")
    many = subject in _PLURAL_SUBJECTS
    are, were, have = ("are", "were", "have") if many else ("is", "was", "has")
    present = base if many else _THIRD_PERSON.get(base, base + "s")
    who, what = capitalise(subject), f"the {thing}"
    active = {
        "past": f"{who} {past} {what}.",
        "present": f"{who} {present} {what}.",
        "future": f"{who} will {base} {what}.",
        "perfect": f"{who} {have} {participle} {what}.",
        "continuous": f"{who} {are} {ing} {what}.",
        "past continuous": f"{who} {were} {ing} {what}.",
    }
    many = thing in _PLURAL_OBJECTS
    are, were, have = ("are", "were", "have") if many else ("is", "was", "has")
    by = f"{participle} by {subject}."
    passive = {
        "past": f"The {thing} {were} {by}",
        "present": f"The {thing} {are} {by}",
        "future": f"The {thing} will be {by}",
        "perfect": f"The {thing} {have} been {by}",
        "continuous": f"The {thing} {are} being {by}",
        "past continuous": f"The {thing} {were} being {by}",
    }
    return active, passive


def _voice_or_tense(lists: Lists, rng: random.Random) -> tuple[str, str, str, str]:
    *verb, things = rng.choice(lists["transitive_verbs"])
    subject = rng.choice((*lists["subjects"], *MEN[:10], *WOMEN[:10]))
    active, passive = sentences_in_all_tenses(verb, subject, rng.choice(things))
    tense = rng.choice(("past", "past", *_TENSES))  # the past most often
    kind = rng.random()
    if kind < 0.34:
        question = rng.choice(
            (
                "Rewrite the sentence in the passive voice.",
                "Change this sentence to passive voice.",
                "Convert the active sentence into the passive voice.",
                "Turn the sentence into the passive.",
            )
        )
        return "passive", question, active[tense], passive[tense]
    if kind < 0.56:
        question = rng.choice(
            (
                "Rewrite the sentence in the active voice.",
                "Change this sentence to active voice.",
                "Convert the passive sentence into the active voice.",
            )
        )
        return "active", question, passive[tense], active[tense]
    if kind < 0.63:
        question = rng.choice(
            (
                "Is this sentence in the active or the passive voice?",
                "Identify the voice of the sentence: active or passive.",
            )
        )
        if rng.random() < 0.5:
            return "voice", question, active[tense], "Active voice."
        return "voice", question, passive[tense], "Passive voice."
    if kind < 0.9:
        other = rng.choice([t for t, (name, _) in _TENSES.items() if t != tense and name])
        name = _TENSES[other][0]
        question = rng.choice(
            (
                f"Rewrite the sentence in the {name}.",
                f"Change the sentence to the {name}.",
                f"Put this sentence in the {name}.",
            )
        )
        return "tense", question, active[tense], active[other]
    question = rng.choice(
        ("What tense is used in this sentence?", "Identify the tense of the sentence.")
    )
    return "tense_id", question, active[tense], f"{_TENSES[tense][1]}."


# --- meaning ------------------------------------------------------------------------------------

_UNCOUNTED = ("color", "country", "sport", "drink")  # "red" and "water" go without an article
_CATEGORY_PLURALS = {
    "piece of furniture": "pieces of furniture", "item of clothing": "items of clothing",
    "country": "countries",
}  # fmt: skip


def _category(categories: dict[str, list[str]], rng: random.Random) -> tuple[str, str, str, str]:
    """Which kind of thing a word names."""
    right = rng.choice(list(categories))
    word = rng.choice(categories[right])
    others = rng.sample([name for name in categories if name != right], 2)
    plural = _CATEGORY_PLURALS.get(right, right + "s")
    kind = rng.random()
    if kind < 0.3:
        one, two, three = sample(rng, (*others, right), 3)
        question = rng.choice(
            (
                f"Is this {with_article(one)}, {with_article(two)} or {with_article(three)}?",
                f"Classify the word as {one}, {two} or {three}.",
            )
        )
        return "categorize", question, word, capitalise(right)
    if kind < 0.45:
        thing = word if right in _UNCOUNTED else with_article(word)
        asked, says = rng.choice(((others[0], "No"), (right, "Yes")))
        answer = f"{says}, {thing} is {with_article(right)}."
        return "categorize", f"Is {thing} {with_article(asked)}?", "", answer
    if kind < 0.7:
        odd = rng.choice(categories[others[0]])
        shown = sample(rng, [*rng.sample(categories[right], 3), odd], 4)
        question = rng.choice(
            (
                "Which word does not belong in the list?",
                "Find the odd one out.",
                "Which of these is different from the others?",
            )
        )
        long = f"{capitalise(odd)}. The others are {plural}."
        return "odd_one_out", question, ", ".join(shown), rng.choice((capitalise(odd), long))
    if kind < 0.88:
        count = rng.choice((2, 3, 3, 4))
        question = rng.choice(
            (
                f"Name {in_words(count)} {plural}.",
                f"List {in_words(count)} {plural}.",
                f"Give me {in_words(count)} examples of {plural}.",
            )
        )
        chosen = rng.sample(categories[right], count)
        return "list", question, "", capitalise(joined(chosen)) + "."
    mixed = [w for name in (*others, right) for w in rng.sample(categories[name], 2)]
    mixed = sample(rng, mixed, len(mixed))
    found = [w for w in mixed if w in categories[right]]
    question = f"Find the {plural} in this list."
    return "extract_category", question, ", ".join(mixed), ", ".join(found)


def _animals(lists: Lists, rng: random.Random) -> Rows:
    """Their sounds and their young."""
    for animal, sound in lists["sounds"].items():
        which = with_article(animal)
        answer = rng.choice((f"{capitalise(which)} goes '{sound}'.", f"{capitalise(sound)}."))
        yield "animal_fact", f"What sound does {which} make?", "", answer
        question = f"Which animal makes the sound '{sound}'?"
        yield "animal_fact", question, "", f"{capitalise(which)}."
    for animal, young in lists["young_animals"]:
        question = rng.choice(
            (
                f"What is a baby {animal} called?",
                f"What do you call a baby {animal}?",
                f"What is a young {animal} called?",
            )
        )
        which = with_article(young)
        yield "animal_fact", question, "", f"A baby {animal} is called {which}."
        answer = f"{capitalise(which)} is a baby {animal}."
        yield "animal_fact", f"What animal is {which} the young of?", "", answer


def _emotions(emotions: dict[str, list[str]], rng: random.Random) -> Rows:
    for emotion, texts in emotions.items():
        for text in texts:
            questions = (
                "What emotion does the text express?",
                "How does the speaker feel: happy, sad, angry, afraid or surprised?",
                "Identify the emotion in this sentence.",
                "Is the writer happy, sad, angry, afraid or surprised?",
            )
            for question in sample(rng, questions, 3):
                yield "emotion", question, text, capitalise(emotion)


# --- texts --------------------------------------------------------------------------------------


def _story(lists: Lists, rng: random.Random) -> tuple[str, str, str]:
    """A hero, a place, and a plot in four steps: what happens, what is done, found, in the end."""
    hero, place = rng.choice(lists["heroes"]), rng.choice(lists["places"])
    happens, does, finds, end = rng.choice(lists["plots"])
    name = re.sub(r"^an? ", "", hero)
    person = name.split()[-1]
    if person == "girl":
        pronoun, possessive = "she", "her"
    elif person in ("boy", "farmer", "knight"):
        pronoun, possessive = "he", "his"
    else:
        pronoun, possessive = "it", "its"
    happens = happens.replace("{p}", possessive)
    if "never" in end or rng.random() < 0.5:
        opening = rng.choice(("Once upon a time there was", "Once there was", "There was once"))
        closing = "From that day on" if "never" in end else "In the end"
        story = (
            f"{opening} {hero} who lived {place}. One day the {name} {happens}. "
            f"{capitalise(pronoun)} {does} and {finds}. {closing}, the {name} {end}."
        )
    else:
        story = (
            f"{capitalise(hero)} lived {place}. One morning the {name} {happens}. "
            f"So the {name} {does} and {finds}. The {name} {end}."
        )
    question = rng.choice(
        (
            f"Write a short story about {hero}.",
            f"Tell me a story about {hero}.",
            f"Write a very short story about {hero} {place}.",
            f"Tell me a short story about {hero} {place}.",
        )
    )
    return question, "", story


def _messages(name: str, rng: random.Random) -> Rows:
    """Short notes to somebody."""
    thanks = rng.choice(("help", "kind gift", "time", "advice", "support"))
    wish = rng.choice(("joy", "cake and laughter", "good surprises"))
    minutes = rng.choice(("ten", "fifteen", "twenty"))
    fault = rng.choice(("yesterday", "the mistake", "what I said", "missing the meeting"))
    for question, answer in (
        (
            f"Write a short thank-you note to {name}.",
            f"Dear {name}, thank you so much for your {thanks}. I really appreciate it. "
            "Best wishes.",
        ),
        (
            f"Write a birthday message for {name}.",
            f"Happy birthday, {name}! I hope you have a wonderful day full of {wish}.",
        ),
        (
            f"Write a short message to {name} to say you will be late.",
            f"Hi {name}, I am sorry but I am running late. I will be there in {minutes} minutes.",
        ),
        (
            f"Invite {name} to dinner in one sentence.",
            f"Hi {name}, would you like to come to dinner at my place on {rng.choice(DAYS)}?",
        ),
        (
            f"Write a short apology to {name}.",
            f"Dear {name}, I am sorry about {fault}. It will not happen again.",
        ),
    ):
        yield "message", question, "", answer
