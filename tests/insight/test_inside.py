"""The stages of one forward pass: the model's own numbers, each following from those before."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from conftest import REPOSITORY

from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.config import GPT2Config
from gpt2_scratch.insight.inside import Inside, active_neurons, inside, side_by_side
from gpt2_scratch.model import GPT2


@pytest.fixture(scope="module")
def model() -> GPT2:
    """Ours where it is trained: the numbers of a real model are large and small at once."""
    if not (REPOSITORY / "weights" / "base.safetensors").exists():
        pytest.skip("not trained yet: base")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GPT2_SCRATCH_WEIGHTS", str(REPOSITORY / "weights"))
        return load_model("base")[0]


@pytest.fixture(scope="module")
def ids() -> list[int]:
    return torch.randint(8_000, (12,), generator=torch.Generator().manual_seed(0)).tolist()


@pytest.fixture(scope="module")
def stages(model: GPT2, ids: list[int]) -> Inside:
    return inside(model, ids)


def close(actual: torch.Tensor, expected: torch.Tensor) -> None:
    """Equal but for the order of sums: logits reach 20, where a float32 has five digits left."""
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-4)


def test_the_logits_are_the_models_own(model: GPT2, ids: list[int], stages: Inside) -> None:
    with torch.no_grad():
        close(stages.logits, model(torch.tensor([ids]), all_positions=True)[0])
        close(stages.ln_f, model.hidden_states(torch.tensor([ids]))[0])


def test_the_weights_are_those_of_the_attention_maps(
    model: GPT2, ids: list[int], stages: Inside
) -> None:
    with torch.no_grad():
        maps = model.attention_maps(torch.tensor([ids]))[:, 0]  # (L, 1, nh, T, T) -> (L, nh, T, T)
    for block, expected in zip(stages.blocks, maps, strict=True):
        close(block.attention.weights, expected)


def test_each_stage_of_a_block_follows_from_the_one_before(model: GPT2, stages: Inside) -> None:
    stream = stages.token_embeddings + stages.position_embeddings
    for layer, block in enumerate(stages.blocks):
        module: Any = model.h[layer]
        close(block.stream, stream)
        for norm, before, after in (
            (module.ln_1, block.stream, block.ln_1),
            (module.ln_2, block.after_attention, block.ln_2),
        ):
            variance = before.var(dim=-1, correction=0, keepdim=True) + norm.epsilon
            plain = (before - before.mean(dim=-1, keepdim=True)) / variance.sqrt()
            close(after, plain * norm.weight + norm.bias)
        attention = block.attention
        projected = block.ln_1 @ module.attn.c_attn.weight.t() + module.attn.c_attn.bias
        parts = (attention.queries, attention.keys, attention.values)
        close(torch.cat([side_by_side(part[None])[0] for part in parts], dim=1), projected)
        T = len(stages.token_ids)
        hs = attention.queries.size(-1)
        i, j = T - 1, T // 2  # one place by hand
        dot = (attention.queries[0, i] * attention.keys[0, j]).sum() / math.sqrt(hs)
        close(attention.scores[0, i, j], dot)
        masked = attention.scores.masked_fill(torch.ones(T, T).triu(1) > 0, -math.inf)
        close(attention.weights, masked.softmax(dim=-1))
        close(attention.weights @ attention.values, attention.heads)
        heads = torch.cat(list(attention.heads), dim=1)  # nh of (T, hs) -> (T, C)
        close(heads @ module.attn.c_proj.weight.t() + module.attn.c_proj.bias, block.projection)
        close(block.stream + block.projection, block.after_attention)
        written = block.neurons @ module.mlp.c_proj.weight.t() + module.mlp.c_proj.bias
        close(written, block.mlp)
        close(block.after_attention + block.mlp, block.after_mlp)
        stream = block.after_mlp
    close(model.ln_f(stream), stages.ln_f)
    close(stages.ln_f @ model.wte.weight.t(), stages.logits)


def test_the_most_active_neurons_come_first_with_what_they_write(
    model: GPT2, stages: Inside
) -> None:
    neurons = stages.blocks[2].neurons
    found = active_neurons(model, 2, neurons, count=3, tokens=4)
    assert len(found) == len(neurons)
    for position, three in enumerate(found):
        expected = neurons[position].sort(descending=True)
        assert [neuron.index for neuron in three] == expected.indices[:3].tolist()
        assert [n.activation for n in three] == pytest.approx(expected.values[:3].tolist())
    neuron = found[-1][0]
    module: Any = model.h[2]
    column = module.mlp.c_proj.weight[:, neuron.index]  # (C, 4C) -> (C,)
    raised = (model.wte.weight * model.ln_f.weight) @ column  # (V, C) @ (C,) -> (V,)
    assert neuron.token_ids == raised.argsort(descending=True)[:4].tolist()


def test_what_does_not_fit_into_the_window_is_refused() -> None:
    config = GPT2Config(vocab_size=30, block_size=4, n_layer=1, n_head=2, n_embd=8)
    model = GPT2(config).init_weights(torch.Generator().manual_seed(0)).eval()
    assert len(inside(model, [1, 2, 3, 4]).blocks) == 1
    for wrong in ([], [1] * 5):
        with pytest.raises(ValueError, match=f"reads 1 to 4 tokens, not {len(wrong)}"):
            inside(model, wrong)
