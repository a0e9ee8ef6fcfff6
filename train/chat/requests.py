"""Requests of many kinds, each in many wordings: the core of what the assistant learns from.

An epoch asks for each piece of material in a few of the fifty wordings of its kind, drawn with a
seed, so that the next epoch asks in others; sums, numbers, invented names and the like are drawn
anew as well. What is learnt is then the task and not the sentence around it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from train.chat import invented
from train.chat.drills import DRILLS
from train.chat.english import capitalise, past_of, plural_of
from train.chat.wordings import (
    WORDINGS,
    Task,
    as_typed,
    fill,
    in_one_message,
    in_wordings,
)
from train.chat.written_files import lists, records
from train.datasets import Instruction

SOURCE = "request"  # the sources are "request:antonym", "request:sum", ...
# How often a piece of written material is asked for in an epoch.
WORDINGS_PER_TASK = 2
# How many tasks about invented names an epoch has.
COPIES, UNKNOWNS = 900, 250
LONGEST_STORY = 700  # characters: an answer has 128 tokens or so
AS_ONE_MESSAGE = 0.6  # part of the tasks with an input that have it in the instruction
# Kinds whose answers copy no sentence, and the part of them that is asked in small letters alone:
# "capital of spain".
IN_SMALL_LETTERS = ("facts", "small_talk", "unknown", "compared", "alternatives")
WITHOUT_CAPITALS = 0.08


def requests(seed: int | str) -> list[Instruction]:
    """One epoch's tasks; the same for the same seed."""
    rng = random.Random(f"requests {seed}")
    tasks = []
    for kind, make in _KINDS.items():
        for instruction, input, answer in make(rng):
            answer = in_the_words_asked(instruction, answer)
            if input and rng.random() < AS_ONE_MESSAGE:
                instruction, input = in_one_message(instruction, input, rng), ""
            if kind in IN_SMALL_LETTERS and rng.random() < WITHOUT_CAPITALS:
                instruction = instruction.lower()
            tasks.append(Instruction(instruction, input, answer, f"{SOURCE}:{kind}"))
    return tasks


def in_the_words_asked(asked: str, answer: str) -> str:
    """ "Positive." as the answer to "happy or sad?" is "Happy."; other answers stay."""
    if answer not in ("Positive.", "Negative."):
        return answer
    for good, bad in lists("drills")["opinions"]:
        if re.search(rf"\b{good}\b.{{0,20}}\bor\b.{{0,20}}\b{bad}\b", asked, re.IGNORECASE):
            return f"{capitalise(good if answer == 'Positive.' else bad)}."
    return answer


def _words(rng: random.Random) -> Iterator[Task]:
    """Opposites, synonyms, forms of verbs, nouns and adjectives, spelling."""
    for a, b in lists("words")["opposites"]:
        yield from in_wordings(rng, "antonym", a, f"The opposite of {a} is {b}.")
        yield from in_wordings(rng, "antonym", b, f"The opposite of {b} is {a}.")
    for a, b in lists("words")["synonyms"]:
        yield from in_wordings(rng, "synonym", a, f"Another word for {a} is {b}.")
    regular = [[verb, past_of(verb), past_of(verb)] for verb in lists("words")["regular_verbs"]]
    for verb, past, _ in [*lists("words")["verbs"], *regular]:
        yield from in_wordings(
            rng, "past_tense_of_verb", verb, f"The past tense of {verb} is {past}."
        )
    regular_nouns = ([noun, plural_of(noun)] for noun in lists("words")["nouns"])
    for one, several in [*lists("words")["irregular_plurals"], *regular_nouns]:
        yield from in_wordings(rng, "plural", one, f"The plural of {one} is {several}.", count=2)
        yield from in_wordings(
            rng, "singular", several, f"The singular of {several} is {one}.", count=1
        )
    for adjective, comparative in lists("requests")["comparatives"].items():
        answer = f"The comparative of {adjective} is {comparative}."
        yield from in_wordings(rng, "comparative_of_adjective", adjective, answer)
    for wrong, correct in lists("words")["misspellings"]:
        yield from in_wordings(rng, "spelling_of_word", wrong, f"It is spelled {correct}.")


def _rewriting(rng: random.Random) -> Iterator[Task]:
    """Sentences to change or to label."""
    for record in records("rewriting"):
        kind, x, y = record["kind"], record["input"], ""
        if kind == "merge_two_sentences":
            x, y = re.split(r"(?<=[.!?]) ", x, maxsplit=1)
        yield from in_wordings(rng, kind, x, record["output"], y, count=WORDINGS_PER_TASK)


