"""Snapshots: what the base model says and knows at twelve moments of its training.

Learning is fast at first and slow later, so the moments are spread over the logarithm of the tokens
read. For each, the same prompts are continued with the same seeds, the same next tokens are
predicted and the same held-out text is measured. The training log keeps them as they come, one line
each; `write_snapshots` gathers them into the small file that the page shows as a slider over time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from gpt2_scratch.generation import generate
from gpt2_scratch.model import GPT2
from gpt2_scratch.sampling import SamplingSettings, next_token_table
from gpt2_scratch.vocabulary.tokenizer import Tokenizer

SUFFIX = ".snapshots.json"
# Tokens read; the end of the run is the twelfth.
MOMENTS = (0, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 7_000_000, 15_000_000, 30_000_000,
           60_000_000, 100_000_000)  # fmt: skip
# Prompt number i has seed i.
PROMPTS = (
    "Once upon a time, there was a little",
    "The dog ran into the garden and",
    'Lily looked at her mother and said, "',
    "Tom was sad because",
    "The city of",
    "Water is",
    "A: Hi, how are you today?\nB:",
    "What is the opposite of hot?\n\n",
)
TABLES = ("Once upon a", "She opened the door and", "The capital of France is")
NEW_TOKENS = 60
ROWS = 10  # of a table


def take_snapshot(
    model: GPT2, tokenizer: Tokenizer, figures: Mapping[str, float]
) -> dict[str, Any]:
    """Continuations of PROMPTS, next-token tables of TABLES and the figures, as JSON values."""
    samples = [
        generate(model, tokenizer, prompt, max_new_tokens=NEW_TOKENS, seed=seed)
        for seed, prompt in enumerate(PROMPTS)
    ]
    return {
        "figures": dict(figures),
        "samples": samples,
        "tables": [_table(model, tokenizer, prompt) for prompt in TABLES],
    }


def _table(model: GPT2, tokenizer: Tokenizer, prompt: str) -> list[list[Any]]:
    """The likeliest next tokens: [text, probability] each."""
    ids = torch.tensor([tokenizer.encode(prompt)])  # (1, T)
    with torch.no_grad():
        logits = model(ids.to(model.wte.weight.device))[0, -1]  # (1, 1, V) -> (V,)
    rows = next_token_table(logits.float().cpu(), SamplingSettings(), ROWS)
    return [[tokenizer.token_text(row.token_id), round(row.probability, 5)] for row in rows]


def write_snapshots(log: Path, out: Path) -> None:
    """Gather the snapshots of a training log into one JSON file, in the order of the tokens read;
    none, no file."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    taken = [
        {"step": line["step"], "tokens": line["tokens"], **line["snapshot"]}
        for line in lines
        if "snapshot" in line
    ]
    if taken:
        content = {"prompts": PROMPTS, "tables": TABLES, "snapshots": taken}
        out.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
