"""What a stopwatch would choose: decode steps in each mode, beside what the app takes.

The app itself never asks a clock (`native.choose_mode`). This says whether its rule fits a machine.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from gpt2_scratch.checkpoints.format import build_model
from gpt2_scratch.engine.native import NativeGPT2, choose_mode
from gpt2_scratch.engine.quantization import MODES, stored_bytes
from gpt2_scratch.kv_cache import KVCache
from gpt2_scratch.model import GPT2

LAYERS = 2  # with the output layer, more than a processor's caches hold of a large model
STEPS = 12  # of each mode and round
WORTH = 0.9  # a coarser mode must take less than this much of the time


def probe(model: GPT2, rounds: int) -> list[dict[str, Any]]:
    """A row per mode: milliseconds of one decode step of the first layers, and who chooses it.

    The modes take turns and each shows its best time: a busy machine makes steps slower, never
    faster. Raises NativeUnavailable.
    """
    layers = tuple(f"h.{layer}." for layer in range(LAYERS))
    tensors = {
        name: t
        for name, t in model.state_dict().items()
        if name.startswith(layers) or not name.startswith("h.")
    }
    config = replace(model.config, n_layer=min(LAYERS, model.config.n_layer))
    shallow = build_model(config, tensors)
    contestants = {mode: NativeGPT2(shallow, mode) for mode in MODES}
    cache = KVCache(config, 1, 1)
    best = dict.fromkeys(MODES, float("inf"))
    for _ in range(STEPS * rounds):
        for mode, contestant in contestants.items():
            start = time.perf_counter()
            contestant.forward_rows([0], [0], [0], cache, [0])
            best[mode] = min(best[mode], time.perf_counter() - start)
    fastest = MODES[0]
    for mode in MODES[1:]:
        if best[mode] < WORTH * best[fastest]:
            fastest = mode
    taken = choose_mode(model)
    return [
        {
            "mode": mode,
            "MB": stored_bytes(model, mode) / 1e6,
            "ms": 1000 * best[mode],
            "a clock": "chooses it" if mode == fastest else "",
            "the app": "takes it" if mode == taken else "",
        }
        for mode in MODES
    ]
