"""Tasks by rule about words and things: what is drawn anew in each epoch, from lists.

Of such a task a model that has seen enough of them learns the rule; of written ones, the answers.
Those about numbers are in `number_drills`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from train.chat.english import capitalise, in_words, joined, reviews, sentences
from train.chat.number_drills import NUMBER_DRILLS
from train.chat.wordings import Task, as_typed, asked_by_rule, in_wordings
from train.chat.written_files import lists, records

# How many of each kind an epoch has.
SORTED, SENTENCES, LETTERS, COUNTED, RHYMES = 60, 150, 120, 80, 150
THINGS, COMPARED, EXAMPLES, ALTERNATIVES, JOINED = 200, 200, 240, 150, 60
HOW_MANY = (1, 2, 2, 3, 3, 3, 3, 4, 5)  # of a kind that are to be named, the commonest most often

Kind = dict[str, Any]  # one, many, within, things: as `drills.json` has them


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
        yield _some_of_a_kind(rng.choice(kinds), rng)
        kind = rng.choice(kinds)
        same = [thing for thing in things() if thing.kind == kind["one"]]
        odd = rng.choice([t for t in things() if not (t.may_be(kind["one"]) or _alike(t, kind))])
        chosen = [thing.bare for thing in (*rng.sample(same, 3), odd)]
        rng.shuffle(chosen)
        answer = f"The odd one out is {odd.bare}, because it is not {kind['one']}."
        yield from in_wordings(rng, "odd_one_out", ", ".join(chosen), answer, count=1)


def _some_of_a_kind(kind: Kind, rng: random.Random) -> Task:
    """Name three fruits; or one, two, four, five of them."""
    number = min(rng.choice(HOW_MANY), len(kind["things"]))
    if number == 1:
        asked = asked_by_rule("one_of_kind", rng, x=kind["one"])
        return asked, "", f"{capitalise(rng.choice(kind['things']))}."
    answer = f"{capitalise(joined(rng.sample(kind['things'], number)))}."
    (task,) = in_wordings(rng, "name_three_of_kind", kind["many"], answer, count=1)
    instruction, input, _ = task
    for three, as_many in (("three", in_words(number)), ("3", str(number))):
        instruction = instruction.replace(three, as_many)
        instruction = instruction.replace(capitalise(three), capitalise(as_many))
    return instruction, input, answer


def _alternatives(rng: random.Random) -> Iterator[Task]:
    """A fruit or a vegetable?"""
    kinds = sorted({thing.kind for thing in things()})
    for thing in rng.sample(things(), ALTERNATIVES):
        other = rng.choice([kind for kind in kinds if not thing.may_be(kind)])
        a, b = rng.sample((thing.kind, other), 2)
        x = rng.choice((thing.name, thing.bare))
        places = {"x": x, "X": capitalise(x), "a": a, "A": capitalise(a), "b": b}
        asked = asked_by_rule("either_or", rng, **places)
        yield asked, "", f"{capitalise(thing.name)} is {thing.kind}."


def _alike(thing: Thing, kind: Kind) -> bool:
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
    """Which of two things is bigger, smaller, faster, lighter, ..."""
    scales = lists("drills")["scales"]
    lengths = [len(scale["things"]) for scale in scales]
    for scale in rng.choices(scales, lengths, k=COMPARED):
        low, high = sorted(rng.sample(range(len(scale["things"])), 2))
        less, more = (rng.choice(scale["things"][place]) for place in (low, high))
        up, down = rng.choice(scale["words"])
        word, winner, loser = rng.choice(((up, more, less), (down, less, more)))
        x, y = rng.sample((winner, loser), 2)
        asked = asked_by_rule("comparisons", rng, word=word, x=x, y=y, X=capitalise(x))
        answer = f"{capitalise(winner)} is {word} than {loser}."
        if asked.startswith("Is "):
            answer = ("Yes, " if x == winner else "No, ") + f"{winner} is {word} than {loser}."
        yield asked, "", answer


@cache
def example_sentences() -> tuple[str, ...]:
    """Plain statements of 4 to 11 words that stand alone, of the written answers and stories."""
    alone = r"(?!(Then|After that|But|And|So|Or)\b)[A-Z][\w' -]+\."
    answers = [record["output"] for record in records("rewriting")]
    for record in records("stories"):
        answers += re.split(r"(?<=[.!?]) ", record["output"])
    found = {
        answer
        for answer in answers
        if re.fullmatch(alone, answer) and 4 <= len(answer.split()) <= 11
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
        yield asked_by_rule("joining", rng, x=x, y=y, word=word), "", together
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
    **NUMBER_DRILLS,
    "letters": _letters,
    "kinds": _kinds_of_things,
    "alternatives": _alternatives,
    "compared": _compared,
    "joined": _joined_clauses,
    "drills": _sentences,
}
