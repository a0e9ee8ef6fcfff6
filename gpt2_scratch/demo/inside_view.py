"""What the Inside tab draws: the numbers of one prediction as plain JSON values.

The matrices of one layer and all its heads travel as 16-bit numbers, each in steps of its largest
one's 32,767th part: 32 tokens of `base` are 0.4 MB, a third of what JSON would take.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gpt2_scratch.checks import check_integer
from gpt2_scratch.demo import limits
from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.inside_stages import stages
from gpt2_scratch.demo.theme import visible
from gpt2_scratch.insight.inside import Inside, active_neurons, inside
from gpt2_scratch.insight.logit_lens import logit_lens
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer

FULL = 32_767  # the largest 16-bit number with a sign
SHOWN_LOGITS = 50  # per position: what the slider for top-k can reach


def inside_view(
    api: Api, text: object, model: str, heads: Sequence[Sequence[Any]]
) -> dict[str, Any]:
    """One layer of a prediction with all its heads, and what leads there and on: see inside.js.

    Args:
        heads: (layer, head) to open at: the first of them whose last token looks elsewhere than at
            itself, as that is the better story; or else the first.

    Raises ValueError, in one sentence, for what `Api.inside` refuses.
    """
    gpt, tokenizer, ids = api.read(text, model)
    places = [
        (
            check_integer("layer", layer, 0, gpt.config.n_layer - 1),
            check_integer("head", head, 0, gpt.config.n_head - 1),
        )
        for layer, head in heads
    ]
    walked = inside(gpt, ids)
    layer, head = next(
        (
            (layer, head)
            for layer, head in places
            if float(walked.blocks[layer].attention.weights[head, -1, -1]) < 0.5
        ),
        places[0],
    )
    return {
        "text": text,
        "model": model,
        "tokens": [
            {
                "label": visible(tokenizer.token_text(i)),
                "id": i,
                "bytes": tokenizer.token_bytes(i).hex(" "),
            }
            for i in ids
        ],
        "n_layer": gpt.config.n_layer,
        "n_head": gpt.config.n_head,
        "layer": layer,
        "head": head,
        "stages": stages(),
        "matrices": _matrices(walked, layer),
        "neurons": _neurons(gpt, tokenizer, walked, layer),
        "depths": _depths(gpt, tokenizer, walked),
        "next": [_next(tokenizer, logits) for logits in walked.logits],
    }


def _matrices(walked: Inside, layer: int) -> dict[str, Any]:
    """The matrices of a layer by the key of their stage; of heads, one after the other."""
    block = walked.blocks[layer]
    of_heads = vars(block.attention)  # queries, keys, values, scores, weights, heads
    of_block = {name: stage for name, stage in vars(block).items() if name != "attention"}
    whole = {
        "token_embeddings": walked.token_embeddings,
        "position_embeddings": walked.position_embeddings,
        "ln_f": walked.ln_f,
    }
    return {name: packed(matrix) for name, matrix in (whole | of_block | of_heads).items()}


def packed(matrix: Tensor) -> dict[str, Any]:
    """{shape, step, data}: number i of the matrix is step * the i-th 16-bit number of the data."""
    largest = float(matrix.abs().max())
    step = largest / FULL or 1.0  # a matrix of zeros
    numbers = (matrix / step).round().to(torch.int16).cpu().numpy().astype("<i2")
    data = base64.b64encode(numbers.tobytes()).decode("ascii")
    return {"shape": list(matrix.shape), "step": step, "data": data}


def _neurons(
    gpt: GPT2, tokenizer: Tokenizer, walked: Inside, layer: int
) -> list[list[dict[str, Any]]]:
    """Per position the most active neurons of the layer, with the tokens that they write."""
    return [
        [
            {
                "index": neuron.index,
                "activation": round(neuron.activation, 3),
                "tokens": [visible(tokenizer.token_text(i)) for i in neuron.token_ids],
            }
            for neuron in position
        ]
        for position in active_neurons(gpt, layer, walked.blocks[layer].neurons)
    ]


def _depths(gpt: GPT2, tokenizer: Tokenizer, walked: Inside) -> list[dict[str, Any]]:
    """The stream before the first and after each layer: what it would say next, per position, and
    how much attention and MLP of the layer have added to it (the lengths of these vectors)."""
    lens = logit_lens(gpt, walked.token_ids, k=1)  # n_layer + 1 depths
    depths: list[dict[str, Any]] = [
        {
            "guesses": [visible(tokenizer.token_text(i)) for i in ids],
            "shares": shares.astype("float64").round(4).tolist(),
        }
        for ids, shares in zip(
            lens.token_ids[..., 0].tolist(), lens.probabilities[..., 0], strict=True
        )
    ]
    for depth, block in zip(depths[1:], walked.blocks, strict=True):
        depth["attention"] = _lengths(block.projection)
        depth["mlp"] = _lengths(block.mlp)
    return depths


def _lengths(vectors: Tensor) -> list[float]:
    return [round(length, 2) for length in vectors.norm(dim=-1).tolist()]  # (T, C) -> (T,)


def _next(tokenizer: Tokenizer, logits: Tensor) -> dict[str, Any]:
    """The logits (V,) of one position: the largest, by falling value, and the rest as one number.

    rest  log Σ e^logit over all others, so that the shares of those shown are the model's own
    """
    ordered = logits.sort(descending=True, stable=True)  # among equals the smaller id comes first
    shown, rest = ordered.values[:SHOWN_LOGITS], ordered.values[SHOWN_LOGITS:]
    ids = ordered.indices[:SHOWN_LOGITS].tolist()
    log_rest = float(rest.logsumexp(dim=0)) if len(rest) else -math.inf
    return {
        "ids": ids,
        "labels": [visible(tokenizer.token_text(i)) for i in ids],
        "logits": [round(logit, 4) for logit in shown.tolist()],
        "rest": round(log_rest, 4) if math.isfinite(log_rest) else None,
        "others": len(rest),
    }


def what_if_view(
    api: Api, text: str, model: str, heads: object = None, layers: object = ()
) -> dict[str, Any]:
    """`Api.ablate` as what_if.js draws it, with what is switched off.

    heads=None switches off the one that matters most, so that there is something to see at first.
    """
    found, off = api.ablation(text, heads, layers, new_tokens=10, rows=8, model=model)
    gpt, _ = api.registry.language_model(model)
    outcomes = {
        name: {
            "continuation": outcome["continuation"],
            "rows": [
                {
                    "label": visible(row["token"]),
                    "token_id": row["token_id"],
                    "probability": row["probability"],
                }
                for row in outcome["next_tokens"]
            ],
        }
        for name, outcome in (("untouched", found["untouched"]), ("ablated", found["ablated"]))
    }
    return {
        "text": text,
        "n_layer": gpt.config.n_layer,
        "n_head": gpt.config.n_head,
        "predicted": visible(found["predicted"]),
        "log_probability": found["log_probability"],
        "effects": found["effects"],
        "layer_effects": found["layer_effects"],
        "most_important": found["most_important"],
        "heads": off,
        "layers": limits.check_layers(layers),
        **outcomes,
    }
