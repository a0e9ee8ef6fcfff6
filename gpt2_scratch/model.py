"""GPT-2, from tensor operations, readable from top to bottom.

A token sequence goes in, one row of logits per position comes out:

    ids -> wte + wpe -> n_layer x Block -> ln_f -> @ wte.T -> logits

The architecture is that of "Language Models are Unsupervised Multitask Learners" (Radford et al.
2019), and every parameter has the name OpenAI gave it, so that checkpoints map by name. Each
building block exists twice: a plain path that spells the formula out, and PyTorch's fused operator
for the same formula, which is faster. `GPT2.use_fused` chooses; the tests hold the two equal.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from gpt2_scratch.config import GPT2Config
from gpt2_scratch.kv_cache import KVCache


class LayerNorm(nn.Module):
    """Each position's vector to mean 0 and variance 1, then a learned scale and shift.

    Ba et al. 2016, https://arxiv.org/abs/1607.06450.
    """

    def __init__(self, config: GPT2Config) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(config.n_embd))
        self.bias = nn.Parameter(torch.zeros(config.n_embd))
        self.epsilon = config.layer_norm_epsilon
        self.fused = True

    def forward(self, x: Tensor) -> Tensor:
        if self.fused:
            return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.epsilon)
        mean = x.mean(dim=-1, keepdim=True)  # (B, T, C) -> (B, T, 1)
        variance = (x - mean).pow(2).mean(dim=-1, keepdim=True)  # (B, T, C) -> (B, T, 1)
        return (x - mean) / torch.sqrt(variance + self.epsilon) * self.weight + self.bias


class GELU(nn.Module):
    """The Gaussian error linear unit in the tanh form that GPT-2 was trained with.

    Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fused = True

    def forward(self, x: Tensor) -> Tensor:
        if self.fused:
            return F.gelu(x, approximate="tanh")
        inner = math.sqrt(2.0 / math.pi) * (x + 0.044715 * x.pow(3))
        return 0.5 * x * (1.0 + torch.tanh(inner))


class CausalSelfAttention(nn.Module):
    """Every position gathers from itself and the positions before it, n_head times in parallel.

    Vaswani et al. 2017, https://arxiv.org/abs/1706.03762. Decoder-only: the mask is causal, and
    there is no padding mask; batches of unequal texts are padded on the right, where a causal
    model cannot see.
    """

    def __init__(self, config: GPT2Config, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.n_head, self.head_dim = config.n_head, config.head_dim
        self.dropout = config.dropout
        self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd)  # queries, keys, values at once
        self.c_proj = nn.Linear(config.n_embd, config.n_embd)
        self.fused = True

    def forward(
        self, x: Tensor, cache: KVCache | None = None, maps: list[Tensor] | None = None
    ) -> Tensor:
        """(B, T, C) -> (B, T, C). A `maps` list receives the weights (B, nh, T, T_seen)."""
        B, T, C = x.shape
        q, k, v = self.c_attn(x).split(C, dim=2)  # (B, T, 3C) -> three of (B, T, C)
        q = q.view(B, T, self.n_head, self.head_dim).transpose(1, 2)  # -> (B, nh, T, hs)
        k = k.view(B, T, self.n_head, self.head_dim).transpose(1, 2)  # -> (B, nh, T, hs)
        v = v.view(B, T, self.n_head, self.head_dim).transpose(1, 2)  # -> (B, nh, T, hs)
        if cache is not None:
            k, v = cache.update(self.layer, k, v)  # (B, nh, T, hs) -> (B, nh, T_seen, hs)
        if self.fused and maps is None:
            y = self._fused_attention(q, k, v)
        else:
            y = self._plain_attention(q, k, v, maps)
        y = y.transpose(1, 2).reshape(B, T, C)  # (B, nh, T, hs) -> (B, T, C): heads side by side
        return F.dropout(self.c_proj(y), self.dropout, self.training)

    def _plain_attention(
        self, q: Tensor, k: Tensor, v: Tensor, maps: list[Tensor] | None
    ) -> Tensor:
        scores = q @ k.transpose(-2, -1) / math.sqrt(self.head_dim)  # -> (B, nh, T, T_seen)
        mask = causal_mask(q.size(2), k.size(2), q.device)
        scores = scores.masked_fill(~mask, float("-inf"))
        weights = F.softmax(scores, dim=-1)  # each row sums to 1 over the visible positions
        if maps is not None:
            maps.append(weights)
        weights = F.dropout(weights, self.dropout, self.training)
        return weights @ v  # (B, nh, T, T_seen) @ (B, nh, T_seen, hs) -> (B, nh, T, hs)

    def _fused_attention(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        T, T_seen = q.size(2), k.size(2)
        dropout = self.dropout if self.training else 0.0
        if T == T_seen:  # training, or a prompt read into an empty cache
            return F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True)
        # One new token may look at everything, so it needs no mask. For several new tokens behind
        # a filled cache `is_causal` would align the mask to the wrong corner: pass it explicitly.
        mask = None if T == 1 else causal_mask(T, T_seen, q.device)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)


def causal_mask(T: int, T_seen: int, device: torch.device) -> Tensor:
    """(T, T_seen) bool: may new position i, at place T_seen - T + i, look at place j?"""
    mask = torch.ones(T, T_seen, dtype=torch.bool, device=device)
    return mask.tril(diagonal=T_seen - T)


