"""Serving: the one place where every stream of the app gets its steps from.

The page and the API ask here for text and see steps only; what computes them, and in which order
it serves those who ask at the same time, is decided behind this seam. Closing a stream
(`steps.close()`, which is also what happens when a visitor leaves) ends its work.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import asdict

from gpt2_scratch import limits
from gpt2_scratch.chat import ChatStep, Message
from gpt2_scratch.demo.registry import Registry
from gpt2_scratch.generation import Step, stream
from gpt2_scratch.sampling import SamplingSettings


class Serving:
    """Streams over the models of one registry. Each has the deadline of the public app."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def generate(
        self, model: str, prompt: str, settings: SamplingSettings, max_new_tokens: int
    ) -> Generator[Step, None, None]:
        """Continue a prompt, one Step per token; see `generation.stream`. Raises ValueError."""
        gpt, tokenizer = self.registry.language_model(model)
        return stream(
            gpt,
            tokenizer,
            prompt,
            max_new_tokens=max_new_tokens,
            deadline=limits.DEADLINE_SECONDS,
            **asdict(settings),
        )

    def chat(
        self, messages: Sequence[Message], settings: SamplingSettings, max_new_tokens: int
    ) -> Generator[ChatStep, None, None]:
        """Answer a conversation; see `chat.Assistant.stream`. Raises ValueError."""
        return self.registry.assistant().stream(
            messages,
            max_new_tokens=max_new_tokens,
            deadline=limits.DEADLINE_SECONDS,
            **asdict(settings),
        )
