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
    paths = [*FOLDER.glob(f"{name}.jsonl"), *sorted(FOLDER.glob(f"{name}_[2-9].jsonl"))]
    texts = (path.read_text(encoding="utf-8") for path in paths)
    return tuple(json.loads(line) for text in texts for line in text.splitlines())


@cache
def lists(name: str) -> dict[str, Any]:
    """`<name>.json`: "words", "drills", "requests", "invented", or "wordings", which has the ways
    to ask for each kind of request, with {x} and {y} where the material stands."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