class MLP(nn.Module):
    """Two linear layers with a GELU between them: what each position computes on its own."""

    def __init__(self, config: GPT2Config) -> None:
        super().__init__()
        self.c_fc = nn.Linear(config.n_embd, 4 * config.n_embd)
        self.gelu = GELU()
        self.c_proj = nn.Linear(4 * config.n_embd, config.n_embd)
        self.dropout = config.dropout

    def forward(self, x: Tensor) -> Tensor:
        x = self.c_proj(self.gelu(self.c_fc(x)))  # (B, T, C) -> (B, T, 4C) -> (B, T, C)
        return F.dropout(x, self.dropout, self.training)


class Block(nn.Module):
    """Attention, then MLP, each reading a normalised copy of the stream and adding to it."""

    def __init__(self, config: GPT2Config, layer: int) -> None:
        super().__init__()
        self.ln_1 = LayerNorm(config)
        self.attn = CausalSelfAttention(config, layer)
        self.ln_2 = LayerNorm(config)
        self.mlp = MLP(config)

    def forward(
        self, x: Tensor, cache: KVCache | None = None, maps: list[Tensor] | None = None
    ) -> Tensor:
        x = x + self.attn(self.ln_1(x), cache, maps)
        return x + self.mlp(self.ln_2(x))


class GPT2(nn.Module):
    """The language model. The output layer is the token embedding itself (tied weights)."""

    def __init__(self, config: GPT2Config) -> None:
        super().__init__()
        self.config = config
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.wpe = nn.Embedding(config.block_size, config.n_embd)
        self.h = nn.ModuleList(Block(config, layer) for layer in range(config.n_layer))
        self.ln_f = LayerNorm(config)
        self.gradient_checkpointing = False
        self.init_weights()

    def init_weights(self, generator: torch.Generator | None = None) -> GPT2:
        """Random weights as in the GPT-2 paper; returns self.

        Normal with deviation 0.02, biases zero. The two projections of each block that write into
        the residual stream get 0.02 / sqrt(2 n_layer), which keeps the variance of a sum of
        2 n_layer contributions at the level of one.
        """
        for name, parameter in self.named_parameters():
            if name.endswith(".bias"):
                nn.init.zeros_(parameter)
            elif parameter.dim() == 1:  # the scale of a LayerNorm
                nn.init.ones_(parameter)
            else:
                is_residual = name.endswith("c_proj.weight")
                std = 0.02 / math.sqrt(2 * self.config.n_layer) if is_residual else 0.02
                nn.init.normal_(parameter, std=std, generator=generator)
        return self

    @property
    def cache_dtype(self) -> torch.dtype:
        """What its keys and values are kept in: that of the weights."""
        return self.wte.weight.dtype

    def forward(
        self,
        idx: Tensor,
        cache: KVCache | None = None,
        all_positions: bool = False,
        positions: Tensor | None = None,
    ) -> Tensor:
        """Logits of the next token.

        idx            (B, T) int64 token ids; with a cache, only the tokens it has not seen yet
        cache          filled with the keys and values of `idx` and advanced by T
        all_positions  True: (B, T, vocab_size), for training; False: (B, 1, vocab_size), the last
                       position only, which saves a third of the work of reading a long prompt
        positions      (B, T) bool: (N, vocab_size), the logits of its N true positions, row by row,
                       for training on part of a text

        Raises ValueError when the sequence outgrows the context window.
        """
        x = self.hidden_states(idx, cache)  # (B, T, C)
        if positions is not None:
            x = x[positions]  # (B, T, C) -> (N, C)
        elif not all_positions:
            x = x[:, [-1]]  # (B, T, C) -> (B, 1, C)
        return F.linear(x, self.wte.weight)  # (B, T, C) @ (C, V) -> (B, T, V)

    def hidden_states(
        self, idx: Tensor, cache: KVCache | None = None, maps: list[Tensor] | None = None
    ) -> Tensor:
        """(B, T) ids -> (B, T, n_embd): the stream after the final norm, which a head can read."""
        T, start = idx.size(1), 0 if cache is None else cache.length
        if start + T > self.config.block_size:
            raise ValueError(
                f"{start + T} tokens do not fit into the context window of "
                f"{self.config.block_size}; shorten the text."
            )
        positions = torch.arange(start, start + T, device=idx.device)  # (T,)
        x = self.wte(idx) + self.wpe(positions)  # (B, T, C) + (T, C) -> (B, T, C)
        x = F.dropout(x, self.config.dropout, self.training)
        for block in self.h:
            if self.gradient_checkpointing and self.training:
                # Keep a block's input only, and compute its inside again on the way back: a third
                # more work for a fraction of the memory. Chen et al. 2016,
                # https://arxiv.org/abs/1604.06174.
                x = checkpoint(block, x, use_reentrant=False)
            else:
                x = block(x, cache, maps)
        if cache is not None:
            cache.advance(T)
        return self.ln_f(x)

    def attention_maps(self, idx: Tensor) -> Tensor:
        """(B, T) ids -> (n_layer, B, n_head, T, T) attention weights from the plain path.

        Row i of a map says how position i shares its attention out over positions 0..i.
        """
        maps: list[Tensor] = []
        self.hidden_states(idx, maps=maps)
        return torch.stack(maps)  # n_layer x (B, nh, T, T) -> (n_layer, B, nh, T, T)

    def use_fused(self, fused: bool) -> GPT2:
        """Choose PyTorch's fused operators (True) or the written-out formulas (False)."""
        for module in self.modules():
            if isinstance(module, (LayerNorm, GELU, CausalSelfAttention)):
                module.fused = fused
        return self

    def num_parameters(self) -> int:
        """Trainable numbers in the model; the tied output layer is counted once."""
        return sum(parameter.numel() for parameter in self.parameters())
