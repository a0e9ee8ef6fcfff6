"""Low-rank adapters: nothing changes at first, only they learn, and merging changes nothing."""

from __future__ import annotations

import pytest
import torch
from conftest import assert_same_logits
from torch import Tensor, nn

from gpt2_scratch.config import GPT2Config
from gpt2_scratch.lora import LoRALinear, inject, merge
from gpt2_scratch.model import GPT2

CONFIG = GPT2Config(vocab_size=23, block_size=12, n_layer=2, n_head=2, n_embd=16)
IDX = torch.arange(20).reshape(2, 10)


def make_model(config: GPT2Config = CONFIG) -> GPT2:
    return GPT2(config).init_weights(torch.Generator().manual_seed(0))


def logits(model: nn.Module) -> Tensor:
    with torch.no_grad():
        return model(IDX, all_positions=True)


def trained(model: nn.Module, steps: int = 5) -> nn.Module:
    """A few steps of gradient descent on what learns in the model."""
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.5)
    for _ in range(steps):
        scores = model(IDX[:, :-1], all_positions=True)
        nn.functional.cross_entropy(scores.flatten(0, 1), IDX[:, 1:].flatten()).backward()
        optimizer.step()
        optimizer.zero_grad()
    return model


def test_the_formula() -> None:
    generator = torch.Generator().manual_seed(1)
    linear = nn.Linear(6, 4)
    layer = LoRALinear(linear, rank=2, alpha=6.0, generator=generator)
    layer.lora_b.data.normal_(generator=generator)
    x = torch.randn(3, 5, 6, generator=generator)
    weight = linear.weight + 6.0 / 2 * layer.lora_b @ layer.lora_a
    expected = x @ weight.T + linear.bias
    assert torch.allclose(layer(x), expected, atol=1e-5)
    assert torch.allclose(layer.merged()(x), expected, atol=1e-5)


def test_at_first_nothing_changes_and_only_adapters_learn() -> None:
    model = make_model()
    before, parameters = logits(model), model.num_parameters()
    assert inject(model, rank=3) is model
    assert_same_logits(logits(model), before)
    learning = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert all(name.endswith((".lora_a", ".lora_b")) for name in learning)
    # Per block: (48 + 16), (16 + 16), (64 + 16) and (16 + 64) numbers per rank.
    assert sum(p.numel() for p in learning.values()) == 2 * 3 * (64 + 32 + 80 + 80)
    assert model.num_parameters() == parameters + 2 * 3 * 256


def test_training_moves_the_adapters_alone() -> None:
    model = inject(make_model(), rank=2)
    frozen = {name: p.clone() for name, p in model.named_parameters() if not p.requires_grad}
    before = logits(model)
    trained(model)
    assert not torch.allclose(logits(model), before, atol=1e-3)
    parameters = dict(model.named_parameters())
    assert all(torch.equal(parameters[name], p) for name, p in frozen.items())


def test_merging_changes_no_logit_and_gives_back_the_names() -> None:
    model = trained(inject(make_model(), rank=2))
    before = logits(model)
    assert merge(model) is model
    assert torch.allclose(logits(model), before, atol=1e-5)
    assert model.state_dict().keys() == make_model().state_dict().keys()
    assert merge(model) is model  # nothing is left to merge
    inject(model, rank=1)  # and another adapter may go on top


def test_a_full_rank_adapter_can_learn_what_full_training_can() -> None:
    """At the rank of the matrix itself the correction reaches any other matrix."""
    linear, target = nn.Linear(4, 3), nn.Linear(4, 3)
    layer = LoRALinear(linear, rank=3, alpha=3.0, generator=torch.Generator().manual_seed(0))
    correction = target.weight.data - linear.weight.data
    layer.lora_b.data = correction @ torch.linalg.pinv(layer.lora_a.data)
    layer.lora_a.data = torch.linalg.pinv(layer.lora_b.data) @ correction
    assert torch.allclose(layer.merged().weight, target.weight, atol=1e-4)


@pytest.mark.parametrize("rank", [0, -1])
def test_a_rank_below_one_is_refused(rank: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        inject(make_model(), rank)


def test_adapters_go_on_once_and_on_a_gpt2_only() -> None:
    model = inject(make_model(), 1)
    for candidate in (model, nn.Linear(2, 2)):
        with pytest.raises(ValueError, match="a GPT-2 that has none"):
            inject(candidate, 1)
