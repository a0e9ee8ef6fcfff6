"""How two vocabularies cut the same text: that of `base`, and that of OpenAI's GPT-2."""

from __future__ import annotations

from typing import Any

from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.registry import GPT2_VOCABULARY
from gpt2_scratch.demo.theme import visible

SHOWN = 300  # pieces of a text, a screen full of them; a longer one is counted whole


def pieces(api: Api, text: str) -> dict[str, Any]:
    """The tokens of a text in each vocabulary that is here, as pieces.js draws them."""
    views = []
    for model in ("base", GPT2_VOCABULARY):
        try:
            tokens = api.tokenize(text, model)
        except ValueError:
            continue  # the tab says above why `base` is missing
        views.append(
            {
                "name": api.registry.source(model),
                "entries": api.registry.tokenizer(model).vocab_size,
                "count": len(tokens),
                "tokens": [
                    [visible(token["token"]), token["token_id"], token["bytes"]]
                    for token in tokens[:SHOWN]
                ],
            }
        )
    return {"characters": len(text), "views": views}
