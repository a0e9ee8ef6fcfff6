"""GPT-2 from scratch: the model, its tokenizer, and what can be done with them.

    from gpt2_scratch import load_model, generate
    model, tokenizer = load_model("base")
    print(generate(model, tokenizer, "Once upon a time"))

The names below are the stable Python interface. They are imported on first use, so that
`import gpt2_scratch` itself costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gpt2_scratch.chat import Assistant
    from gpt2_scratch.checkpoints.errors import CheckpointError
    from gpt2_scratch.checkpoints.models import load_model
    from gpt2_scratch.classifier import SpamClassifier, Verdict
    from gpt2_scratch.config import GPT2Config
    from gpt2_scratch.generation import generate, stream
    from gpt2_scratch.insight.attention import AttentionMaps, attention_maps
    from gpt2_scratch.model import GPT2
    from gpt2_scratch.vocabulary.tokenizer import Tokenizer

_HOME = {
    "Assistant": "chat",
    "AttentionMaps": "insight.attention",
    "CheckpointError": "checkpoints.errors",
    "GPT2": "model",
    "GPT2Config": "config",
    "SpamClassifier": "classifier",
    "Tokenizer": "vocabulary.tokenizer",
    "Verdict": "classifier",
    "attention_maps": "insight.attention",
    "generate": "generation",
    "load_model": "checkpoints.models",
    "stream": "generation",
}
# Modules of the stable interface.
_MODULES = {"attention": "insight.attention", "logit_lens": "insight.logit_lens"}

__all__ = [
    "GPT2",
    "Assistant",
    "AttentionMaps",
    "CheckpointError",
    "GPT2Config",
    "SpamClassifier",
    "Tokenizer",
    "Verdict",
    "attention_maps",
    "generate",
    "load_model",
    "stream",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"gpt2_scratch.{_MODULES[name]}")
    if name not in _HOME:
        raise AttributeError(f"module 'gpt2_scratch' has no attribute {name!r}")
    return getattr(import_module(f"gpt2_scratch.{_HOME[name]}"), name)
