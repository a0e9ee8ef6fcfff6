"""What a training run wrote down: settings, loss, held-out figures, samples.

`train` leaves <name>.log.jsonl beside each weight file, one JSON object per line: the settings
first, then a line every few updates, and a line for each look at held-out text. The page and
`train.plots` draw from these files what they show of training.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SUFFIX = ".log.jsonl"
# The order in which the models are made; other runs come after, by name.
ORDER = ("base", "spam", "chat")


@dataclass(frozen=True)
class TrainingLog:
    """One run.

    name         of the weight file it led to, without ending
    description  settings, commands, data, config: the log's first line
    updates      one entry per logged update: step, tokens (read so far), seconds, loss (nats),
                 learning_rate (part of the peak), gradient_norm, tokens_per_second
    evaluations  one entry per look at held-out text: step, tokens, minutes, validation (figures by
                 name), samples (texts)
    """

    name: str
    description: Mapping[str, Any]
    updates: Sequence[Mapping[str, float]]
    evaluations: Sequence[Mapping[str, Any]]

    @property
    def commands(self) -> list[str]:
        """What was typed, in order."""
        return list(self.description.get("commands", []))

    @property
    def figures(self) -> list[str]:
        """The names of the held-out figures."""
        return list(dict.fromkeys(name for e in self.evaluations for name in e["validation"]))

    def column(self, name: str) -> NDArray[np.float64]:
        """One quantity of all updates; "minutes" as well."""
        if name == "minutes":
            return self.column("seconds") / 60
        return np.array([update[name] for update in self.updates], dtype=np.float64)

    def held_out(self, figure: str) -> tuple[list[Mapping[str, Any]], list[float]]:
        """The evaluations that have a figure, and its values."""
        found = [e for e in self.evaluations if figure in e["validation"]]
        return found, [e["validation"][figure] for e in found]


def read_log(path: Path) -> TrainingLog:
    """Read one log. ValueError, in one sentence, if it is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        description, *entries = [dict(json.loads(line)) for line in lines]
        updates = [entry for entry in entries if "loss" in entry]
        evaluations = [entry for entry in entries if "validation" in entry]
        seconds = [float(update["seconds"]) for update in updates]
        tokens = [float(update["tokens"]) for update in updates]
        for entry in evaluations:
            at = float(entry["tokens"])
            entry["minutes"] = float(np.interp(at, tokens, seconds)) / 60 if updates else 0.0
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path.name} is no training log ({error!r}); restore it.") from error
    name = path.name.removesuffix(SUFFIX)
    return TrainingLog(name, description, updates, evaluations)


def read_logs(folder: Path) -> list[TrainingLog]:
    """All logs of a folder: base, spam, chat, then the others."""
    logs = [read_log(path) for path in folder.glob("*" + SUFFIX)]
    return sorted(logs, key=_by(lambda log: log.name))


def read_metrics(folder: Path) -> dict[str, dict[str, Any]]:
    """The figures that `train.evaluate` left beside the weights, by model."""
    paths = sorted(folder.glob("*.metrics.json"), key=_by(lambda path: path.name.split(".")[0]))
    found = {}
    for path in paths:
        try:
            metrics = json.loads(path.read_text(encoding="utf-8"))
            found[path.name.split(".")[0]] = dict(metrics)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path.name} is damaged ({error!r}); restore it.") from error
    return found


def binned(values: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    """Means over at most `bins` stretches of equal length: a noisy curve becomes readable."""
    if len(values) <= bins:
        return values
    return np.array([part.mean() for part in np.array_split(values, bins)])


def binned_by_log(
    x: Sequence[float], y: Sequence[float], bins: int
) -> tuple[list[float], list[float]]:
    """Means of a curve over at most `bins` stretches that look equally long on a logarithmic axis.

    x rises and is above 0. Where a stretch holds one point or none, as at the start of a run, the
    points stay as they are.
    """
    if not len(x):
        return [], []
    edges = np.geomspace(x[0], x[-1], bins + 1)[1:-1]
    numbers = np.searchsorted(edges, x)
    groups = [np.flatnonzero(numbers == number) for number in np.unique(numbers)]
    values = np.asarray(x), np.asarray(y)
    xs, ys = ([round(float(each[group].mean()), 5) for group in groups] for each in values)
    return xs, ys


def stages(logs: Sequence[TrainingLog], name: str) -> list[TrainingLog]:
    """The runs that led to a model, the first one first; none if it has no log.

    A log has all commands typed so far: an earlier stage began with the same one and has fewer.
    """
    last = [log for log in logs if log.name == name]
    if not last:
        return []
    typed = last[0].commands
    earlier = [log for log in logs if 0 < len(log.commands) < len(typed)]
    earlier = [log for log in earlier if log.commands[0] == typed[0]]
    return [*sorted(earlier, key=lambda log: len(log.commands)), *last]


def _by(name_of: Callable[[Any], str]) -> Callable[[Any], tuple[int, str]]:
    def key(item: Any) -> tuple[int, str]:
        name = name_of(item)
        return (ORDER.index(name) if name in ORDER else len(ORDER), name)

    return key
