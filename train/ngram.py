"""A count-based language model to measure ours against: interpolated Kneser-Ney.

    python -m train.ngram --tokens 20M

An n-gram model predicts a token from the n-1 before it by counting. What makes it good is how it
backs off where the counts are thin (Kneser and Ney 1995; Chen and Goodman 1998, section 3):

    p_n(w | h) = max(c(h w) - D, 0) / c(h)  +  D * N(h) / c(h) * p_{n-1}(w | h')

c counts, D in (0, 1) is taken off every count, N(h) is how many different tokens followed h, and
h' is h without its first token. Below the highest order, c(g) is not how often g occurs but how
many different tokens stand before it: "Francisco" is frequent, yet it follows only "San".
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train.figures.held_out import figures_of
from train.loop.settings import parse_count
from train.packing import MIXTURE, TokenMixture, pack, token_byte_lengths

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
WINDOW = 512  # tokens; n-grams do not cross the windows that the model is trained on


@dataclass
class _Order:
    """All different n-grams of one length; an n-gram's id is its row.

    keys      (N,) ascending: id of the first n-1 tokens * vocab_size + the last token
    mass      (N,) max(c - D, 0)
    total     (contexts,) c(h) per id of the first n-1 tokens, at least 1
    back_off  (contexts,) D * N(h) / c(h): the weight of the lower order; 1 where c(h) is 0
    """

    keys: Ints
    mass: Floats
    total: Floats
    back_off: Floats


class KneserNey:
    """Interpolated Kneser-Ney of any order, one discount per order.

    Args:
        windows: (rows, T) int64 token ids in [0, vocab_size); T >= order.
        vocab_size: number of different ids.
        order: length of the longest n-grams, at least 2.
    """

    def __init__(self, windows: Ints, vocab_size: int, order: int = 5) -> None:
        if order < 2 or windows.shape[1] < order:
            raise ValueError(f"Windows of {windows.shape[1]} tokens hold no {order}-grams.")
        self.vocab_size = vocab_size
        self.orders: list[_Order] = []
        ids = np.zeros_like(windows)  # (rows, T) of the 0-gram before each token: there is one
        keys, contexts = np.zeros(0, dtype=np.int64), 1  # of the length before; `contexts` of it
        for length in range(1, order + 1):
            # Id of the length-1 tokens before a token, and the token: (rows, T - length + 1)
            grams = ids[:, : windows.shape[1] - length + 1] * vocab_size + windows[:, length - 1 :]
            new_keys, first, inverse, counts = np.unique(
                grams, return_index=True, return_inverse=True, return_counts=True
            )
            if length > 1:  # the n-grams tell the counts of what is one token shorter
                row, column = np.unravel_index(first, grams.shape)
                without_first = ids[row, column + 1]
                left = np.bincount(without_first, minlength=len(keys))
                self.orders.append(_finish(keys, left, contexts, vocab_size))
                contexts = len(keys)
            keys = new_keys
            ids = inverse.reshape(grams.shape)  # (rows, T - length + 1)
        self.orders.append(_finish(keys, counts, contexts, vocab_size))

    def nats(self, x: Tensor, y: Tensor) -> float:
        """The summed negative log-probability of the targets y given x, both int64 (rows, T)."""
        tokens = np.concatenate([x.numpy()[:, :1], y.numpy()], axis=1)  # (rows, T + 1)
        return float(-np.log(self.probabilities(tokens)[:, 1:]).sum())

    def probabilities(self, windows: Ints) -> Floats:
        """Of each token given those before it in its window: (rows, T) -> (rows, T), in (0, 1)."""
        rows, width = windows.shape
        result = np.full((rows, width), 1.0 / self.vocab_size)  # the order below 1: uniform
        ids = np.zeros((rows, width), dtype=np.int64)  # of the n-1 tokens before; -1: never seen
        for length, order in enumerate(self.orders, start=1):
            # Predicted here: every position that has length-1 tokens before it in the window.
            context = ids[:, : width - length + 1]
            token = windows[:, length - 1 :]
            known = context >= 0
            h = np.where(known, context, 0)
            gram = np.where(known, _find(order.keys, h * self.vocab_size + token), -1)
            mass = np.where(gram >= 0, order.mass[gram], 0.0) / order.total[h]
            lower = result[:, length - 1 :]
            result[:, length - 1 :] = np.where(known, mass + order.back_off[h] * lower, lower)
            ids = gram
        return result


def _finish(keys: Ints, counts: Ints, contexts: int, vocab_size: int) -> _Order:
    ones, twos = int((counts == 1).sum()), int((counts == 2).sum())
    discount = ones / (ones + 2 * twos) if ones else 0.5  # Ney, Essen and Kneser 1994
    context = keys // vocab_size
    total = np.bincount(context, weights=counts, minlength=contexts)
    followers = np.bincount(context, weights=counts > 0, minlength=contexts)
    back_off = np.where(total > 0, discount * followers / np.maximum(total, 1), 1.0)
    return _Order(keys, np.maximum(counts - discount, 0.0), np.maximum(total, 1), back_off)


def _find(keys: Ints, wanted: Ints) -> Ints:
    """Rows of `wanted` in ascending `keys`, -1 where it is not there."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, at, -1)


def main(argv: list[str] | None = None) -> int:
    """Count n-grams of the training mixture and print the model's held-out figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m train.ngram", description=main.__doc__)
    parser.add_argument("--tokens", type=parse_count, default=20_000_000, help="e.g. 20M")
    parser.add_argument("--order", type=int, default=5)
    arguments = parser.parse_args(argv)
    tokenizer = Tokenizer.load()
    mixture = TokenMixture(pack(tokenizer), MIXTURE)
    windows = mixture.training_windows(0, max(1, arguments.tokens // WINDOW), WINDOW)
    model = KneserNey(windows, tokenizer.vocab_size, arguments.order)
    figures = figures_of(model.nats, mixture, token_byte_lengths(tokenizer), 16_384, WINDOW)
    print(json.dumps({"train_tokens": windows.size, **figures}, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
