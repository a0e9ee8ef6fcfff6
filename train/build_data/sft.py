"""The instruction set: what is kept of its sources' tasks, and the file of them.

The published file was drawn by one program from one stream of random numbers. Here each source has
a stream of its own, so that sources can be made alone and in parallel: the tasks have the same
texts, kinds and limits, but other words of them are picked.
"""

from __future__ import annotations

import functools
import json
import lzma
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train.build_data.archives import Archive
from train.build_data.cleaning import any_of
from train.build_data.pipeline import Converter, Record, read_records, run_converters
from train.build_data.sources import LIMITS, TASK_SOURCES, TaskSource
from train.build_data.tasks import Task, is_clean
from train.data.catalogue import SFT
from train.data.data_manifest import add_to_manifest, describe_file
from train.data.download import put_in_place
from train.datasets import available, fetch

CREDITS_FILE = "instruct/credits/sft.tsv"


def converter(source: TaskSource) -> Converter:
    return Converter(source.name, source.origins(), functools.partial(records, source))


def records(source: TaskSource, paths: Sequence[Path]) -> Iterator[Record]:
    """The source's tasks out of these archives, drawn from its own stream of random numbers."""
    rng = random.Random(f"31 {source.name}")  # a string seeds alike in every process
    return (task._asdict() for task in source.convert([Archive(path) for path in paths], rng))


# --- what is kept -------------------------------------------------------------------------------

_MAX_TOKENS = {"instruction": 110, "input": 120, "output": 80}  # of GPT-2's vocabulary
_FIRST = ("project-written", "annexare-countries", "periodic-table")  # of equal prompts these stay
_MAY_REPEAT = ("upper", "lower", "punctuation", "sort_numbers", "alphabetical", "contraction")


def letters_of(text: str) -> str:
    """What is equal of two copies of a prompt: letters and digits."""
    return re.sub(r"[^a-z0-9]+", " ", text.casefold()).strip()


def held_out(tasks: Iterable[dict[str, str]]) -> Callable[[Task], bool]:
    """Whether a task has a prompt or a longer input of these, which the book tests with."""
    tasks = list(tasks)
    prompts = {letters_of(f"{task['instruction']} {task['input']}") for task in tasks}
    inputs = {letters_of(task["input"]) for task in tasks if len(task["input"]) > 15}

    def is_held_out(task: Task) -> bool:
        has_input = len(task.input) > 15 and letters_of(task.input) in inputs
        return has_input or letters_of(f"{task.instruction} {task.input}") in prompts

    return is_held_out


def select(
    tasks: Iterable[Task], is_held_out: Callable[[Task], bool], tokenizer: Tokenizer
) -> list[Task]:
    """The tasks that are good to learn from, each prompt once, in a random order."""
    order = list(tasks)
    random.Random(31).shuffle(order)
    order.sort(key=lambda task: task.source.split(":")[0] not in _FIRST)
    prompts: set[str] = set()
    counts: Counter[str] = Counter()
    kept = []
    for task in order:
        prompt = letters_of(f"{task.instruction} {task.input}")
        if (
            prompt not in prompts
            and counts[task.source] < LIMITS.get(task.source, len(order))
            and is_good(task, tokenizer)
            and not is_held_out(task)
        ):
            prompts.add(prompt)
            counts[task.source] += 1
            kept.append(task)
    random.Random(5).shuffle(kept)
    return kept


def is_good(task: Task, tokenizer: Tokenizer) -> bool:
    """Whole, in plain English, short, and with an answer that answers."""
    source, _, kind = task.source.rpartition(":")
    text = f"{task.instruction} | {task.input} | {task.output}"
    if not task.instruction or not letters_of(task.output):
        return False
    if "\ufffd" in text or sum(map(str.isascii, text)) < 0.97 * len(text):
        return False
    if source != "project-written" and not is_clean(text):
        return False
    if source == "wikisplit" and re.search(r"\s'\s|\(|\)|[a-z]\.[A-Z]|``|\s-\s", text):
        return False
    asked = f"{task.instruction} {task.input}"
    if source == "project-synthetic" and any_of("tasks: kept for asking").search(asked):
        return False
    repeats = task.input and letters_of(task.input) == letters_of(task.output)
    if repeats and kind not in _MAY_REPEAT and source != "instruction-induction":
        return False
    lengths = {part: len(tokenizer.encode(getattr(task, part))) for part in _MAX_TOKENS}
    return all(lengths[part] <= limit for part, limit in _MAX_TOKENS.items())


# --- building -----------------------------------------------------------------------------------


def build(output: Path, work: Path, *, jobs: int = 1, progress: bool = True) -> dict[str, int]:
    """Build the file if neither `output` nor training's folders have it; return how many tasks
    each source gave it.

    Raises DatasetError when a repository cannot be downloaded or is not what it should be.
    """
    path = output / SFT.filename
    if path.is_file() or available(SFT):
        return {}
    is_held_out = held_out(json.loads(fetch("instruction-data", progress).read_text("utf-8")))
    run_converters([converter(source) for source in TASK_SOURCES], work, jobs, progress)
    tasks = [
        (source.name, Task(**record))
        for source in TASK_SOURCES
        for record in read_records(work, source.name)
    ]
    source_of = {task: name for name, task in tasks}
    kept = select([task for _, task in tasks], is_held_out, Tokenizer.load("gpt2"))
    write_tasks(path, kept)
    credits_file = output / CREDITS_FILE
    credits_file.parent.mkdir(parents=True, exist_ok=True)
    credits_file.write_text(credits(), encoding="utf-8")
    add_to_manifest(output, SFT.name, describe_file(output, SFT, len(kept)))
    return dict(Counter(source_of[task] for task in kept))


def write_tasks(path: Path, tasks: Iterable[Task]) -> None:
    """JSON lines, compressed."""
    lines = []
    for task in tasks:
        fields = ("instruction", "input", "output", "source")
        line = {field: getattr(task, field) for field in fields}
        lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    put_in_place(lzma.compress("".join(lines).encode("utf-8")), path)


def credits() -> str:
    """TaskSource, repositories at their commits, licence: what the licences ask to be told."""
    lines = ["source\trepositories\tlicence"]
    for source in TASK_SOURCES:
        lines.append(f"{source.name}\t{', '.join(source.origins())}\t{source.licence}")
    return "\n".join(lines) + "\n"