def _unfinished_sentences(rng: random.Random) -> Iterator[Task]:
    """The first words of a sentence of the stories, and the rest of it as the answer."""
    for record in records("stories"):
        sentences = [s for s in re.split(r"(?<=[.!?]) ", record["output"]) if '"' not in s]
        long = [s for s in sentences if 8 <= len(s.split()) <= 16]
        if long:
            words = rng.choice(long).split()
            cut = rng.randint(3, len(words) - 3)
            begun, rest = " ".join(words[:cut]), " ".join(words[cut:])
            yield from in_wordings(rng, "continue_sentence", begun, rest, count=1)


# What stands between the two things of a kind's input.
_SEPARATORS = {
    "bigger_of_two": " and ",
    "sentence_with_two_words": ", ",
    "unit_conversion": " in ",
}


def _lists(rng: random.Random) -> Iterator[Task]:
    for record in records("lists"):
        kind, x, y = record["kind"], record["input"], ""
        if kind == "word_problem":
            yield x, "", record["output"]
            continue
        if kind in _SEPARATORS:
            x, _, y = x.partition(_SEPARATORS[kind])
        yield from in_wordings(rng, kind, x, record["output"], y, count=WORDINGS_PER_TASK)


def _definitions(rng: random.Random) -> Iterator[Task]:
    for record in records("definitions"):
        x, answer = record["x"], record["output"]
        # "A lazy person ..." answers for a word that has no article itself.
        mass_noun = not re.match(rf"An? {re.escape(x)} (?!person)", answer)
        yield from in_wordings(rng, "define_thing", x, answer, "", WORDINGS_PER_TASK, mass_noun)


# Facts whose things can also be asked for in the wordings of a kind: (kind of fact, how its first
# question names the thing, kind of wording).
_NAMED = (
    ("animal_sound", re.compile(r"What sound does an? (\w+) make\?"), "animal_sound"),
    ("animal_baby", re.compile(r"What is a baby (\w+) called\?"), "animal_baby"),
    ("animal_home", re.compile(r"Where does an? (\w+) live\?"), "animal_home"),
    ("colour", re.compile(r"What colou?r (?:is|are) ([\w ]+)\?"), "colour_of_thing"),
    ("capital", re.compile(r".*capital of ([\w ]+)\?"), "capital_of"),
)


def _facts(rng: random.Random) -> Iterator[Task]:
    for record in records("facts"):
        for question in rng.sample(record["questions"], WORDINGS):
            yield as_typed(question, rng), "", record["answer"]
        for kind, pattern, way in _NAMED:
            named = pattern.fullmatch(record["questions"][0])
            if record["kind"] == kind and named:
                yield from in_wordings(rng, way, named[1], record["answer"], count=2)
    for country, capital in lists("words")["capitals"]:
        answer = f"The capital of {country} is {capital}."
        yield from in_wordings(rng, "capital_of", country, answer, count=2)
        answer = f"{capital} is the capital of {country}."
        yield from in_wordings(rng, "country_of_capital", capital, answer, count=1)
    for direction, opposite in lists("requests")["directions"].items():
        answer = f"The opposite of {direction} is {opposite}."
        yield from in_wordings(rng, "opposite_direction", direction, answer)
    days, months = lists("requests")["days"], lists("requests")["months"]
    for day, after in zip(days, (*days[1:], days[0]), strict=True):
        yield from in_wordings(rng, "day_after", day, f"{after} comes after {day}.")
    for month, before in zip(months, (months[-1], *months[:-1]), strict=True):
        yield from in_wordings(rng, "month_before", month, f"{before} comes before {month}.")
    for ability, able in lists("requests")["abilities"].items():
        thing, verb = ability.split()
        one = f"{'an' if thing[0] in 'aeiou' else 'a'} {thing}"
        answer = f"Yes, {one} can {verb}." if able else f"No, {one} cannot {verb}."
        yield from in_wordings(rng, "yes_no_ability", thing, answer, verb, count=2)


def _unknown(rng: random.Random) -> Iterator[Task]:
    """What such an assistant cannot know: as written, and about names invented anew each time."""
    for record in records("unknown"):
        for question in rng.sample(record["questions"], 2):
            yield as_typed(question, rng), "", record["answer"]
    for _ in range(UNKNOWNS):
        name, town, book = invented.person(rng), invented.place(rng), invented.title(rng)
        names = {"name": name, "name_in_small_letters": name.lower(), "town": town, "book": book}
        asked, answer = rng.choice(lists("requests")["unknown"])
        yield asked.format(**names), "", answer.format(**names)


_STORY_OPENING = re.compile(
    r"(?:Once upon a time,? |One day,? |Once )?there was (an? [a-z][a-z ]{2,30}?)"
    r"(?: (?:named|called|who|that)\b|[.,])"
)


