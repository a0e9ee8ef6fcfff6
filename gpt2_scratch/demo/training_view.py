"""What the training tab shows: the committed logs and figures as rows, texts and curves.

Everything is read from the weights folder when the tab is opened, so that what it says belongs to
the weights that are there. A part whose file is missing is empty.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.demo.over_training_view import over_training_view
from gpt2_scratch.insight.training_log import (
    TrainingLog,
    binned_by_log,
    read_logs,
    read_metrics,
    stages,
)

POINTS = 120  # of a curve: single batches are noise
BEFORE = "_before"  # how `train.evaluate` marks the figures of the model before fine-tuning
LATER = "_turn_seven"  # and those of a set asked after six other questions

RUNS = {
    "base": "The language model",
    "spam": "The spam filter",
    "chat": "The assistant",
}
FIGURES = {
    "loss": "held-out loss",
    "response_loss": "loss on held-out answers",
    "bits_per_byte": "held-out bits per byte",
    "exact_match": "right word for word",
    "contains_match": "contains the right answer",
    "rouge_l": "overlap with the reference (ROUGE-L)",
    "f1": "F1",
    "roc_auc": "ROC-AUC",
    "modern_accuracy": "accuracy on messages of today",
    "distinct_3": "different runs of three tokens",
    "repeated_4": "repeated runs of four tokens",
}
SETS = {
    "sft": "short tasks",
    "book": "tasks of the book",
    "skills": "questions on twelve skills",
    "free": "freely worded questions",
}
TEXTS = {
    "mixture": "all of it, as training mixed it",
    "old_mixture": "all of it, as the first model mixed it",
    "gutenberg_children": "children's books",
    "gutenberg_fiction": "novels",
    "classic_books": "classics",
    "wikipedia": "Wikipedia",
    "openstax": "textbooks",
    "openstax_biology": "a biology textbook",
    "sgd": "dialogues with a service",
    "topicalchat": "conversations",
    "fairytales": "fairy tales",
    "pratham_storybook": "picture books (Pratham)",
    "african_storybook": "picture books (African Storybook)",
    "factbook": "the World Factbook",
    "instruct": "short tasks and their answers",
}
SURER = (
    "Tuning makes the model surer of its own wording, so a reference that is worded otherwise "
    "costs more than before."
)
BY_CHANCE = "The difference is within chance for so few answers."
FORGOTTEN = "Probably forgotten: one small model was tuned on all kinds at once."


def training_view(folder: Path) -> dict[str, Any]:
    """By name: what the components of the tab show.

    compute                                   a text
    curves                                    what training.js draws
    held_out, answers, kinds, samples, data   rows of tables; `COLUMNS` of the tab names the columns
    commands                                  a text

    Raises ValueError, in one sentence, for a file that cannot be read.
    """
    logs, metrics = read_logs(folder), read_metrics(folder)
    runs = {name: stages(logs, name) for name in RUNS}
    runs = {name: run for name, run in runs.items() if run}
    base, chat = metrics.get("base", {}), metrics.get("chat", {})
    return {
        "compute": compute_text(runs),
        "curves": {
            "runs": [{"title": RUNS[name], "charts": _charts(run)} for name, run in runs.items()],
            "diversity": _diversity(base),
        },
        "held_out": _held_out(base),
        "answers": _answers(chat),
        "kinds": _kinds(chat),
        "samples": _samples(folder, runs),
        "data": [list(row) for row in licences(folder / "README.md")],
        "commands": _commands(folder, runs),
    }


def compute_text(runs: dict[str, list[TrainingLog]]) -> str:
    """What each run has cost: tokens, hours, tokens a second."""
    lines = []
    for name, run in runs.items():
        seconds = sum(log.updates[-1]["seconds"] for log in run if log.updates)
        tokens = sum(log.updates[-1]["tokens"] for log in run if log.updates)
        if seconds:
            lines.append(
                f"- **{RUNS[name]}**: {tokens:,.0f} tokens in {seconds / 3600:.1f} hours, "
                f"{tokens / seconds:,.0f} tokens a second."
            )
    return "\n".join([*lines, "- Watts were not measured."]) if lines else ""


# --- curves ---------------------------------------------------------------------------------------


def _charts(run: Sequence[TrainingLog]) -> list[dict[str, Any]]:
    """The charts of a whole run, from its first step to its end: one of losses, one of each other
    kind of figure, and the learning rate."""
    curves: dict[str, dict[str, list[float]]] = {}
    for name in ("loss", "learning_rate"):
        x: list[float] = []
        y: list[float] = []
        for log, start in _with_starts(run):
            x += (log.column("tokens") + start).tolist()
            y += log.column(name).tolist()
        curves[name] = dict(zip("xy", binned_by_log(x, y, POINTS), strict=True))
    losses = [{"name": "loss on training text", **curves["loss"]}]
    vocabulary = dict(run[0].description.get("config", {})).get("vocab_size")
    if vocabulary and "base" not in run[0].description:  # a run that began with nothing
        ends = [curves["loss"]["x"][0], curves["loss"]["x"][-1]]
        guess = [round(math.log(vocabulary), 3)] * 2
        losses.append({"name": "untrained: a blind guess", "x": ends, "y": guess})
    rates: list[dict[str, Any]] = []
    for figure in dict.fromkeys(name for log in run for name in log.figures):
        looks = [
            (start + look["tokens"], value)
            for log, start in _with_starts(run)
            for look, value in zip(*log.held_out(figure), strict=True)
        ]
        x, y = ([pair[k] for pair in looks] for k in (0, 1))
        series: dict[str, Any] = {
            "name": FIGURES.get(figure, _words(figure)),
            "x": x,
            "y": y,
            "points": True,
        }
        (losses if "loss" in figure else rates).append(series)
    charts: list[dict[str, Any]] = [{"title": "Loss, in nats: lower is better", "series": losses}]
    if rates:
        charts.append({"title": "On text that it has not read", "series": rates})
    rate = {"name": "part of its peak", **curves["learning_rate"]}
    return [*charts, {"title": "Learning rate", "series": [rate]}]


def _with_starts(run: Sequence[TrainingLog]) -> list[tuple[TrainingLog, float]]:
    """Each stage of a run, and the tokens that were read before it."""
    found, start = [], 0.0
    for log in run:
        if log.updates:
            found.append((log, start))
            start += log.updates[-1]["tokens"]
    return found


def _diversity(base: dict[str, Any]) -> list[dict[str, Any]]:
    """How much a text repeats itself at each temperature, beside the authors' own."""
    rows = dict(base.get("mixture", {}).get("diversity", {}))
    authors = rows.pop("authors", None)
    if not rows or authors is None:
        return []
    ordered = sorted(rows, key=float)
    x = [float(temperature) for temperature in ordered]
    return [
        {"name": who + FIGURES[figure], "x": x, "y": y, "points": True}
        for figure in ("distinct_3", "repeated_4")
        for who, y in (
            ("", [rows[temperature][figure] for temperature in ordered]),
            ("the authors' ", [authors[figure]] * len(x)),
        )
    ]


