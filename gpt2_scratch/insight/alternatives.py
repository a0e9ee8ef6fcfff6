"""What a written token might have been instead: the model's view of each place of a text.

Generation asks the model for one distribution at a time. A finished text needs no such patience:
one forward pass gives the distribution at every place at once, and with a causal mask they are the
very ones that generation saw, because no position can look at what comes after it. This is how
GLTR (Gehrmann et al. 2019, https://arxiv.org/abs/1906.04043) shows which words a model expects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from gpt2_scratch.checks import check_integer

if TYPE_CHECKING:
    from gpt2_scratch.model import GPT2


@dataclass(frozen=True)
class Place:
    """One token of a text, seen from the tokens before it.

    probability   in [0, 1]: the model's own, at temperature 1 and with nothing filtered
    rank          1 for the most probable token of the vocabulary
    alternatives  the most probable tokens of this place as (token id, probability), best first;
                  the token itself is among them if its rank is high enough
    """

    token_id: int
    probability: float
    rank: int
    alternatives: list[tuple[int, float]]


@torch.inference_mode()
def alternatives(
    model: GPT2, prompt_ids: Sequence[int], token_ids: Sequence[int], rows: int = 5
) -> list[Place]:
    """The places of `token_ids`, a text that follows `prompt_ids`, in one forward pass.

    The model reads the last `block_size` tokens. Where generation had to drop old tokens on its
    way, the probabilities are those of the text read in one piece.

    Args:
        prompt_ids: at least one id; `generation.encode_prompt` gives them.
        token_ids: at most `block_size` ids.
        rows: how many alternatives, 1 to 100.

    Raises:
        ValueError: an argument is out of range.
    """
    rows = check_integer("rows", rows, 1, 100)
    block_size = model.config.block_size
    if not prompt_ids:
        raise ValueError("The prompt has no token; start with the end-of-text token.")
    if len(token_ids) > block_size:
        raise ValueError(
            f"{len(token_ids):,} tokens do not fit into the context window of {block_size:,}; "
            "look at a shorter part of the text."
        )
    if not token_ids:
        return []
    read = [*prompt_ids, *token_ids[:-1]][-block_size:]  # each token is foretold by those before
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    logits = model(torch.tensor([read], device=device), all_positions=True)  # (1, T) -> (1, T, V)
    logits = logits[0, -len(token_ids) :].float()  # (1, T, V) -> (n, V)
    own = torch.tensor(token_ids, device=device)[:, None]  # (n, 1)
    ranks = (logits > logits.gather(1, own)).sum(dim=1) + 1  # (n, V) -> (n,)
    probabilities = logits.softmax(dim=-1)  # (n, V)
    best = probabilities.topk(min(rows, probabilities.size(1)))  # (n, rows)
    return [
        Place(token_id, probability, rank, list(zip(ids, shares, strict=True)))
        for token_id, probability, rank, ids, shares in zip(
            token_ids,
            probabilities.gather(1, own)[:, 0].tolist(),  # (n, 1) -> (n,)
            ranks.tolist(),
            best.indices.tolist(),
            best.values.tolist(),
            strict=True,
        )
    ]
