"""Speculative decoding: a small model proposes a few tokens, the large one checks them in one pass.

Leviathan et al. 2022, https://arxiv.org/abs/2211.17192, and Chen et al. 2023,
https://arxiv.org/abs/2302.01318. A decode step of a large model costs the reading of its weights,
and checking five tokens costs hardly more than making one. If the small model often guesses what
the large one would have said, the large one takes fewer steps.

The text has the distribution of the large model alone, exactly. Let q be what the small model drew
a token from, and p what the large one says. Where q gives a token more than p does, it is kept only
with probability p / q; what this leaves undone is where p gives more, so a rejected token is
replaced by a draw from max(0, p - q). Greedily the text is the same, token by token.

Whether it pays is a matter of three numbers: how often guesses are right, what a guess costs, and
what checking several tokens costs beside making one. Our own models are too small for it: two
layers that guess for six are right often enough to save half of the passes and more, but with the
output layer they cost half a pass themselves. README has the figures. It is here to be read, and
for a large model with a small sister.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gpt2_scratch.engine.slots import common_beginning
from gpt2_scratch.generation import (
    MAX_NEW_TOKENS,
    Continuation,
    TokenStep,
    checked_deadline,
    checked_ids,
)
from gpt2_scratch.kv_cache import KVCache
from gpt2_scratch.sampling import SamplingSettings, check_integer, reshape_logits

PIECE = 32  # tokens whose logits may be computed in vain

if TYPE_CHECKING:
    from gpt2_scratch.engine.native import NativeGPT2
    from gpt2_scratch.model import GPT2


class Speculative:
    """Two models with one vocabulary that write together; takes the place of a model.

    `generation.stream` and `chat.Assistant` take one as they take an engine. Its context window is
    the shorter of the two.

    Args:
        model: whose text it is.
        draft: the small model that guesses.
        ahead: how many tokens it guesses at a time, 1 to 64.

    Raises ValueError if the vocabularies have different sizes.
    """

    def __init__(self, model: GPT2 | NativeGPT2, draft: GPT2 | NativeGPT2, ahead: int = 4) -> None:
        if model.config.vocab_size != draft.config.vocab_size:
            raise ValueError(
                f"The draft has a vocabulary of {draft.config.vocab_size:,} tokens and the model "
                f"one of {model.config.vocab_size:,}: both must read the same tokens."
            )
        window = min(model.config.block_size, draft.config.block_size)
        self.config = replace(model.config, block_size=window)
        self.model, self.draft = model, draft
        self.ahead = check_integer("ahead", ahead, 1, 64)

    def generate_tokens(
        self,
        ids: Sequence[int],
        settings: SamplingSettings,
        max_new_tokens: int,
        stop_ids: Sequence[int] = (),
        deadline: float | None = None,
    ) -> Generator[TokenStep, None, None]:
        """Continue a sequence of token ids; see `generation.generate_tokens`."""
        max_new_tokens = check_integer("max_new_tokens", max_new_tokens, 1, MAX_NEW_TOKENS)
        settings = settings.resolved()
        prompt = checked_ids(ids, self.config.vocab_size)
        deadline = checked_deadline(deadline)
        text = Continuation(self.config, prompt, settings, max_new_tokens, stop_ids, deadline)
        return self._steps(text, settings)

    def _steps(
        self, text: Continuation, settings: SamplingSettings
    ) -> Generator[TokenStep, None, None]:
        generator = settings.generator()
        readers = _Reader(self.model), _Reader(self.draft)
        while True:
            for token, probability in self._round(text, settings, generator, *readers):
                step = text.append(token, probability)
                yield step
                if step.finish_reason:
                    return
                if not text.seen:  # the window has moved, and what comes next was guessed for it
                    break

    @torch.inference_mode()
    def _round(
        self,
        text: Continuation,
        settings: SamplingSettings,
        generator: torch.Generator,
        model: _Reader,
        draft: _Reader,
    ) -> list[tuple[int, float]]:
        """The next tokens, 1 to ahead + 1, each with its probability under the model itself."""
        window = text.window
        ahead = min(self.ahead, text.left - 1, self.config.block_size - len(window))
        guessed = list(window)
        guesses = []
        for _ in range(ahead):
            guesses.append(_distribution(draft.read(guessed, 1), settings, guessed))
            guessed.append(draw(guesses[-1][0], generator))
        logits = model.read(guessed, ahead + 1)  # (ahead + 1, V)
        judged = torch.cat(
            [
                _distribution(logits[i : i + 1], settings, guessed[: len(window) + i])
                for i in range(ahead + 1)
            ]
        )  # (1, V) each -> (ahead + 1, V)
        proposed = guessed[len(window) :]
        kept = verify(proposed, torch.cat(guesses) if guesses else judged[:0], judged, generator)
        own = logits[: len(kept)].softmax(dim=-1)  # (n, V)
        return [(token, float(own[i, token])) for i, token in enumerate(kept)]


def verify(
    proposed: Sequence[int], guesses: Tensor, judged: Tensor, generator: torch.Generator
) -> list[int]:
    """What becomes of proposed tokens: the first ones, as far as they are kept, and one more.

    Args:
        proposed: n tokens, token i drawn from guesses[i].
        guesses: (n, V) probabilities by the small model.
        judged: (n + 1, V) probabilities by the large one at the same places, and at the next.

    Returns:
        1 to n + 1 tokens, distributed as if each had been drawn from `judged`.
    """
    for i, token in enumerate(proposed):
        p, q = judged[i], guesses[i]
        if _uniform(generator) * float(q[token]) >= float(p[token]):
            return [*proposed[:i], draw((p - q).clamp(min=0), generator)]
    return [*proposed, draw(judged[len(proposed)], generator)]


def draw(weights: Tensor, generator: torch.Generator) -> int:
    """An index with a probability in proportion to its weight: (V,), at least one above 0."""
    ends = weights.double().cumsum(dim=-1)
    index = int(torch.searchsorted(ends, _uniform(generator) * ends[-1], right=True))
    return min(index, int(weights.nonzero()[-1]))  # rounding may throw the dart past the end


def _uniform(generator: torch.Generator) -> float:
    return float(torch.rand((), dtype=torch.float64, generator=generator))


def _distribution(logits: Tensor, settings: SamplingSettings, ids: list[int]) -> Tensor:
    """What a token is drawn from behind these ids: (1, V) logits -> (1, V) probabilities."""
    previous = torch.tensor([ids]) if settings.repetition_penalty != 1.0 else None
    return reshape_logits(logits, settings, previous).softmax(dim=-1)


class _Reader:
    """A model with a cache that follows a text, also back to where a guess was wrong."""

    def __init__(self, model: GPT2 | NativeGPT2) -> None:
        self._model = model
        self._cache = KVCache(model.config)
        self._held: list[int] = []

    def read(self, ids: list[int], wanted: int) -> Tensor:
        """Logits (wanted, V) behind each of the last ids."""
        known = min(common_beginning(self._held, ids), len(ids) - wanted)
        if len(ids) - known > 2 * wanted + PIECE:  # a prompt, of which nobody wants logits
            known = self._read_on(ids, known, len(ids) - wanted)
        self._cache.length, self._held = known, list(ids)  # what lies behind is overwritten
        logits: Tensor = self._model(torch.tensor([ids[known:]]), self._cache, all_positions=True)
        return logits[0, -wanted:]  # (1, T, V) -> (wanted, V)

    def _read_on(self, ids: list[int], start: int, end: int) -> int:
        self._cache.length = start
        self._model(torch.tensor([ids[start:end]]), self._cache)
        return end
