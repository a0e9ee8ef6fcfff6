"""What the page shows of a finished text: each token, how likely it was, and what else might be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gpt2_scratch.demo.registry import Registry
from gpt2_scratch.demo.theme import visible
from gpt2_scratch.generation import encode_prompt
from gpt2_scratch.insight.alternatives import Place, alternatives
from gpt2_scratch.vocabulary.tokenizer import IncrementalDecoder, Tokenizer

ROWS = 5  # alternatives of each token: what fits beside a text


def written_tokens(
    registry: Registry, model: str, prompt: str, token_ids: Sequence[int]
) -> list[dict[str, Any]]:
    """The tokens of a continuation, as continuation.js draws them.

    Each has `text` (the characters that it completed), `token` (for display), `probability`, `rank`
    and `alternatives`: id (None where no text can go on with it: half a character, or the end),
    token and probability.
    """
    gpt, tokenizer = registry.language_model(model)
    return token_rows(
        tokenizer, alternatives(gpt, encode_prompt(tokenizer, prompt), token_ids, ROWS)
    )


def token_rows(tokenizer: Tokenizer, places: Iterable[Place]) -> list[dict[str, Any]]:
    """`written_tokens` of places that are known."""
    decoder = IncrementalDecoder(tokenizer)
    tokens: list[dict[str, Any]] = []
    for place in places:
        ended = place.token_id == tokenizer.eot_id
        tokens.append(
            {
                "text": "" if ended else decoder.push(place.token_id),
                "token": visible(tokenizer.token_text(place.token_id)),
                "probability": round(place.probability, 5),
                "rank": place.rank,
                "alternatives": [
                    {
                        "id": None if token_characters(tokenizer, token_id) is None else token_id,
                        "token": visible(tokenizer.token_text(token_id)),
                        "probability": round(probability, 5),
                    }
                    for token_id, probability in place.alternatives
                ],
            }
        )
    if tokens:
        tokens[-1]["text"] += decoder.flush()
    return tokens


def token_characters(tokenizer: Tokenizer, token_id: int) -> str | None:
    """A token as text that can be appended to a prompt; None if its bytes are not whole characters.

    The end-of-text token is none either: written out it would be plain text.
    """
    if token_id == tokenizer.eot_id:
        return None
    try:
        return tokenizer.token_bytes(token_id).decode("utf-8")
    except UnicodeDecodeError:
        return None
