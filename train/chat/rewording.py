"""Asking the same task in other words, so that an assistant learns the task and not the sentence.

The instruction sets ask for each kind of task in three or four fixed wordings. A small model learns
these by heart and fails at "What's the capital of Italy" after thousands of "Which city is the
capital of Italy?". So a part of the tasks is asked anew each time it is read: in another wording of
its kind, with the input inside of the instruction, or as people type, without the last mark or in
small letters. The answer stays, unless the wording asks for other terms.
"""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Mapping, Sequence

from train.datasets import Instruction

MAX_INLINE_CHARS = 100  # of an input that is put into the instruction
INLINED = 0.4  # part of the tasks with an input of which that is done

_NEGATION = (
    "Write the negative form of this sentence.",
    "Make this negative.",
    "Change the sentence so that it says the opposite, with 'not'.",
    "Put 'not' into the sentence.",
    "Give the negative of this sentence.",
    "Can you make this sentence negative?",
    "Say this in the negative.",
    "Turn the statement into its negation.",
)
# Other instructions for an input, by the source of the task.
_ALTERNATIVES: Mapping[str, Sequence[str]] = {
    "tatoeba:negation": _NEGATION,
    "instruction-induction:negation": _NEGATION,
    "project-synthetic:passive": (
        "Make this passive.",
        "Put the sentence into the passive.",
        "Say this in the passive voice.",
        "Write the passive form of this sentence.",
        "Passive voice, please.",
        "Can you change this to passive voice?",
        "Transform the sentence from active to passive voice.",
    ),
    "project-synthetic:active": (
        "Make this active.",
        "Put the sentence into the active.",
        "Say this in the active voice.",
        "Write the active form of this sentence.",
        "Active voice, please.",
        "Can you change this to active voice?",
        "Transform the sentence from passive to active voice.",
    ),
    "uci-sentiment:sentiment": (
        "Is this positive or negative?",
        "Is the text positive or negative?",
        "Does this sound positive or negative?",
        "Sentiment?",
        "Tell me whether this is positive or negative.",
        "Classify this as positive or negative.",
        "Is the writer happy or unhappy: positive or negative?",
        "Positive or negative review?",
    ),
    "tatoeba:sentence_type": (
        "What kind of sentence is it?",
        "Name the type of the sentence.",
        "Is it a statement, a question or a command?",
        "Sentence type?",
        "What kind of sentence is this one: statement, question or command?",
        "Tell me the type of this sentence.",
    ),
    "tatoeba:question_form": (
        "Make this a question.",
        "Ask this as a question.",
        "Write a question from this sentence.",
        "Can you turn this into a question?",
    ),
    "codespell:spelling": (
        "Fix the spelling.",
        "Spell this word correctly.",
        "Correct the word.",
        "This word is misspelled. Correct it.",
        "What is the correct spelling?",
    ),
    "tatoeba:grammar": (
        "Fix the grammar.",
        "Correct the mistake.",
        "Correct this sentence.",
        "Write this sentence correctly.",
    ),
    "instruction-induction:antonyms": (
        "What is the opposite?",
        "Opposite?",
        "Give me the opposite of this word.",
        "Name the opposite.",
    ),
    "instruction-induction:singular_to_plural": (
        "Plural?",
        "What is the plural?",
        "Make it plural.",
        "Give me the plural of this word.",
    ),
}
# Wordings that ask for the terms of grammar books, where the set has everyday ones.
_SENTENCE_TYPES = {
    "Statement": "Declarative",
    "Question": "Interrogative",
    "Command": "Imperative",
}
_BY_GRAMMAR_BOOK = (
    "Is the sentence declarative, interrogative or imperative?",
    "Classify the sentence: declarative, interrogative, imperative or exclamatory.",
    "Declarative, interrogative or imperative?",
    "Which is it: declarative, imperative, interrogative or exclamatory?",
)
# What is asked about stands in the instruction itself: (how to find it, other instructions).
_ABOUT: Sequence[tuple[re.Pattern[str], Sequence[str]]] = (
    (
        re.compile(
            r"(?:What|Which city) is the capital (?:city )?of (.+)\?|Name the capital of (.+)\."
        ),
        (
            "Capital of {x}",
            "What's the capital city of {x}?",
            "Do you know the capital of {x}?",
            "Can you tell me the capital of {x}?",
            "What is {x}'s capital?",
            "What city is the capital of {x}?",
            "the capital of {x}?",
            "{x}: capital?",
        ),
    ),
    (
        re.compile(r"What is the past tense of '(.+)'\?"),
        ("Past tense of {x}", "What's the past of {x}?", "past of '{x}'", "{x} in the past tense?"),
    ),
    (
        re.compile(r"What is the plural of '(.+)'\?|Change '(.+)' to the plural\."),
        ("Plural of {x}?", "plural of '{x}'", "What's the plural form of {x}?", "{x}, plural?"),
    ),
    (
        re.compile(r"What is the opposite of '(.+)'\?|What is an antonym (?:of|for) '(.+)'\?"),
        ("Opposite of '{x}'?", "What's the opposite of {x}?", "antonym of {x}", "{x}: antonym?"),
    ),
    (
        re.compile(r"(?:How do you write|Write) (\d+) in words[?.]|Spell out the number (\d+)\."),
        ("{x} in words", "Write out {x}.", "What is {x} in words?", "{x} as words, please"),
    ),
)


