"""The files in `written/`: material that was written for this project, and wordings to ask with."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("written")


@cache
def records(name: str) -> tuple[dict[str, Any], ...]:
    """The JSON lines of `<name>.jsonl`, `<name>_2.jsonl` and so on."""
    paths = [FOLDER / f"{name}.jsonl", *sorted(FOLDER.glob(f"{name}_[2-9].jsonl"))]
    lines = [
        line
        for path in paths
        if path.exists()
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return tuple(json.loads(line) for line in lines)


@cache
def word_lists() -> dict[str, Any]:
    """Lists of words and parts of sentences: opposites, plurals, capitals, misspellings, ..."""
    return json.loads((FOLDER / "words.json").read_text(encoding="utf-8"))


@cache
def drill_lists() -> dict[str, Any]:
    """What the tasks by rule are made of: things and their kinds, rhymes, units, problems, ..."""
    return json.loads((FOLDER / "drills.json").read_text(encoding="utf-8"))


@cache
def wordings() -> dict[str, list[str]]:
    """Kind of request -> the ways to ask for it, with {x} and {y} where the material stands."""
    return json.loads((FOLDER / "wordings.json").read_text(encoding="utf-8"))
