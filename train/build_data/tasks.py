"""Tasks of the instruction set, and what all their converters use.

How a task of each kind is worded is in templates.json: kind -> its templates. A template has

    ask      the ways to ask; one is picked
    given    the input, if the question needs one
    answer   the ways to answer; one is picked
    share    how often it is used, relative to the others of its kind

with {words} in all of them: `{word}` as the converter gives it, `{Word}` with a capital, `{a_word}`
with its article and `{A_word}` with both.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from train.build_data.cleaning import any_of
from train.chat.english import capitalise

T = TypeVar("T")


class Task(NamedTuple):
    """One task with its answer; `source` is "source:task", and `input` may be empty."""

    source: str
    instruction: str
    input: str
    output: str


# --- templates ------------------------------------------------------------------------------------


def _read(name: str) -> dict[str, Any]:
    return json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


_TEMPLATES: dict[str, list[dict[str, Any]]] = _read("templates.json")
LISTS = _read("word_lists.json")  # the words that exercises are made of


class _Words(dict[str, Any]):
    """The words for a template, in all the forms that it may want them in."""

    def __missing__(self, key: str) -> str:
        if key[0].isupper():
            return capitalise(str(self[key[0].lower() + key[1:]]))
        if key.startswith("a_"):
            return with_article(self[key[2:]])
        raise KeyError(key)


def fill(rng: random.Random, kind: str, /, **words: Any) -> Task:
    """A task of this kind with these words. What follows a "/" in the kind is not in its name."""
    template, *others = _TEMPLATES[kind]
    if others:
        choices = [template, *others]
        [template] = rng.choices(choices, [choice.get("share", 1.0) for choice in choices])
    return _filled(rng, kind, template, pick(rng, template["ask"]), words)


def fill_some(rng: random.Random, kind: str, count: int, /, **words: Any) -> list[Task]:
    """So many tasks with the same words, no two of them asked in the same way."""
    ways = [(template, ask) for template in _TEMPLATES[kind] for ask in template["ask"]]
    return [_filled(rng, kind, *way, words) for way in sample(rng, ways, count)]


def _filled(
    rng: random.Random, kind: str, template: dict[str, Any], ask: str, words: dict[str, Any]
) -> Task:
    known = _Words(words)
    texts = (ask, template.get("given", ""), pick(rng, template["answer"]))
    return make(kind.split("/")[0], *(text.format_map(known) for text in texts))


# --- small helpers --------------------------------------------------------------------------------


def is_clean(*texts: str) -> bool:
    """Whether none of the texts has an unwanted word."""
    return not any(any_of("tasks: unwanted").search(text) for text in texts)


def make(source: str, instruction: str, input: str, output: Any) -> Task:
    """A task with straight quotes and single spaces."""

    def plain(text: Any) -> str:
        text = str(text).replace("\u2018", "'").replace("\u2019", "'")
        text = text.replace("\u201c", '"').replace("\u201d", '"')
        return re.sub(r"[ \t]+", " ", text).strip()

    return Task(source, plain(instruction), plain(input), plain(output))


def pick(rng: random.Random, options: Sequence[T]) -> T:
    """One of them."""
    return options[0] if len(options) == 1 else rng.choice(options)


def sample(rng: random.Random, items: Sequence[T], count: int) -> list[T]:
    """So many of the items in a random order; all of them if there are fewer."""
    items = list(items)
    rng.shuffle(items)
    return items[:count]


def with_article(noun: str) -> str:
    """ "a dog", "an hour", "a unit"."""
    vowel = r"(?!(uni|use|usu|eu|one|ura|uti|ute))[aeiou]|hour|honest|heir"
    return ("an " if re.match(vowel, noun, re.IGNORECASE) else "a ") + noun


def sentence(text: str) -> str:
    """With a capital and a full stop, if it has no other end."""
    return capitalise(text) + ("" if text[-1] in ".!?" else ".")