# --- tables ---------------------------------------------------------------------------------------


def _held_out(base: dict[str, Any]) -> list[list[Any]]:
    """[text, bits per byte, perplexity, tokens] of each source."""
    rows = []
    for title, figures in base.items():
        if not isinstance(figures, dict) or not {"bits_per_byte", "perplexity"} <= set(figures):
            continue
        bits = figures["bits_per_byte"]
        rows.append([TEXTS.get(title, _words(title)), round(bits, 3),
                     round(figures["perplexity"], 1), figures["tokens"]])  # fmt: skip
    return rows


def _answers(chat: dict[str, Any]) -> list[list[Any]]:
    """[instructions, how many, figure, before tuning, after, why if it got worse]."""
    rows = []
    for title, after, before in _pairs(chat):
        for name in ("response_loss", "exact_match", "contains_match", "rouge_l"):
            if name in after:
                n = after.get("n")
                pair = before.get(name), after[name]
                why = why_worse(name, *pair, n or 0)
                rows.append([_set(title), n, FIGURES[name], *(_figure(name, v) for v in pair), why])
    return rows


def _kinds(chat: dict[str, Any]) -> list[list[Any]]:
    """[kind of task, instructions, how many, right before tuning, after, why if it got worse]:
    exact matches, or where a set has none of these, answers that contain what is accepted."""
    rows = []
    for title, after, before in _pairs(chat):
        for kind, figures in after.get("kinds", {}).items():
            name = "exact_match" if "exact_match" in figures else "contains_match"
            pair = before.get("kinds", {}).get(kind, {}).get(name), figures.get(name)
            source, _, task = kind.rpartition(":")
            said = _words(task) + (f" ({source})" if source else "")
            n = figures.get("n")
            why = why_worse(name, *pair, n or 0)
            rows.append([said, _set(title), n, *(_figure(name, v) for v in pair), why])
    return rows


