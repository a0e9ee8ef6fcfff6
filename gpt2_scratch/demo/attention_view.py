"""What the attention tab draws: maps, head statistics and the logit lens as plain JSON values.

The maps travel as the lower triangles of 16-bit numbers: two bytes for each of T (T + 1) / 2
weights are a quarter of what float32 squares would take, and fine enough to scale up what is left
of a row when its first token is hidden. 64 tokens of 144 heads are 0.8 MB that way.
"""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from gpt2_scratch.demo import limits
from gpt2_scratch.demo.registry import Registry
from gpt2_scratch.demo.serving import LANGUAGE_MODELS
from gpt2_scratch.demo.theme import visible
from gpt2_scratch.insight.attention import (
    Array,
    AttentionMaps,
    attention_maps,
    head_differences,
    head_statistics,
    induction_scores,
    induction_story,
    rollout,
)
from gpt2_scratch.insight.logit_lens import logit_lens
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer

FULL = 65_535  # the 16-bit number that stands for a weight of 1
GUESSES = 5  # of the logit lens per place

# One row per statistic: its key, what the page calls it, its unit, and which end is worth naming.
STATISTICS = (
    ("previous_token", "previous token", "share", "highest"),
    ("first_token", "first token", "share", "highest"),
    ("induction", "induction", "share", "highest"),
    ("distance", "looks back", "tokens", "highest"),
    ("entropy", "entropy", "bits", "lowest"),
)

# Induction is measured on random tokens and not on the visitor's text: once per model is enough.
_induction: WeakKeyDictionary[GPT2, Array] = WeakKeyDictionary()


def maps_view(registry: Registry, text: str, model: str, other: str | None) -> dict[str, Any]:
    """The maps of `text` in one model, or in two: attention.js says how they are drawn.

    Raises ValueError, in one sentence: the text is empty or too long, a model is missing, or the
    two models have other tokens or another number of heads, so that no head belongs to another.
    """
    text = limits.check_text(text, "text", limits.ATTENTION_CHARS)
    names = [model] if other in (None, model) else [model, str(other)]
    read = [_read(registry, name, text) for name in names]
    if len(read) == 2:
        _check_comparable(names, read)
    first = read[0]
    gpt, tokenizer = registry.language_model(names[0])
    story = induction_story(first.token_ids, first.weights, induction(gpt))
    view = {
        "models": names,
        "tokens": first.tokens,
        "labels": [label(tokenizer, i) for i in first.token_ids],
        "token_ids": first.token_ids,
        "n_layer": first.weights.shape[0],
        "n_head": first.weights.shape[1],
        "maps": [packed(maps.weights) for maps in read],
        "rollout": [packed(rollout(maps.weights)) for maps in read],
        "statistics": [
            _statistics(registry, name, maps) for name, maps in zip(names, read, strict=True)
        ],
        "strongest": [],
        "story": asdict(story) if story else None,
    }
    view["strongest"] = _strongest(view["statistics"][0])
    if len(read) == 2:
        moved = head_differences(read[0].weights, read[1].weights).reshape(-1)
        view["strongest"].insert(0, _ranking("changed most", "share", "highest", moved))
    return view


def lens_view(registry: Registry, text: str, model: str) -> dict[str, Any]:
    """What each layer would predict after each token of `text`; drawn by logit_lens.js.

    Of a model that does not write only its name: it has no next token to predict.
    """
    if model not in LANGUAGE_MODELS:
        return {"model": model}
    gpt, tokenizer = registry.language_model(model)
    ids = tokenizer.encode_typed(text)
    lens = logit_lens(gpt, ids, GUESSES)
    return {
        "model": model,
        "labels": [label(tokenizer, i) for i in ids],
        "guesses": [
            [[label(tokenizer, i) for i in place] for place in depth]
            for depth in lens.token_ids.tolist()
        ],
        "probabilities": lens.probabilities.astype("float64").round(6).tolist(),
    }


def label(tokenizer: Tokenizer, token_id: int) -> str:
    """A token for display; a piece of a character as the numbers of its bytes: ‹e2 80›."""
    data = tokenizer.token_bytes(token_id)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return f"‹{data.hex(' ')}›"
    return visible(tokenizer.token_text(token_id))


def induction(gpt: GPT2) -> Array:
    """`induction_scores`, measured once for each model."""
    if gpt not in _induction:
        _induction[gpt] = induction_scores(gpt)
    return _induction[gpt]


def packed(weights: Array) -> str:
    """(..., T, T) weights in 0..1 -> base64 of the lower triangles, row by row, little-endian."""
    rows, columns = np.tril_indices(weights.shape[-1])
    triangles = weights[..., rows, columns]  # (..., T, T) -> (..., T (T + 1) / 2)
    return base64.b64encode(np.rint(FULL * triangles).astype("<u2").tobytes()).decode("ascii")


def _read(registry: Registry, model: str, text: str) -> AttentionMaps:
    gpt, tokenizer = registry.language_model(model)
    return attention_maps(gpt, tokenizer, text, max_tokens=limits.ATTENTION_TOKENS)


def _check_comparable(names: list[str], read: list[AttentionMaps]) -> None:
    a, b = read
    if a.token_ids != b.token_ids or a.weights.shape != b.weights.shape:
        raise ValueError(
            f"The models {names[0]} and {names[1]} cannot be compared head by head, as they differ "
            "in size or vocabulary: choose two of base, chat and spam."
        )


def _statistics(registry: Registry, model: str, maps: AttentionMaps) -> list[dict[str, Any]]:
    """One entry per row of STATISTICS, with a value for each head, layer by layer."""
    gpt, _ = registry.language_model(model)
    heads = head_statistics(maps.weights)
    entries = []
    for key, title, unit, end in STATISTICS:
        if key == "induction":
            values = induction(gpt).reshape(-1)
        else:
            values = np.array([getattr(head, key) for head in heads])
        entries.append({"title": title, "unit": unit, "end": end, "values": _rounded(values)})
    return entries


def _strongest(statistics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        _ranking(entry["title"], entry["unit"], entry["end"], np.array(entry["values"]))
        for entry in statistics
    ]


def _ranking(title: str, unit: str, end: str, values: Array, count: int = 3) -> dict[str, Any]:
    """The heads at one end of a statistic: [number of the head, counted layer by layer; value]."""
    order = np.argsort(values if end == "lowest" else -values, kind="stable")[:count]
    chosen = zip(order.tolist(), _rounded(values[order]), strict=True)
    return {"title": title, "unit": unit, "end": end, "heads": [list(pair) for pair in chosen]}


def _rounded(values: Array) -> list[float]:
    return values.astype("float64").round(4).tolist()
