"""Held-out figures of the shipped models.

    python -m train.evaluate all            # a table for people
    python -m train.evaluate spam --json    # one JSON object for programs
    python -m train.evaluate lambada --model gpt2    # beside the figure published for it

The figures are also written beside the weights, as <name>.metrics.json, and into the manifest.
Everything is measured on text that no stage has trained on; see `train/datasets.py` for the splits.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from gpt2_scratch.chat import Assistant
from gpt2_scratch.checkpoints.format import read_checkpoint
from gpt2_scratch.checkpoints.manifest import update_manifest
from gpt2_scratch.checkpoints.models import find_checkpoint, load_model
from gpt2_scratch.classifier import SpamClassifier
from train import fluency
from train.chat.answers import match_rates
from train.chat.confidence import by_confidence
from train.chat.free_check import free_check
from train.chat.instruction_data import encode_tasks
from train.chat.judge import judge
from train.chat.skills import Question, accepted, skills_check
from train.chat.turn_seven import in_turn_seven
from train.datasets import Instruction, available, folded, load_instructions, spam_split
from train.figures import blimp, public_tests
from train.figures.held_out import held_out
from train.figures.metrics import binary_metrics, calibration
from train.figures.template_leaks import everyday_prompts, template_leaks
from train.finetune_chat import response_loss
from train.finetune_spam import predict
from train.packing import MIXTURE, OLD_MIXTURE, TokenMixture, pack, token_byte_lengths
from train.samples import diversity_by_temperature
from train.spam.modern_messages import independent_check, modern_check

Metrics = dict[str, Any]
TOKENS_PER_SOURCE = 16_384  # of held-out text
CONTINUATIONS = 100  # whose diversity is measured
TASKS = 600  # of a held-out set of instructions
ANSWER_TOKENS = 64  # of a greedy answer; the references are shorter
KIND_TASKS = 5  # a kind with fewer answers gets no row


def evaluate_base() -> Metrics:
    """Loss, perplexity and bits per byte per source, of "mixture", which training read, and of
    "old_mixture", which the first `base` did.

    With "mixture" stands what sampled continuations are like: how much they repeat themselves
    ("diversity", `samples.diversity_by_temperature`) and how fluent a public model finds them
    ("fluency", where what `train.fluency` needs is installed). "template" counts the short prompts
    that lead into the chat template. "blimp" is the grammar, where the file of pairs is here
    (`train.evaluate blimp` fetches it).
    """
    model, tokenizer = load_model("base")
    packed, lengths = pack(tokenizer), token_byte_lengths(tokenizer)
    metrics = held_out(model, TokenMixture(packed, MIXTURE), lengths, TOKENS_PER_SOURCE)
    old = held_out(model, TokenMixture(packed, OLD_MIXTURE), lengths, TOKENS_PER_SOURCE)
    result: Metrics = {source: _rounded(figures) for source, figures in metrics.items()}
    if diversity := diversity_by_temperature(model, tokenizer, CONTINUATIONS):
        result["mixture"]["diversity"] = diversity
    result["old_mixture"] = _rounded(old["mixture"])
    result["template"] = _rounded(template_leaks(model, tokenizer, everyday_prompts()))
    if available(blimp.BLIMP):
        pairs = blimp.read_pairs(blimp.blimp_file())
        result["blimp"] = _rounded(blimp.blimp_accuracy(model, tokenizer, pairs))
    if fluency.is_installed():
        judged = fluency.fluency(fluency.public_judge(), model, tokenizer)
        result["mixture"]["fluency"] = _rounded(judged)
    return result


def evaluate_spam() -> Metrics:
    """`binary_metrics` and `calibration` on the test part of the split that the file trained on,
    and on the two check sets of messages of today.

    The test part of the other split overlaps its training part. "book" comes twice: as published,
    and without the test messages that stand in its training part as well.
    """
    metadata = read_checkpoint(find_checkpoint("spam")[0]).metadata
    protocol = json.loads(metadata.get("protocol", '"full_dedup"'))
    classifier = SpamClassifier.from_pretrained("spam")
    split = spam_split(protocol)
    parts = {protocol: split["test"]}
    if protocol == "book":
        known = {folded(message.text) for message in split["train"]}
        parts["book_without_repeats"] = [m for m in split["test"] if folded(m.text) not in known]
    parts["modern_check"] = modern_check()
    parts["independent_check"] = independent_check()
    figures = {}
    for title, messages in parts.items():
        truth, scores = predict(classifier, messages)
        figures[title] = {
            **_rounded(binary_metrics(truth, scores, classifier.threshold)),
            "threshold": classifier.threshold,
            **_rounded(calibration(truth, scores)),
        }
    return figures


def evaluate_chat(judged_by: str | None = None) -> Metrics:
    """Response loss and the `match_rates` of greedy answers on two held-out sets, and the part of
    two checks that is answered as accepted: `skills_check` and `free_check`.

    "sft" is the first TASKS of its validation part, of which training has used the last
    to choose parameters; "book" the test part of the book's 1,100. The parts "..._before" are the
    same for the model that fine-tuning began with. "..._turn_seven" is a check once more, each
    question after six others. "kinds" breaks a set down by source.
    judged_by is the judge of the answers to "book", as `judge.judge` takes it.
    """
    sets = {
        "sft": load_instructions("sft", "validation")[:TASKS],
        "book": load_instructions("book", "test")[:TASKS],
    }
    checks: dict[str, Sequence[Question]] = {"skills": skills_check(), "free": free_check()}
    metrics: Metrics = {}
    for suffix, assistant in (
        ("", Assistant.from_pretrained("chat")),
        ("_before", Assistant.from_pretrained("base")),
    ):
        for title, tasks in sets.items():
            asked = judged_by if title == "book" else None
            metrics[title + suffix] = _rounded(_answer(assistant, tasks, title + suffix, asked))
        for title, questions in checks.items():
            answers = _answers(assistant, [question.as_task() for question in questions], title)
            metrics[title + suffix] = _rounded(accepted(questions, answers))
            if not suffix:
                measured = by_confidence(assistant, questions, answers)
                metrics[title]["confidence"] = {k: _rounded(v) for k, v in measured.items()}
                later = in_turn_seven(assistant, questions, answers, ANSWER_TOKENS)
                metrics[title + "_turn_seven"] = _rounded(accepted(questions, later))
    return metrics


def _answer(
    assistant: Assistant, tasks: Sequence[Instruction], title: str, judged_by: str | None = None
) -> Metrics:
    """The figures of one assistant on one set."""
    examples = encode_tasks(assistant.tokenizer, tasks, assistant.model.config.block_size)
    answers = _answers(assistant, tasks, title)
    figures: Metrics = {
        "n": len(tasks),
        "response_loss": response_loss(assistant.model, examples),
        **match_rates(tasks, answers),
    }
    if judged_by:
        figures |= judge(judged_by, tasks, answers, title=f"judging {title}")
    kinds: dict[str, list[tuple[Instruction, str]]] = {}
    for task, answer in zip(tasks, answers, strict=True):
        kinds.setdefault(task.source, []).append((task, answer))
    if len(kinds) > 1:
        figures["kinds"] = {
            kind: {"n": len(pairs), **match_rates(*zip(*pairs, strict=True))}
            for kind, pairs in sorted(kinds.items(), key=lambda item: -len(item[1]))
            if len(pairs) >= KIND_TASKS
        }
    return figures


def _answers(assistant: Assistant, tasks: Sequence[Instruction], title: str) -> list[str]:
    """The greedy answer to each task."""
    return [
        assistant.respond(task.instruction, task.input, max_new_tokens=ANSWER_TOKENS)
        for task in tqdm(tasks, desc=f"answering {title}", leave=False)
    ]


def _rounded(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Four decimals, also inside of tables; a whole number stays one."""

    def of(value: Any) -> Any:
        if isinstance(value, list):
            return [_rounded(row) for row in value]
        return _rounded(value) if isinstance(value, dict) else round(value, 4)

    return {key: of(value) for key, value in figures.items()}


