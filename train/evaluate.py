"""Held-out figures of the shipped models.

    python -m train.evaluate all            # a table for people
    python -m train.evaluate spam --json    # one JSON object for programs

The figures are also written beside the weights, as <name>.metrics.json, and into the manifest.
Everything is measured on text that no stage has trained on; see `train/datasets.py` for the splits.
"""

from __future__ import annotations

import argparse
import json
import re
import string
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tqdm import tqdm

from gpt2_scratch.chat import Assistant
from gpt2_scratch.checkpoint import (
    find_checkpoint,
    load_model,
    read_checkpoint,
    update_manifest,
)
from gpt2_scratch.classifier import SpamClassifier
from train.datasets import Instruction, folded, load_instructions, spam_split
from train.finetune_chat import encode_examples, response_loss
from train.finetune_spam import calibration, evaluate_messages
from train.held_out import held_out
from train.modern_messages import modern_check
from train.packing import MIXTURE, TokenMixture, pack, token_byte_lengths

Metrics = dict[str, Any]


def evaluate_base(name: str = "base", tokens_per_source: int = 16_384) -> Metrics:
    """Loss, perplexity and bits per byte per source and of the training mixture."""
    model, tokenizer = load_model(name)
    mixture = TokenMixture(pack(tokenizer), MIXTURE)
    return {
        source: _rounded(figures)
        for source, figures in held_out(
            model, mixture, token_byte_lengths(tokenizer), tokens_per_source
        ).items()
    }


def evaluate_spam(name: str = "spam") -> Metrics:
    """`binary_metrics` and `calibration` on the test part of the split that the file trained on,
    and on the hundred messages of today.

    The test part of the other split overlaps its training part. "book" comes twice: as published,
    and without the test messages that stand in its training part as well.
    """
    metadata = read_checkpoint(find_checkpoint(name)[0]).metadata
    protocol = json.loads(metadata.get("protocol", '"full_dedup"'))
    classifier = SpamClassifier.from_pretrained(name)
    split = spam_split(protocol)
    parts = {protocol: split["test"]}
    if protocol == "book":
        known = {folded(message.text) for message in split["train"]}
        parts["book_without_repeats"] = [m for m in split["test"] if folded(m.text) not in known]
    parts["modern_check"] = modern_check()
    return {
        title: {
            **_rounded(evaluate_messages(classifier, messages)),
            "threshold": classifier.threshold,
            **_rounded(calibration(classifier, messages)),
        }
        for title, messages in parts.items()
    }


def evaluate_chat(name: str = "chat", limit: int = 300) -> Metrics:
    """Response loss, exact and contains match of greedy answers, on two held-out sets.

    "sft" is the first `limit` of its validation part, "book" the test part of the book's 1,100.
    """
    assistant = Assistant.from_pretrained(name)
    window = assistant.model.config.block_size
    sets = {
        "sft": load_instructions("sft", "validation")[:limit],
        "book": load_instructions("book", "test")[:limit],
    }
    metrics: Metrics = {}
    for title, tasks in sets.items():
        examples = encode_examples(assistant.tokenizer, tasks, window)
        loss = response_loss(assistant.model, examples)
        answers = [
            assistant.respond(task.instruction, task.input)
            for task in tqdm(tasks, desc=f"answering {title}", leave=False)
        ]
        metrics[title] = _rounded(
            {"n": len(tasks), "response_loss": loss, **match_rates(tasks, answers)}
        )
    return metrics


def match_rates(tasks: Iterable[Instruction], answers: Iterable[str]) -> dict[str, float]:
    """How many answers equal the reference, and how many contain it, as parts in [0, 1].

    Letter case, punctuation at the ends and white space do not count. An answer contains the
    reference only as whole words: "know" does not contain "no".
    """
    pairs = [
        (normalised(task.output), normalised(answer))
        for task, answer in zip(tasks, answers, strict=True)
    ]
    return {
        "exact_match": sum(wanted == given for wanted, given in pairs) / len(pairs),
        "contains_match": sum(_contains(given, wanted) for wanted, given in pairs) / len(pairs),
    }


def normalised(text: str) -> str:
    """Lower case, single spaces, no punctuation at the ends."""
    folded = " ".join(text.casefold().split())
    return folded.strip(string.punctuation + " ") or folded  # "?" may be the answer


def _contains(text: str, words: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text) is not None


def _rounded(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Four decimals, also of the rows of a list; a whole number stays one."""
    return {
        key: [_rounded(row) for row in value] if isinstance(value, list) else round(value, 4)
        for key, value in figures.items()
    }


STAGES: dict[str, Callable[[], Metrics]] = {
    "base": evaluate_base,
    "spam": evaluate_spam,
    "chat": evaluate_chat,
}


def format_table(title: str, metrics: Metrics) -> str:
    """One row per part, one column per figure; a figure that is a table itself comes below."""
    first = next(iter(metrics.values()))
    columns = [column for column, value in first.items() if not isinstance(value, list)]
    lines = [f"{title:22}" + "".join(f"{column:>16}" for column in columns)]
    for part, figures in metrics.items():
        lines.append(f"  {part:20}" + "".join(f"{figures[column]:>16,}" for column in columns))
    for part, figures in metrics.items():
        for name, rows in figures.items():
            if isinstance(rows, list):
                numbered = {str(number): row for number, row in enumerate(rows, 1)}
                lines += ["", format_table(f"{part}, {name}", numbered)]
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Measure the shipped models on held-out data and record the figures beside the weights."""
    parser = argparse.ArgumentParser(prog="python -m train.evaluate", description=main.__doc__)
    parser.add_argument("stage", choices=[*STAGES, "all"])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--no-record", action="store_true", help="leave weights/ as it is")
    arguments = parser.parse_args(argv)
    stages = list(STAGES) if arguments.stage == "all" else [arguments.stage]
    results: dict[str, Metrics] = {}
    try:
        for stage in stages:
            results[stage] = STAGES[stage]()
            if not arguments.json:
                print(format_table(stage, results[stage]), end="\n\n")
            if not arguments.no_record:
                path, _ = find_checkpoint(stage)
                text = json.dumps(results[stage], indent=2) + "\n"
                path.with_suffix(".metrics.json").write_text(text, encoding="utf-8")
                update_manifest(path, results[stage])
    except ValueError as error:
        parser.exit(1, f"{error}\n")
    if arguments.json:
        print(json.dumps(results, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
