"""The figures of the models in the README, one row each, from the files beside the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gpt2_scratch.checkpoints.format import read_checkpoint
from gpt2_scratch.checkpoints.manifest import read_manifest

START = "<!-- figures, written by python -m train.model_card -->\n"
END = "<!-- end of the figures -->"


def figures(weights: Path) -> str:
    """The table. A model that has not been measured says so. CheckpointError if one is damaged."""
    manifest = read_manifest(weights)
    rows = ["| model | how good it is |", "|---|---|"]
    for name, say in (("base", _base), ("spam", _spam), ("chat", _chat)):
        if name in manifest:
            metrics = manifest[name]["metrics"]
            rows.append(
                f"| `{name}` | {say(metrics, weights) if metrics else 'not measured yet'} |"
            )
    return "\n".join(rows) + "\n"


def _base(metrics: dict[str, Any], weights: Path) -> str:
    tokens = int(read_checkpoint(weights / "base.safetensors").metadata["tokens"])
    mixture = metrics["mixture"]
    text = (
        f"has read {tokens:,} tokens; {mixture['bits_per_byte']:.3f} bits per byte of held-out "
        f"text (perplexity {mixture['perplexity']:.1f} per token)"
    )
    if diversity := mixture.get("diversity"):
        ours, theirs = diversity["0.8"]["repeated_4"], diversity["authors"]["repeated_4"]
        text += f"; of its 4-grams {ours:.1%} are repeated, of the authors' own {theirs:.1%}"
    return text


def _spam(metrics: dict[str, Any], _: Path) -> str:
    test, today = metrics["full_dedup"], metrics["independent_check"]
    return (
        f"F1 {test['f1']:.3f}, ROC-AUC {test['roc_auc']:.3f} on {test['n']:,} held-out messages of "
        f"the SMS Spam Collection ({test['fp']} ham taken for spam, {test['fn']} spam missed); "
        f"{today['accuracy']:.1%} of {today['n']} messages of today are judged right"
    )


def _chat(metrics: dict[str, Any], _: Path) -> str:
    sft, before, skills = metrics["sft"], metrics["sft_before"], metrics["skills"]
    return (
        f"{sft['exact_match']:.1%} of {sft['n']} held-out short tasks answered word for word "
        f"({before['exact_match']:.1%} before tuning); {skills['contains_match']:.1%} of "
        f"{skills['n']} freely worded questions on twelve skills"
    )


def with_figures(document: str, weights: Path) -> str:
    """The document with the table between its marks; unchanged if it has none."""
    before, start, rest = document.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        return document
    return f"{before}{START}\n{figures(weights)}\n{END}{after}"