STAGES: dict[str, Callable[..., Metrics]] = {
    "base": evaluate_base,
    "spam": evaluate_spam,
    "chat": evaluate_chat,
}


def format_table(title: str, metrics: Metrics) -> str:
    """One row per part, one column per figure; a figure that is a table itself comes below."""
    columns = list(
        dict.fromkeys(
            column
            for figures in metrics.values()
            for column, value in figures.items()
            if not isinstance(value, (list, dict))
        )
    )
    width = max(22, *(len(part) + 3 for part in metrics))
    lines = [f"{title:{width}}" + "".join(f"{column:>16}" for column in columns)]
    for part, figures in metrics.items():
        cells = (f"{figures[column]:,}" if column in figures else "" for column in columns)
        numbers = "".join(f"{cell:>16}" for cell in cells).rstrip()
        lines.append(f"{'  ' + part:{width}}{numbers}")
    for part, figures in metrics.items():
        for name, rows in figures.items():
            if isinstance(rows, list):
                rows = {str(number): row for number, row in enumerate(rows, 1)}
            if isinstance(rows, dict) and rows:
                lines += ["", format_table(f"{part}, {name}", rows)]
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Measure the shipped models on held-out data and record the figures beside the weights, or
    any language model on a public benchmark."""
    parser = argparse.ArgumentParser(prog="python -m train.evaluate", description=main.__doc__)
    parser.add_argument("stage", choices=[*STAGES, "all", *public_tests.TESTS])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--no-record", action="store_true", help="leave weights/ as it is")
    group = parser.add_argument_group("public tests", f"{', '.join(public_tests.TESTS)} only")
    group.add_argument("--model", default="gpt2", help="a name or path, as load_model takes it")
    group.add_argument("--data", type=Path, help="the benchmark's file, instead of a download")
    group.add_argument("--limit", type=int, help="only so many passages, tasks, articles or pairs")
    parser.add_argument(
        "--judge",
        metavar="URL",
        help="chat: a chat-completion endpoint, or a model of the Hub, that scores the answers",
    )
    arguments = parser.parse_args(argv)
    if arguments.stage in public_tests.TESTS:
        return _run_benchmark(parser, arguments)
    stages = list(STAGES) if arguments.stage == "all" else [arguments.stage]
    results: dict[str, Metrics] = {}
    try:
        for stage in stages:
            judged = {"judged_by": arguments.judge} if stage == "chat" else {}
            results[stage] = STAGES[stage](**judged)
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


def _run_benchmark(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    name, model = arguments.stage, arguments.model
    try:
        measured = public_tests.run(name, *load_model(model), arguments.data, arguments.limit)
    except ValueError as error:
        parser.exit(1, f"{error}\n")
    if arguments.json:
        published = public_tests.PUBLISHED.get(name, {}).get(model, {})
        result = {model: _rounded(measured), "published": published}
        if others := public_tests.OTHERS.get(name):
            result["others"] = others
        print(json.dumps({name: result}, indent=2))
    else:
        print(public_tests.format_comparison(name, model, measured))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
