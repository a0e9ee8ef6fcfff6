"""Names that nobody bears and places that are nowhere, and small texts made of them.

Copying is learned from words that have not been seen before: who remembers that Anna was in Paris
need not look where the text says so. And what an assistant does not know it can only learn to say
about names that it cannot know.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

_STARTS = (
    *("Bra", "Cor", "Dal", "El", "Fen", "Gar", "Hol", "Ir", "Jas", "Kel", "Lor", "Mar", "Nev"),
    *(
        "Os",
        "Pel",
        "Quin",
        "Ros",
        "Sel",
        "Tam",
        "Ul",
        "Ver",
        "Wil",
        "Yor",
        "Zan",
        "Ash",
        "Bel",
        "Car",
    ),
    *("Dor", "Em", "Far", "Gil", "Hal", "Isk", "Jor", "Kam", "Lin", "Mor", "Nol", "Or", "Per"),
)
_MIDDLES = ("", "", "", "a", "e", "i", "o", "an", "el", "in", "or", "ar", "il")
_NAME_ENDS = ("a", "o", "in", "ith", "us", "ek", "ana", "elle", "ric", "vin", "ly", "da", "mir")
_PLACE_ENDS = (
    *("ton", "ford", "by", "mouth", "ham", "field", "wick", "dale", "moor", "burg", "stead"),
)
_FAMILY_ENDS = ("son", "ley", "wood", "man", "well", "ski", "ett", "berg", "worth", "ova", "ini")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_COLOURS = ("red", "blue", "green", "yellow", "black", "white", "brown", "grey", "pink", "purple")
_THINGS = (
    *("apples", "books", "chairs", "stamps", "eggs", "hats", "pens", "lamps", "plates", "tickets"),
    *("candles", "shirts", "cups", "keys", "shells", "buttons", "flowers", "loaves of bread"),
)
_ANIMALS = ("dog", "cat", "horse", "goat", "parrot", "rabbit", "duck", "pony", "hen", "hamster")
_JOBS = ("teacher", "baker", "doctor", "driver", "nurse", "farmer", "cook", "painter", "gardener")
_WHERE = ("shop", "market", "school", "library", "park", "station", "garden", "harbour", "museum")
_TITLE_WORDS = (
    *("Silver", "Copper", "Silent", "Last", "Hidden", "Broken", "Winter", "Salt", "Paper", "Glass"),
)
_TITLE_NOUNS = ("River", "Garden", "Clock", "Lantern", "Harbour", "Bridge", "Orchard", "Heron")


def first_name(rng: random.Random) -> str:
    """As "Corin" or "Tamelle"."""
    return rng.choice(_STARTS) + rng.choice(_MIDDLES) + rng.choice(_NAME_ENDS)


def person(rng: random.Random) -> str:
    """As "Corin Dalworth"."""
    return f"{first_name(rng)} {rng.choice(_STARTS)}{rng.choice(_FAMILY_ENDS)}"


def place(rng: random.Random) -> str:
    """As "Ferwick"."""
    return rng.choice(_STARTS) + rng.choice(_MIDDLES) + rng.choice(_PLACE_ENDS)


def title(rng: random.Random) -> str:
    """Of a book that nobody wrote, as "The Copper Orchard"."""
    return f"The {rng.choice(_TITLE_WORDS)} {rng.choice(_TITLE_NOUNS)}"


@dataclass(frozen=True)
class Question:
    """A question about a text: the words to ask with, and the answer, whose words the text has."""

    asked: tuple[str, ...]
    answer: str


def text_with_questions(rng: random.Random) -> tuple[str, list[Question]]:
    """One or two sentences about invented people, and what may be asked of them."""
    make = rng.choice((_purchase, _move, _lost_animal, _appointment, _worker, _trip))
    return make(rng)


def _purchase(rng: random.Random) -> tuple[str, list[Question]]:
    name, town, day = first_name(rng), place(rng), rng.choice(_DAYS)
    count, things, colour = rng.randint(2, 60), rng.choice(_THINGS), rng.choice(_COLOURS)
    text = f"On {day} {name} bought {count} {colour} {things} at the market in {town}."
    return text, [
        Question((f"Who bought the {things}?", "Who went to the market?"), f"{name} bought them."),
        Question((f"Where did {name} buy them?", "Which town is it?"), f"In {town}."),
        Question((f"How many {things} were bought?", "How many?"), f"{name} bought {count}."),
        Question(
            (f"What colour were the {things}?", "What color were they?"), f"They were {colour}."
        ),
        Question((f"When did {name} go?", "On what day was that?"), f"On {day}."),
    ]


def _move(rng: random.Random) -> tuple[str, list[Question]]:
    name, old, new, year = person(rng), place(rng), place(rng), rng.randint(1890, 2024)
    first = name.split()[0]
    text = f"{name} was born in {old} and moved to {new} in {year}."
    return text, [
        Question(("Who moved?", "Whose life is this about?"), f"{name} moved."),
        Question((f"Where was {first} born?", "Which is the birthplace?"), f"In {old}."),
        Question((f"Where did {first} move to?", "Where did they move?"), f"To {new}."),
        Question((f"When did {first} move?", "In which year was the move?"), f"In {year}."),
    ]


def _lost_animal(rng: random.Random) -> tuple[str, list[Question]]:
    owner, pet, animal = first_name(rng), first_name(rng), rng.choice(_ANIMALS)
    where, finder = rng.choice(_WHERE), first_name(rng)
    text = f"{owner}'s {animal} {pet} ran away. {finder} found it near the {where}."
    return text, [
        Question(
            (f"What is the name of the {animal}?", f"What is the {animal} called?"),
            f"The {animal} is called {pet}.",
        ),
        Question((f"Who found the {animal}?", "Who found it?"), f"{finder} found it."),
        Question(
            (f"Whose {animal} is it?", f"Who owns the {animal}?"), f"It is {owner}'s {animal}."
        ),
        Question((f"Where was the {animal} found?", "Where was it?"), f"Near the {where}."),
        Question(("What kind of animal ran away?", "Which animal is it?"), f"A {animal} ran away."),
    ]


def _appointment(rng: random.Random) -> tuple[str, list[Question]]:
    a, b, day = first_name(rng), first_name(rng), rng.choice(_DAYS)
    hour, where = rng.randint(1, 12), rng.choice(_WHERE)
    text = f"{a} will meet {b} at the {where} on {day} at {hour} o'clock."
    return text, [
        Question((f"Who will {a} meet?", f"Whom does {a} meet?"), f"{a} will meet {b}."),
        Question(("Where will they meet?", "Where do they meet?"), f"At the {where}."),
        Question(("What day is it?", "On which day do they meet?"), f"On {day}."),
        Question(("At what time?", "What time do they meet?"), f"At {hour} o'clock."),
    ]


def _worker(rng: random.Random) -> tuple[str, list[Question]]:
    name, job, town, years = person(rng), rng.choice(_JOBS), place(rng), rng.randint(2, 40)
    first = name.split()[0]
    text = f"{name} has worked as a {job} in {town} for {years} years."
    return text, [
        Question(("Who is this about?", f"What is the {job}'s name?"), f"It is about {name}."),
        Question((f"What is {first}'s job?", f"What does {first} do?"), f"{first} is a {job}."),
        Question((f"Where does {first} work?", "In which town?"), f"In {town}."),
        Question(
            (f"For how many years has {first} worked there?", "How many years?"),
            f"For {years} years.",
        ),
    ]


def _trip(rng: random.Random) -> tuple[str, list[Question]]:
    name, start, goal, hours = first_name(rng), place(rng), place(rng), rng.randint(2, 12)
    by = rng.choice(("train", "bus", "ship", "bicycle", "car"))
    text = f"{name} went from {start} to {goal} by {by}. It took {hours} hours."
    return text, [
        Question((f"How did {name} travel?", "How did they get there?"), f"{name} went by {by}."),
        Question((f"Where did {name} go?", "What was the goal of the trip?"), f"To {goal}."),
        Question((f"Where did {name} start?", "Where did the trip begin?"), f"In {start}."),
        Question(
            ("How long did it take?", "How many hours did it take?"), f"It took {hours} hours."
        ),
        Question(("Who travelled?", "Who went on the trip?"), f"{name} went on the trip."),
    ]
