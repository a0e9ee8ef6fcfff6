"""The model of a benchmark: a shape with random weights, or trained ones."""

from __future__ import annotations

import torch

from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.config import PRESETS, GPT2Config
from gpt2_scratch.model import GPT2


def config_of(name: str) -> GPT2Config:
    """The shape alone: of a preset without making its weights."""
    return PRESETS[name] if name in PRESETS else load_model(name)[0].config


def random_or_trained(name: str) -> GPT2:
    """A preset's shape with random weights, or a checkpoint by name or path."""
    if name in PRESETS:
        generator = torch.Generator().manual_seed(0)
        return GPT2(PRESETS[name]).init_weights(generator).requires_grad_(False).eval()
    return load_model(name)[0]
