"""MMLU: multiple-choice questions of 57 subjects, answered by likelihood. Hendrycks et al. 2020,
https://arxiv.org/abs/2009.03300.

    python -m train.evaluate mmlu --model gpt2 --data data/test/college_biology_test.csv
    python -m train.evaluate mmlu --model chat --data data/test

A file has a question per line, without a header: the question, four answers, the right letter. The
authors' archive is https://people.eecs.berkeley.edu/~hendrycks/data.tar; guessing gets 0.25 right.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train.figures.scoring import score

LETTERS = "ABCD"


@dataclass(frozen=True)
class Question:
    """One question; `right` is the index of the right answer."""

    subject: str
    text: str
    answers: list[str]  # four
    right: int


def mmlu(model: GPT2, tokenizer: Tokenizer, path: Path, limit: int | None) -> dict[str, float]:
    """Questions from a file, or from every CSV file of a folder; no examples before them.

    accuracy       of the letters: the most probable of " A" to " D" behind the question with its
                   answers, which is the authors' protocol
    text_accuracy  of the answers' words, per character, behind the question alone: what a model
                   may know that has never seen a test
    """
    letters, texts, n = 0, 0, 0
    for question in tqdm(islice(read_questions(path), limit), desc="questions", leave=False):
        letters += best_letter(model, tokenizer, question) == question.right
        texts += best_text(model, tokenizer, question) == question.right
        n += 1
    return {"n": n, "accuracy": letters / n, "text_accuracy": texts / n}


def read_questions(path: Path) -> Iterator[Question]:
    """Raises ValueError, with the place, for a line that is no question."""
    for file in sorted(path.glob("*.csv")) if path.is_dir() else [path]:
        subject = file.stem.removesuffix("_test").removesuffix("_val").removesuffix("_dev")
        with file.open(encoding="utf-8", newline="") as lines:
            for number, row in enumerate(csv.reader(lines), 1):
                if len(row) != 6 or row[5].strip() not in tuple(LETTERS):
                    raise ValueError(
                        f"Row {number} of {file} is not a question, four answers and a letter."
                    )
                text, *answers, letter = (cell.strip() for cell in row)
                yield Question(subject.replace("_", " "), text, answers, LETTERS.index(letter))


def prompt(question: Question) -> str:
    """The authors' prompt, without examples."""
    choices = "".join(
        f"\n{letter}. {a}" for letter, a in zip(LETTERS, question.answers, strict=True)
    )
    return (
        "The following are multiple choice questions (with answers) about "
        f"{question.subject}.\n\n{question.text}{choices}\nAnswer:"
    )


def best_letter(model: GPT2, tokenizer: Tokenizer, question: Question) -> int:
    """Index of the letter that most probably follows the prompt."""
    before = tokenizer.encode_typed(prompt(question))
    texts = [[*before, *tokenizer.encode(f" {letter}")] for letter in LETTERS]
    totals = [found.total for found in score(model, texts, [len(before)] * len(texts))]
    return totals.index(max(totals))


def best_text(model: GPT2, tokenizer: Tokenizer, question: Question) -> int:
    """Index of the answer whose text most probably follows the question, per character."""
    before = tokenizer.encode_typed(f"Question: {question.text}\nAnswer:")
    answers = [tokenizer.fold(f" {answer}") for answer in question.answers]
    texts = [[*before, *tokenizer.encode(answer)] for answer in answers]
    scores = score(model, texts, [len(before)] * len(texts))
    per_character = [s.total / len(a) for s, a in zip(scores, answers, strict=True)]
    return per_character.index(max(per_character))
