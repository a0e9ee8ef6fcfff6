"""Snapshots of three moments of a training that never was, by the code that training uses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpt2_scratch.checkpoints.models import load_model
from train.loop.snapshots import SUFFIX, take_snapshot, write_snapshots


def write_made_up_snapshots(weights: Path, folder: Path) -> None:
    """base.snapshots.json in `folder`: base and chat of `weights` stand for the moments."""
    with_names = zip((0, 30_000, 1_000_000), ("base", "chat", "base"), strict=True)
    lines = []
    for step, (tokens, name) in enumerate(with_names):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GPT2_SCRATCH_WEIGHTS", str(weights))
            model, tokenizer = load_model(name)
        figures = {"loss": 6.0 - step, "bits_per_byte": 3.0 - step / 2}
        taken = take_snapshot(model, tokenizer, figures)
        lines.append(json.dumps({"step": step, "tokens": tokens, "snapshot": taken}))
    log = folder / "made_up.jsonl"
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_snapshots(log, folder / f"base{SUFFIX}")
    log.unlink()