def reworded(task: Instruction, rng: random.Random) -> Instruction:
    """The task in other words, as far as there are any; its source and what is meant stay."""
    task = _other_wording(task, rng)
    fits = "\n" not in task.input and len(task.input) <= MAX_INLINE_CHARS
    if task.input and fits and rng.random() < INLINED:
        task = _inlined(task)
    return dataclasses.replace(task, instruction=_as_typed(task.instruction, rng))


def _other_wording(task: Instruction, rng: random.Random) -> Instruction:
    if task.source == "tatoeba:sentence_type" and rng.random() < 0.5:
        wanted = _SENTENCE_TYPES.get(task.output, task.output)
        return dataclasses.replace(task, instruction=rng.choice(_BY_GRAMMAR_BOOK), output=wanted)
    alternatives = _ALTERNATIVES.get(task.source)
    if task.input and alternatives and not _asks_otherwise(task):
        return dataclasses.replace(task, instruction=rng.choice(alternatives))
    for pattern, alternatives in _ABOUT:
        if found := pattern.fullmatch(task.instruction):
            (about,) = (group for group in found.groups() if group)
            instruction = rng.choice(alternatives).format(x=about)
            return dataclasses.replace(task, instruction=instruction)
    return task


def _asks_otherwise(task: Instruction) -> bool:
    """Whether the task is of a rarer kind among those of its source: its answer is not what the
    alternatives ask for."""
    return task.output in ("Yes", "No") or any(
        words in task.instruction for words in ("sentence positive.", "affirmative")
    )


def _inlined(task: Instruction) -> Instruction:
    """With the input behind the instruction: "Negate." becomes "Negate: He sleeps."."""
    asked = task.instruction
    asked = f"{asked} " if asked.endswith("?") else f"{asked.rstrip('.:')}: "
    return dataclasses.replace(task, instruction=asked + task.input, input="")


def _as_typed(instruction: str, rng: random.Random) -> str:
    """As people type: mostly as it is, else with "What's", a word before, or careless."""
    way = rng.random()
    if way < 0.15:
        return instruction.replace("What is", "What's")
    if way < 0.25:
        return instruction.rstrip(".?!") if len(instruction) > 3 else instruction
    if way < 0.33:
        return instruction[:1].lower() + instruction[1:]
    if way < 0.38:
        return instruction.replace("'", "")
    if way < 0.43 and instruction[:1].isupper() and not instruction.endswith("?"):
        return f"Please {instruction[:1].lower()}{instruction[1:]}"
    if way < 0.48 and instruction.startswith(("What is", "Which", "Who")):
        return f"Tell me: {instruction[:1].lower()}{instruction[1:]}"
    return instruction
