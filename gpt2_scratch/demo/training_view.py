"""What the training tab draws: the committed logs and figures as plain JSON values.

Everything is read from the weights folder when the tab is opened, so that what it says belongs to
the weights that are there. A part whose file is missing is left out.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.insight.training_log import TrainingLog, binned, read_logs, read_metrics

POINTS = 80  # of a curve: single batches are noise
CELLS = ("tn", "fp", "fn", "tp")
BEFORE = "_before"  # how `train.evaluate` marks the figures of the model before fine-tuning
# The order in which the page lists what a table of figures may have.
DIVERSITY_FIGURES = ("distinct_3", "repeated_4")
CHAT_FIGURES = ("response_loss", "exact_match", "contains_match", "rouge_l")


def training_view(folder: Path) -> dict[str, Any]:
    """Runs, held-out figures, samples, data and commands, as training.js shows them.

    Raises ValueError, in one sentence, for a file that cannot be read.
    """
    logs = read_logs(folder)
    metrics = read_metrics(folder)
    spam, chat = metrics.get("spam", {}), metrics.get("chat", {})
    models = _models(folder)
    shipped = {model["name"] for model in models}
    return {
        "runs": [_run(log) for log in logs],
        "models": models,
        "base": _table(metrics.get("base", {}), ("bits_per_byte", "perplexity", "tokens")),
        "diversity": _diversity(metrics.get("base", {})),
        "confusion": [
            {"title": title, **figures}
            for title, figures in spam.items()
            if isinstance(figures, dict) and all(cell in figures for cell in CELLS)
        ],
        "answers": _before_and_after(chat),
        "kinds": _kinds(chat),
        "samples": [row for log in logs if log.name in shipped for row in _samples(log)],
        "data": licences(folder / "README.md"),
    }


def _run(log: TrainingLog) -> dict[str, Any]:
    curves = {
        name: binned(log.column(name), POINTS).round(5).tolist()
        for name in ("tokens", "minutes", "loss", "learning_rate")
    }
    held_out = {}
    for figure in log.figures:
        evaluations, values = log.held_out(figure)
        held_out[figure] = {
            "tokens": [e["tokens"] for e in evaluations],
            "minutes": [round(e["minutes"], 3) for e in evaluations],
            "values": values,
        }
    return {"name": log.name, "commands": log.commands, "curves": curves, "held_out": held_out}


def _models(folder: Path) -> list[dict[str, Any]]:
    return [
        {"name": name, **{key: entry.get(key) for key in ("parameters", "bytes", "sha256")}}
        for name, entry in read_manifest(folder).items()
    ]


def _table(metrics: dict[str, Any], columns: tuple[str, ...]) -> list[dict[str, Any]]:
    """One row per part of the data that has all these figures."""
    return [
        {"title": title, **{column: figures[column] for column in columns}}
        for title, figures in metrics.items()
        if isinstance(figures, dict) and all(column in figures for column in columns)
    ]


def _diversity(base: dict[str, Any]) -> dict[str, Any]:
    """{"temperatures", "model": {figure: values}, "authors": {figure: value}}; {} if unmeasured."""
    rows = dict(base.get("mixture", {}).get("diversity", {}))
    authors = rows.pop("authors", None)
    if not rows or authors is None:
        return {}
    ordered = sorted(rows, key=float)
    return {
        "temperatures": [float(temperature) for temperature in ordered],
        "model": {figure: [rows[t][figure] for t in ordered] for figure in DIVERSITY_FIGURES},
        "authors": {figure: authors[figure] for figure in DIVERSITY_FIGURES},
    }


def _before_and_after(chat: dict[str, Any]) -> list[dict[str, Any]]:
    """[{title, n, figures: [{name, before or None, after}]}] of each set of instructions."""
    rows = []
    for title, after in chat.items():
        if title.endswith(BEFORE) or not isinstance(after, dict):
            continue
        before = chat.get(title + BEFORE, {})
        figures = [
            {"name": name, "before": before.get(name), "after": after[name]}
            for name in CHAT_FIGURES
            if name in after
        ]
        rows.append({"title": title, "n": after.get("n"), "figures": figures})
    return rows


def _kinds(chat: dict[str, Any]) -> list[dict[str, Any]]:
    """Right answers per kind of task, before and after, for each set that is broken down: exact
    matches, or where a set has none of these, answers that contain what is accepted."""
    rows = []
    for title, after in chat.items():
        if title.endswith(BEFORE) or not isinstance(after, dict):
            continue
        before = chat.get(title + BEFORE, {}).get("kinds", {})
        for kind, figures in after.get("kinds", {}).items():
            match = "exact_match" if "exact_match" in figures else "contains_match"
            rows.append(
                {
                    "set": title,
                    "kind": kind,
                    "n": figures.get("n"),
                    "before": before.get(kind, {}).get(match),
                    "after": figures.get(match),
                }
            )
    return rows


def _samples(log: TrainingLog) -> list[dict[str, Any]]:
    """The same prompts at the first and at the last look at held-out text."""
    looks = [evaluation for evaluation in log.evaluations if evaluation.get("samples")]
    if len(looks) < 2:
        return []
    first, last = looks[0], looks[-1]
    return [
        {
            "run": log.name,
            "steps": [first["step"], last["step"]],
            "texts": [str(before), str(after)],
        }
        for before, after in zip(first["samples"], last["samples"], strict=False)
    ]


def licences(readme: Path) -> list[dict[str, str]]:
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
    return [
        {"data": row[0], "licence": row[1], "attribution": row[2]} for row in cells if len(row) == 3
    ]
