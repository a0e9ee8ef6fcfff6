"""GPT2Config: what it refuses, and what survives a round trip through JSON."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from gpt2_scratch.config import PRESETS, GPT2Config


def test_the_defaults_are_the_smallest_gpt2() -> None:
    assert GPT2Config() == PRESETS["gpt2"]
    assert GPT2Config().head_dim == 64


@pytest.mark.parametrize("config", PRESETS.values(), ids=PRESETS)
def test_presets_survive_json(config: GPT2Config) -> None:
    assert GPT2Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_head_dim_times_heads_is_the_width() -> None:
    for config in PRESETS.values():
        assert config.head_dim * config.n_head == config.n_embd


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        GPT2Config().n_layer = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vocab_size", 0),
        ("block_size", -1),
        ("n_layer", 1.0),
        ("n_layer", True),
        ("n_head", "12"),
        ("n_embd", None),
        ("n_embd", 10**7),
        ("n_layer", 1_001),
        ("dropout", -0.1),
        ("dropout", 1.0),
        ("dropout", True),
        ("dropout", float("nan")),
        ("layer_norm_epsilon", float("inf")),
        ("layer_norm_epsilon", "1e-5"),
    ],
)
def test_a_number_out_of_range_is_named(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{field} must be a .*, not .*\\.$"):
        GPT2Config(**{field: value})


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match=r"^n_head 5 must divide n_embd 32.$"):
        GPT2Config(n_head=5, n_embd=32)


def test_unknown_fields_are_named() -> None:
    with pytest.raises(ValueError, match=r"^Unknown GPT-2 config fields: bias, rope.$"):
        GPT2Config.from_dict({"n_layer": 2, "rope": True, "bias": False})
