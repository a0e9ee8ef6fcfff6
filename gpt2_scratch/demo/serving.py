"""Serving: the one place where every stream of the app gets its steps from.

The page and the API ask here for text and see steps only. Behind it each language model has an
engine (engine.py), which writes the texts of all who ask at the same time in one batch. Closing a
stream (`steps.close()`, which is also what happens when a visitor leaves) frees its place at once.

The engine computes with the compiled kernels where there is a C++ compiler, with weights in a mode
that suits the processor, and by PyTorch's operators otherwise.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from gpt2_scratch.chat import ChatStep, Message
from gpt2_scratch.demo import limits
from gpt2_scratch.demo.registry import Registry
from gpt2_scratch.engine.engine import Engine
from gpt2_scratch.engine.native import (
    NativeGPT2,
    NativeUnavailable,
    choose_mode,
    is_available,
)
from gpt2_scratch.engine.quantization import AUTOMATIC, check_mode, rounded
from gpt2_scratch.engine.rows import RowModel, TorchRows
from gpt2_scratch.generation import Step, encode_prompt, stream_from_ids
from gpt2_scratch.sampling import SamplingSettings

if TYPE_CHECKING:
    from gpt2_scratch.model import GPT2

AUTO = "auto"
LANGUAGE_MODELS = ("base", "chat")
# What the coarser modes cost is measured on our own models; others get them if asked.
MODES_FOR_OTHERS = ("fp32", "fp16")


@dataclass(frozen=True)
class Served:
    """How a model decodes: its engine, the mode of its weights, and whether by compiled kernels."""

    engine: Engine
    mode: str
    compiled: bool


class Serving:
    """Streams over the models of one registry. Each has the deadline of the public app.

    Args:
        mode: of the weights, one of `quantization.MODES`; "auto": what suits the processor and the
            model's size, see `native.choose_mode`; the same at each start.
    """

    def __init__(self, registry: Registry, mode: str = AUTO) -> None:
        self.registry = registry
        self._mode = mode if mode == AUTO else check_mode(mode)
        self._served: dict[str, Served] = {}
        self._lock = threading.Lock()

    def generate(
        self,
        model: str,
        prompt: str,
        settings: SamplingSettings,
        max_new_tokens: int,
        stop: Sequence[str] = (),
        written: Sequence[int] = (),
    ) -> Generator[Step, None, None]:
        """Continue a prompt, one Step per token; see `generation.stream`. Raises ValueError."""
        _, tokenizer = self.registry.language_model(model)
        return stream_from_ids(
            self.served(model).engine,
            tokenizer,
            encode_prompt(tokenizer, prompt),
            settings,
            max_new_tokens,
            stop,
            limits.DEADLINE_SECONDS,
            written,
        )

    def chat(
        self, messages: Sequence[Message], settings: SamplingSettings, max_new_tokens: int
    ) -> Generator[ChatStep, None, None]:
        """Answer a conversation; see `chat.Assistant.stream`. Raises ValueError."""
        return self.registry.assistant().stream(
            messages,
            max_new_tokens=max_new_tokens,
            deadline=limits.DEADLINE_SECONDS,
            source=self.served("chat").engine,
            **asdict(settings),
        )

    def served(self, name: str) -> Served:
        """How a language model decodes; set up on first use. Raises ValueError if it is missing."""
        model, _ = self.registry.language_model(name)
        with self._lock:
            if name not in self._served:
                self._served[name] = self._serve(name, model)
            return self._served[name]

    def _serve(self, name: str, model: GPT2) -> Served:
        mode, compiled = self._mode, is_available()
        if mode == AUTO and compiled:
            ours = self.registry.source(name) == name
            mode = choose_mode(model, AUTOMATIC if ours else MODES_FOR_OTHERS)
        elif mode == AUTO:
            mode = "fp32"
        rows: RowModel
        try:
            rows = NativeGPT2(model, mode)
        except NativeUnavailable:  # the mode's text without its speed
            compiled, rows = False, TorchRows(model if mode == "fp32" else rounded(model, mode))
        config = model.config
        slot_bytes = 2 * 4 * config.n_layer * config.block_size * config.n_embd
        fitting = max(limits.CACHE_BYTES // slot_bytes, 1)
        slots = min(fitting, limits.STREAMS)
        spare = min(fitting - slots, limits.REMEMBERED)
        return Served(Engine(rows, slots, spare=spare), mode, compiled)

    def description(self) -> str:
        """One line for the page: how its models decode."""
        parts = []
        for name in LANGUAGE_MODELS:
            if self.registry.problem(name) is None:
                served = self.served(name)
                how = "compiled kernels" if served.compiled else "PyTorch's operators"
                parts.append(f"{name} with {served.mode} weights by {how}")
        return f"Decoding here: {', '.join(parts)}." if parts else ""
