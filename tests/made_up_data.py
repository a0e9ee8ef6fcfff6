"""A mirror of made-up data sets, small enough to train on in seconds."""

from __future__ import annotations

import hashlib
import json
import lzma
from dataclasses import replace
from pathlib import Path

import pytest

from train import datasets
from train.data.catalogue import DATASETS

SFT_VALIDATION_LINES = 6
PLACES = ("noon", "the forest", "home", "the river", "one", "the mat", "two")
NAMES = ("cat", "girl", "model", "river", "forest")


def messages() -> str:
    """120 different messages; every third is spam, and its words give it away."""
    lines = []
    for number in range(120):
        place = PLACES[number % len(PLACES)]
        if number % 3:
            lines.append(f"ham\tSee you at {place}, I am the {number} one.")
        else:
            lines.append(f"spam\tWin prize {number}! Call now to claim it at {place}")
    return "\n".join(lines) + "\n"


def tasks(count: int, start: int = 0) -> list[dict[str, str]]:
    """Different tasks; every second has an input."""
    return [
        {
            "instruction": f"Say what the {NAMES[n % len(NAMES)]} {n} does.",
            "input": "" if n % 2 else f"It is at {PLACES[n % len(PLACES)]}.",
            "output": f"The {NAMES[n % len(NAMES)]} sat.",
        }
        for n in range(start, start + count)
    ]


def preferences(count: int) -> list[dict[str, str]]:
    """Tasks whose preferred answer ends politely."""
    return [
        task | {"chosen": task["output"] + " Thank you.", "rejected": task["output"] + " Go away!"}
        for task in tasks(count)
    ]


def write_mirror(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Put made-up messages and tasks where the loaders look, under the hashes they expect."""
    lines = "".join(json.dumps(task) + "\n" for task in tasks(60))
    files = {
        "sms-spam": messages().encode(),
        "sft": lzma.compress(lines.encode()),
        "instruction-data": json.dumps(tasks(20, start=60)).encode(),
        "instruction-data-with-preference": json.dumps(preferences(60)).encode(),
    }
    for name, data in files.items():
        path = folder / DATASETS[name].filename
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        patch.setitem(DATASETS, name, replace(DATASETS[name], sha256=digest))
    patch.setattr(datasets, "SFT_VALIDATION_LINES", SFT_VALIDATION_LINES)
    patch.setenv(datasets.DATA_VARIABLE, str(folder))
