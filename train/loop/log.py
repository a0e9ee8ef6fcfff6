"""The log of a run: one JSON object per line, and moments at which it gets more."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn


@dataclass(frozen=True)
class Snapshots:
    """Moments of a run at which the log gets more than a few figures.

    moments  tokens read, rising; the end of the run is one more
    take     the model, in evaluation mode -> JSON values
    """

    moments: Sequence[int]
    take: Callable[[nn.Module], Mapping[str, Any]]

    def due(self, before: int, after: int) -> bool:
        """Whether a moment lies among the tokens from `before`, left out, to `after`."""
        return any(before < moment <= after for moment in self.moments)


class Log:
    """Append-only JSON lines. On resume, lines after the resumed step are dropped."""

    def __init__(self, path: Path, resumed_step: int | None) -> None:
        kept: list[str] = []
        if resumed_step is not None and path.exists():
            lines = path.read_text(encoding="utf-8").splitlines()
            kept = [line for line in lines if self._step(line) <= resumed_step]
        self._path = path
        path.write_text("".join(line + "\n" for line in kept), encoding="utf-8")

    @staticmethod
    def _step(line: str) -> float:
        try:
            return float(json.loads(line).get("step", 0))
        except ValueError:  # the power failed, or the disk filled up, in the middle of a line
            return math.inf

    def write(self, **values: Any) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")
