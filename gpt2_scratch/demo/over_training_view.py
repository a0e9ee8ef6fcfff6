"""What the base model said at moments of its training, as over_training.js shows it.

`train.pretrain` leaves base.snapshots.json beside the weights: the same prompts and the same tables
at twelve moments. Weights from before that have their training log, whose looks at held-out text
hold a few samples each; where there is neither, there is nothing to show.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gpt2_scratch.demo.theme import visible
from gpt2_scratch.insight.training_log import SUFFIX, read_log

SNAPSHOTS = "base.snapshots.json"


def over_training_view(folder: Path) -> dict[str, Any]:
    """{moments: [...]}, each with

        tokens   read so far
        figures  held-out, by name
        samples  [{prompt, text}]
        tables   [{prompt, rows: [[token, probability]]}] of next tokens

    or {} where fewer than two moments are known. ValueError, in one sentence, for a damaged file.
    """
    path = folder / SNAPSHOTS
    log = folder / f"base{SUFFIX}"
    moments: list[dict[str, Any]] = []
    if path.exists():
        moments = _snapshots(path)
    elif log.exists():
        moments = _looks(log)
    return {"moments": moments} if len(moments) > 1 else {}


def _snapshots(path: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        prompts, tables = content["prompts"], content["tables"]
        return [
            {
                "tokens": int(taken["tokens"]),
                "figures": dict(taken["figures"]),
                "samples": [
                    {"prompt": str(prompt), "text": str(text)}
                    for prompt, text in zip(prompts, taken["samples"], strict=True)
                ],
                "tables": [
                    {"prompt": str(prompt), "rows": [[visible(str(t)), float(p)] for t, p in rows]}
                    for prompt, rows in zip(tables, taken["tables"], strict=True)
                ],
            }
            for taken in content["snapshots"]
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path.name} is damaged ({error!r}); restore it.") from error


def _looks(path: Path) -> list[dict[str, Any]]:
    """From a training log, whose samples begin with their prompt."""
    return [
        {
            "tokens": int(look["tokens"]),
            "figures": dict(look["validation"]),
            "samples": [{"prompt": "", "text": str(text)} for text in look["samples"]],
            "tables": [],
        }
        for look in read_log(path).evaluations
        if look.get("samples")
    ]
