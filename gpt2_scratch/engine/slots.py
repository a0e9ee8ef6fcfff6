"""Which slot of a cache holds which tokens, so that no beginning of a text is read twice.

Keys and values of a token depend on the tokens before it and on nothing else. So whoever continues
a conversation, or sends a prompt again, need not have its beginning read again if some slot still
holds it: from the turn before, or from another text that is being written right now. Slots that
nobody uses are kept as they were and given out by age, the longest unused first. The memory is that
of the cache and never grows.

What is shared is computed from one's own tokens too, so no text can show another. Only the time to
the first token tells that somebody has lately sent the same beginning; where even that must not be
known, turn `reuse` off.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from gpt2_scratch.kv_cache import KVCache

SHORTEST = 16  # tokens; fewer are read as quickly as copied


class Slots:
    """The slots of a cache, as the engine gives them out and takes them back.

    reuse  whether a text may start from what a slot holds; False: each is read from its beginning
    """

    def __init__(self, cache: KVCache, reuse: bool = True) -> None:
        count = cache.keys.size(1)
        self._cache, self._reuse = cache, reuse
        self._free = deque(range(count))  # the longest unused first
        self._held: list[list[int]] = [[] for _ in range(count)]  # from position 0 on

    def take(self, window: Sequence[int]) -> tuple[int, int]:
        """A slot for a text, and how many of its first tokens the slot holds already.

        Never all of them: the last one is to be read, since its logits are wanted. A slot must be
        free.
        """
        source, known = self._most_of(window[:-1])
        if source in self._free and 2 * known > len(self._held[source]):
            slot = source  # an earlier turn of the same conversation, most likely: go on there
            self._free.remove(slot)
        else:
            slot = self._free.popleft()
            for tensor in (self._cache.keys, self._cache.values):
                # (n_layer, slots, n_head, max_length, head_dim)
                tensor[:, slot, :, :known] = tensor[:, source, :, :known]
            self._held[slot] = self._held[source][:known]
        del self._held[slot][known:]
        return slot, known

    def _most_of(self, tokens: Sequence[int]) -> tuple[int, int]:
        """The slot that begins with most of these tokens, and how many; 0 if it is not worth it."""
        if not self._reuse:
            return 0, 0
        lengths = [common_beginning(held, tokens) for held in self._held]
        known = max(lengths)
        return (lengths.index(known), known) if known >= SHORTEST else (0, 0)

    def will_read(self, slot: int, position: int) -> None:
        """From this position on, what the slot holds is about to change."""
        del self._held[slot][position:]

    def has_read(self, slot: int, tokens: Sequence[int]) -> None:
        """These tokens have been read behind those that it held."""
        self._held[slot] += tokens

    def give_back(self, slot: int) -> None:
        """Nobody writes there any more; what it holds stays until it is needed."""
        self._free.append(slot)


def common_beginning(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two sequences begin with in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
