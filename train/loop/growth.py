"""A deeper model from a trained shallow one."""

from __future__ import annotations

import torch

from gpt2_scratch.model import GPT2


def grow(source: GPT2, target: GPT2) -> GPT2:
    """Start a deeper model with a longer window from a trained shallow one; returns `target`.

    The blocks are repeated in order (progressive stacking, Gong et al. 2019,
    https://proceedings.mlr.press/v97/gong19a.html) and the positions tiled (Beltagy et al. 2020,
    https://arxiv.org/abs/2004.05150, section 5). The early tokens of a run cost half as much in
    the shallow model. Raises ValueError when width, heads or vocabulary differ.
    """
    old, new = source.config, target.config
    same = (old.n_embd, old.n_head, old.vocab_size) == (new.n_embd, new.n_head, new.vocab_size)
    if not same or new.n_layer % old.n_layer or new.block_size % old.block_size:
        raise ValueError(
            f"A model grows by whole copies of its {old.n_layer} layers and {old.block_size} "
            f"positions, at the same width, heads and vocabulary; {new} does not."
        )
    with torch.no_grad():
        target.wte.load_state_dict(source.wte.state_dict())
        target.ln_f.load_state_dict(source.ln_f.state_dict())
        tiles = new.block_size // old.block_size
        target.wpe.weight.copy_(source.wpe.weight.repeat(tiles, 1))  # (T, C) -> (tiles * T, C)
        for layer, block in enumerate(target.h):
            block.load_state_dict(source.h[layer % old.n_layer].state_dict())
    return target