def why_worse(name: str, before: float | None, after: float | None, n: int) -> str:
    """One sentence where tuning made a figure worse; else nothing."""
    if before is None or after is None:
        return ""
    if "loss" in name:
        return SURER if after > before else ""
    if after >= before:
        return ""
    # two standard errors of the difference of two shares
    chance = 2 * math.sqrt((before * (1 - before) + after * (1 - after)) / max(n, 1))
    return BY_CHANCE if before - after <= chance else FORGOTTEN


def _pairs(chat: dict[str, Any]) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(set, its figures, those of the model before tuning) of each set of instructions."""
    return [
        (title, after, chat.get(title + BEFORE, {}))
        for title, after in chat.items()
        if isinstance(after, dict) and not title.endswith(BEFORE)
    ]


def _samples(folder: Path, runs: dict[str, list[TrainingLog]]) -> list[list[str]]:
    """[model, before, after] on the same prompts: the untrained model where there are snapshots of
    it, or else the first look of the run."""
    rows = []
    moments = over_training_view(folder).get("moments", [])
    untrained = bool(moments) and moments[0]["tokens"] == 0
    if untrained:
        for before, after in zip(moments[0]["samples"], moments[-1]["samples"], strict=True):
            texts = [f"[untrained] {before['prompt']}{before['text']}"]
            rows.append([RUNS["base"], *texts, after["prompt"] + after["text"]])
    for name, run in runs.items():
        looks = [(look, start) for log, start in _with_starts(run) for look in log.evaluations]
        looks = [(look, start) for look, start in looks if look.get("samples")]
        if len(looks) < 2 or (untrained and name == "base"):
            continue
        (first, start), (last, _) = looks[0], looks[-1]
        read = f"[after {start + first['tokens']:,.0f} tokens] "
        for before, after in zip(first["samples"], last["samples"], strict=False):
            rows.append([RUNS[name], f"{read}{before}", str(after)])
    return rows


def _commands(folder: Path, runs: dict[str, list[TrainingLog]]) -> str:
    """Markdown: the commands of each run, word for word, and the files that they led to."""
    parts = []
    for name, run in runs.items():
        if run[-1].commands:
            parts += [f"**{RUNS[name]}**", "```bash\n" + "\n".join(run[-1].commands) + "\n```"]
    for name, entry in read_manifest(folder).items():
        parameters, size = entry.get("parameters"), entry.get("bytes")
        if parameters and size:
            said = f"- `{name}.safetensors`: {parameters:,} parameters, {size / 1e6:.1f} MB"
            parts.append(f"{said}, sha256 `{entry['sha256'][:16]}…`")
    return "\n\n".join(parts)


def licences(readme: Path) -> list[tuple[str, str, str]]:
    """The table of data sets in weights/README.md: name, licence and whom to thank."""
    if not readme.exists():
        return []
    table = re.search(
        r"^\| data \| licence \| attribution \|\n\|[-| ]+\|\n((?:\|.*\|\n?)+)",
        readme.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    rows = table.group(1).splitlines() if table else []
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return [(row[0], row[1], row[2]) for row in cells if len(row) == 3]


def _set(title: str) -> str:
    name = title.removesuffix(LATER)
    return SETS.get(name, _words(name)) + (", in the seventh turn" if name != title else "")


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if "loss" in name else f"{value:.1%}"


def _words(name: str) -> str:
    return name.replace("_", " ")