def stories_of(documents: Iterable[str], seed: int | str) -> list[Instruction]:
    """Short stories of a corpus as answers to requests for a story about whom they begin with."""
    rng = random.Random(f"stories {seed}")
    tasks = []
    for document in documents:
        opening = _STORY_OPENING.match(document)
        if opening and len(document) <= LONGEST_STORY:
            (way,) = rng.sample(lists("wordings")["story_about"], 1)
            instruction, input = fill(as_typed(way, rng), opening[1])
            tasks.append(Instruction(instruction, input, document, f"{SOURCE}:story"))
    return tasks


_GENERIC = {
    "find_name": "find_name_in_text",
    "find_place": "find_place_in_text",
    "find_time_or_date": "find_date_or_time_in_text",
    "find_number": "find_number_in_text",
    "list_items": "list_items_in_text",
    "title": "title_for_text",
}


def about_text(text: str, question: str, rng: random.Random) -> str:
    """A question about a text, as people put the two together."""
    return rng.choice(lists("requests")["about_text"]).format(text=text, question=question)


def _reading(rng: random.Random) -> Iterator[Task]:
    """Questions about texts; the answers copy from them."""
    for record in records("reading"):
        text, asked = record["text"], [question["kind"] for question in record["questions"]]
        for question in record["questions"]:
            yield about_text(text, question["question"], rng), "", question["answer"]
            kind = question["kind"]
            if kind in _GENERIC and asked.count(kind) == 1 and _is_the_only_one(question, text):
                yield from in_wordings(rng, _GENERIC[kind], text, question["answer"], count=1)
            if question["kind"] == "list_items" and "," in question["short"]:
                items = "\n".join(f"- {item.strip()}" for item in question["short"].split(","))
                yield from in_wordings(rng, "make_list_from_sentence", text, items, count=1)
    for _ in range(COPIES):
        text, questions = invented.text_with_questions(rng)
        asked, answer = rng.choice(questions)
        yield about_text(text, rng.choice(asked), rng), "", answer


def _is_the_only_one(question: Mapping[str, str], text: str) -> bool:
    """Whether "What number is in this?" has one answer: no other number, no other name."""
    if question["kind"] == "find_number":
        return len(re.findall(r"\d[\d.,:]*", text)) == 1
    if question["kind"] in ("find_name", "find_place"):
        names = re.findall(r"(?<![.!?] )(?<!^)\b[A-Z][a-z]+", text)
        return all(name in question["short"] for name in names)
    return "does not say" not in question["short"]


def _texts(rng: random.Random) -> Iterator[Task]:
    """Stories, poems, messages, notes and the like."""
    for record in records("stories"):
        yield from in_wordings(rng, "story_about", record["x"], record["output"], count=2)
    for record in records("short_texts"):
        kind, x = record["kind"], record["x"]
        if kind == "poem_about":
            poem = record["output"].replace(" / ", "\n")
            yield from in_wordings(rng, kind, x, poem, count=2)
        else:
            for way in rng.sample(lists("requests")["short_texts"][kind], 2):
                yield *fill(way, x), record["output"]
    for person, greeting in lists("requests")["people"].items():
        for news in rng.sample(lists("requests")["news"], 4):
            answer = f"Hi {greeting}, {news}."
            yield from in_wordings(rng, "message_to_person", person, answer, news, count=1)


def _small_talk(rng: random.Random) -> Iterator[Task]:
    """Greetings, thanks, feelings, jokes: as written, and the wordings with an answer for all."""
    for record in records("conversations"):
        if len(record["turns"]) == 1:
            turn = record["turns"][0]
            for _ in range(2):
                yield turn["user"], turn.get("input", ""), turn["assistant"]
    for kind, answers in lists("requests")["small_talk"].items():
        for said in lists("wordings")[kind]:
            yield said, "", rng.choice(answers)
    jokes = [r["turns"][0]["assistant"] for r in records("conversations") if r["kind"] == "joke"]
    for said in lists("wordings")["ask_joke"]:
        yield said, "", rng.choice(jokes)


def written_conversations() -> list[list[Instruction]]:
    """The written conversations of several turns, follow-ups among them."""
    return [
        [
            Instruction(
                turn["user"],
                turn.get("input", ""),
                turn["assistant"],
                f"written:{record['kind']}",
            )
            for turn in record["turns"]
        ]
        for record in records("conversations")
        if len(record["turns"]) > 1
    ]


_KINDS: dict[str, Callable[[random.Random], Iterator[Task]]] = {
    "words": _words,
    "rewriting": _rewriting,
    "unfinished_sentences": _unfinished_sentences,
    "lists": _lists,
    "definitions": _definitions,
    "facts": _facts,
    "unknown": _unknown,
    "reading": _reading,
    "texts": _texts,
    "small_talk": _small_talk,
    **DRILLS,
}
