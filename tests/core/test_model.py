"""GPT2: equal to the reference implementation, and each part equal to its own other path."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import GPT2Config as ReferenceConfig
from transformers import GPT2LMHeadModel

from gpt2_scratch.checkpoints.openai import to_openai
from gpt2_scratch.config import PRESETS, GPT2Config
from gpt2_scratch.kv_cache import KVCache
from gpt2_scratch.model import GELU, GPT2, CausalSelfAttention, LayerNorm, causal_mask

TINY = GPT2Config(vocab_size=61, block_size=24, n_layer=2, n_head=4, n_embd=32)
# Shapes that each differ in something: one head, one layer, one position, a wide head, an epsilon.
CONFIGS = {
    "tiny": TINY,
    "one-head": GPT2Config(vocab_size=17, block_size=9, n_layer=3, n_head=1, n_embd=24),
    "one-layer": GPT2Config(vocab_size=101, block_size=40, n_layer=1, n_head=5, n_embd=30),
    "wide-head": GPT2Config(vocab_size=5, block_size=12, n_layer=2, n_head=2, n_embd=96),
    "epsilon": GPT2Config(
        vocab_size=33, block_size=16, n_layer=4, n_head=8, n_embd=16, layer_norm_epsilon=0.1
    ),
}


def random_model(config: GPT2Config, seed: int = 0, scale: float = 0.3) -> GPT2:
    """A model in which every parameter, biases and norms too, is random and matters."""
    generator = torch.Generator().manual_seed(seed)
    model = GPT2(config).init_weights(generator).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=scale)
    return model


def random_ids(config: GPT2Config, B: int, T: int, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(config.vocab_size, (B, T), generator=generator)


def reference(model: GPT2) -> GPT2LMHeadModel:
    """transformers' GPT-2 with the same parameters, converted by name."""
    config = model.config
    options: dict[str, Any] = {"attn_implementation": "eager"}  # the path that returns its maps
    other = ReferenceConfig(
        vocab_size=config.vocab_size,
        n_positions=config.block_size,
        n_layer=config.n_layer,
        n_head=config.n_head,
        n_embd=config.n_embd,
        layer_norm_epsilon=config.layer_norm_epsilon,
        bos_token_id=0,
        eos_token_id=0,
        **options,
    )
    with torch.device("meta"):
        result = GPT2LMHeadModel(other)
    tensors = to_openai(model.state_dict())
    result.load_state_dict(
        {f"transformer.{name}": tensor for name, tensor in tensors.items()}
        | {"lm_head.weight": tensors["wte.weight"]},
        assign=True,
    )
    return result.eval()


def incremental_logits(model: GPT2, idx: Tensor, prefill: int) -> Tensor:
    """Logits of all positions: a prompt read into a cache at once, then token by token."""
    cache = KVCache(model.config, batch_size=idx.size(0))
    parts = [model(idx[:, :prefill], cache, all_positions=True)]
    parts += [model(idx[:, [t]], cache) for t in range(prefill, idx.size(1))]
    assert cache.length == idx.size(1)
    return torch.cat(parts, dim=1)  # (B, prefill, V) and (B, 1, V) each -> (B, T, V)


# --- equal to transformers ---------------------------------------------------------------------


@pytest.mark.parametrize("fused", [True, False], ids=["fused", "plain"])
@pytest.mark.parametrize("name", CONFIGS)
def test_logits_equal_transformers(name: str, fused: bool) -> None:
    config = CONFIGS[name]
    model = random_model(config).use_fused(fused)
    idx = random_ids(config, 3, config.block_size)
    with torch.inference_mode():
        expected = reference(model)(idx).logits
        whole = model(idx, all_positions=True)
        incremental = incremental_logits(model, idx, prefill=config.block_size // 2)
    assert expected.std() > 0.5  # large enough for a difference to show
    torch.testing.assert_close(whole, expected, rtol=0, atol=1e-4)
    torch.testing.assert_close(incremental, expected, rtol=0, atol=1e-4)


@pytest.mark.slow
def test_logits_equal_transformers_at_the_shape_of_124m() -> None:
    config = PRESETS["gpt2"]
    model = random_model(config, scale=0.02)
    idx = random_ids(config, 1, 12)
    with torch.inference_mode():
        expected = reference(model)(idx).logits
        for fused in (True, False):
            model.use_fused(fused)
            whole = model(idx, all_positions=True)
            torch.testing.assert_close(whole, expected, rtol=0, atol=1e-3)
            incremental = incremental_logits(model, idx, prefill=9)
            torch.testing.assert_close(incremental, expected, rtol=0, atol=1e-3)
    assert expected.std() > 0.1


def test_attention_maps_equal_transformers() -> None:
    model = random_model(TINY)
    idx = random_ids(TINY, 2, 20)
    with torch.inference_mode():
        expected = torch.stack(reference(model)(idx, output_attentions=True).attentions)
        maps = model.attention_maps(idx)
    assert maps.shape == (TINY.n_layer, 2, TINY.n_head, 20, 20)
    torch.testing.assert_close(maps, expected, rtol=0, atol=1e-5)


# --- plain and fused ---------------------------------------------------------------------------


def test_layer_norm_paths_agree() -> None:
    norm = LayerNorm(TINY)
    generator = torch.Generator().manual_seed(0)
    torch.nn.init.normal_(norm.weight, generator=generator)
    torch.nn.init.normal_(norm.bias, generator=generator)
    x = 5 + 3 * torch.randn(2, 7, TINY.n_embd, generator=generator)
    x[0, 0] = 1.5  # no variance at all: epsilon alone keeps this finite
    fused = norm(x)
    norm.fused = False
    torch.testing.assert_close(norm(x), fused, rtol=0, atol=1e-5)


def test_layer_norm_normalises() -> None:
    x = 5 + 3 * torch.randn(2, 7, TINY.n_embd, generator=torch.Generator().manual_seed(0))
    y = LayerNorm(TINY)(x)  # scale 1, shift 0
    torch.testing.assert_close(y.mean(dim=-1), torch.zeros(2, 7), rtol=0, atol=1e-5)
    torch.testing.assert_close(y.var(dim=-1, correction=0), torch.ones(2, 7), rtol=0, atol=1e-4)


def test_gelu_paths_agree_and_are_the_tanh_form() -> None:
    gelu = GELU()
    x = torch.linspace(-6, 6, 241)
    fused = gelu(x)
    gelu.fused = False
    torch.testing.assert_close(gelu(x), fused, rtol=0, atol=1e-6)
    assert (gelu(x) - F.gelu(x)).abs().max() > 1e-4  # the exact form is another function


@pytest.mark.parametrize("seen", [0, 5], ids=["empty-cache", "filled-cache"])
def test_attention_paths_agree(seen: int) -> None:
    attention = CausalSelfAttention(TINY, layer=0)
    generator = torch.Generator().manual_seed(0)
    for parameter in attention.parameters():
        torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    x = torch.randn(2, seen + 6, TINY.n_embd, generator=generator)

    def attend(fused: bool) -> Tensor:
        attention.fused = fused
        cache = KVCache(TINY, batch_size=2)
        if seen:
            attention(x[:, :seen], cache)
            cache.advance(seen)
        return attention(x[:, seen:], cache)

    with torch.no_grad():
        torch.testing.assert_close(attend(fused=True), attend(fused=False), rtol=0, atol=1e-5)


def test_model_paths_agree_in_value_and_gradient() -> None:
    model = random_model(TINY).requires_grad_(True)
    idx = random_ids(TINY, 2, TINY.block_size)

    def values() -> tuple[Tensor, list[Tensor]]:
        logits = model(idx, all_positions=True)
        gradients = torch.autograd.grad(logits.logsumexp(dim=-1).mean(), list(model.parameters()))
        return logits, list(gradients)

    fused, fused_gradients = values()
    plain, plain_gradients = (model.use_fused(False), values())[1]
    torch.testing.assert_close(plain, fused, rtol=0, atol=1e-4)
    torch.testing.assert_close(plain_gradients, fused_gradients, rtol=1e-3, atol=1e-5)


def test_use_fused_reaches_every_module() -> None:
    model = GPT2(TINY)
    flags = [m for m in model.modules() if hasattr(m, "fused")]
    assert len(flags) == 4 * TINY.n_layer + 1  # two norms, attention, GELU; and the last norm
    assert model.use_fused(False) is model
    assert not any(module.fused for module in flags)
    model.use_fused(True)
    assert all(module.fused for module in flags)


# --- attention maps and causality --------------------------------------------------------------


def test_attention_maps_are_causal_distributions() -> None:
    maps = random_model(TINY).attention_maps(random_ids(TINY, 2, 24))
    torch.testing.assert_close(maps.sum(dim=-1), torch.ones(maps.shape[:-1]))
    assert (maps >= 0).all()
    assert (maps.triu(diagonal=1) == 0).all()  # exactly nothing from the future
    assert (maps[..., 0, 0] == 1).all()


def test_causal_mask_by_hand() -> None:
    expected = torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1]], dtype=torch.bool)
    assert torch.equal(causal_mask(2, 4, torch.device("cpu")), expected)


@pytest.mark.parametrize("fused", [True, False], ids=["fused", "plain"])
def test_the_future_cannot_change_the_past(fused: bool) -> None:
    model = random_model(TINY).use_fused(fused)
    short = random_ids(TINY, 2, 10)
    padded = torch.cat([short, random_ids(TINY, 2, 14, seed=9)], dim=1)  # any padding on the right
    before = model(short, all_positions=True)
    after = model(padded, all_positions=True)
    torch.testing.assert_close(after[:, :10], before, rtol=0, atol=1e-5)
    assert not torch.allclose(after[:, 10:], model(short)[:, -1:], atol=0.1)


def test_the_past_does_change_the_future() -> None:
    model = random_model(TINY)
    idx = random_ids(TINY, 1, 12)
    changed = idx.clone()
    changed[0, 0] = (changed[0, 0] + 1) % TINY.vocab_size
    difference = (model(idx, all_positions=True) - model(changed, all_positions=True)).abs()
    assert (difference.amax(dim=-1) > 1e-3).all()  # every position sees the first token


def test_rows_of_a_batch_are_independent() -> None:
    model = random_model(TINY)
    idx = random_ids(TINY, 4, 15)
    batch = model(idx, all_positions=True)
    for row in range(4):
        alone = model(idx[[row]], all_positions=True)
        torch.testing.assert_close(batch[[row]], alone, rtol=0, atol=1e-5)


# --- the output --------------------------------------------------------------------------------


def test_the_last_position_alone_equals_the_last_of_all() -> None:
    model = random_model(TINY)
    idx = random_ids(TINY, 3, 11)
    last, everything = model(idx), model(idx, all_positions=True)
    assert last.shape == (3, 1, TINY.vocab_size)
    assert everything.shape == (3, 11, TINY.vocab_size)
    torch.testing.assert_close(last, everything[:, -1:], rtol=0, atol=1e-5)


def test_logits_are_the_hidden_states_times_the_token_embedding() -> None:
    model = random_model(TINY)
    idx = random_ids(TINY, 2, 8)
    hidden = model.hidden_states(idx)
    assert hidden.shape == (2, 8, TINY.n_embd)
    expected = hidden @ model.wte.weight.T
    torch.testing.assert_close(model(idx, all_positions=True), expected, rtol=0, atol=1e-5)


def test_the_output_layer_is_the_token_embedding() -> None:
    model = random_model(TINY)
    idx = torch.tensor([[1, 2, 3]])
    before = model(idx)
    model.wte.weight[7] += 1.0  # a token that is not in the input: only the output can see it
    after = model(idx)
    changed = (before != after)[0, 0].nonzero().flatten().tolist()
    assert changed == [7]
    assert not any("lm_head" in name for name in model.state_dict())


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("gpt2", 124_439_808),
        ("gpt2-medium", 354_823_168),
        ("gpt2-large", 774_030_080),
        ("gpt2-xl", 1_557_611_200),
    ],
)
def test_parameter_counts_of_openais_models(name: str, count: int) -> None:
    with torch.device("meta"):
        assert GPT2(PRESETS[name]).num_parameters() == count


def test_too_long_a_text_is_refused() -> None:
    model = random_model(TINY)
    assert model(random_ids(TINY, 1, 24)).shape == (1, 1, TINY.vocab_size)
    with pytest.raises(ValueError, match=r"^25 tokens do not fit into the context window of 24; "):
        model(random_ids(TINY, 1, 25))


# --- initialisation, dropout, learning ---------------------------------------------------------


def test_initial_weights_have_the_deviations_of_the_paper() -> None:
    config = GPT2Config(vocab_size=500, block_size=128, n_layer=8, n_head=4, n_embd=128)
    residual_std = 0.02 / math.sqrt(16)
    model = GPT2(config).init_weights(torch.Generator().manual_seed(0)).requires_grad_(False)
    for name, parameter in model.named_parameters():
        if name.endswith(".bias"):
            assert (parameter == 0).all(), name
        elif parameter.dim() == 1:
            assert (parameter == 1).all(), name
        else:
            std = residual_std if name.endswith("c_proj.weight") else 0.02
            # 16,384 numbers or more: their deviation is within 3% of the one they are drawn with
            assert float(parameter.std()) == pytest.approx(std, rel=0.03), name
            assert abs(float(parameter.mean())) < 0.05 * std, name


def test_initial_loss_is_that_of_a_uniform_guess() -> None:
    model = GPT2(TINY).init_weights(torch.Generator().manual_seed(0)).eval()
    idx = random_ids(TINY, 4, 24)
    targets = random_ids(TINY, 4, 24, seed=5)
    with torch.no_grad():
        loss = F.cross_entropy(model(idx, all_positions=True).flatten(0, 1), targets.flatten())
    assert float(loss) == pytest.approx(math.log(TINY.vocab_size), abs=0.1)


def test_a_generator_makes_initial_weights_repeatable() -> None:
    def weights(seed: int) -> Tensor:
        model = GPT2(TINY).init_weights(torch.Generator().manual_seed(seed))
        return torch.cat([parameter.flatten() for parameter in model.parameters()])

    state = torch.get_rng_state()
    with torch.device("meta"):
        model = GPT2(TINY)  # random numbers on the meta device are none
    assert torch.equal(torch.get_rng_state(), state)
    assert model.wte.weight.is_meta
    assert torch.equal(weights(3), weights(3))
    assert not torch.equal(weights(3), weights(4))


@pytest.mark.parametrize("fused", [True, False], ids=["fused", "plain"])
def test_dropout_works_in_training_only(fused: bool) -> None:
    config = GPT2Config(**TINY.to_dict() | {"dropout": 0.3})
    model = random_model(config).use_fused(fused)
    without = random_model(TINY)
    idx = random_ids(config, 1, 20)
    torch.testing.assert_close(model(idx), without(idx), rtol=0, atol=1e-4)
    model.train()
    without.train()
    assert not torch.equal(model(idx), model(idx))
    assert torch.equal(without(idx), without(idx))


def test_dropout_of_attention_weights_happens_on_both_paths() -> None:
    config = GPT2Config(**TINY.to_dict() | {"dropout": 0.5})
    attention = CausalSelfAttention(config, layer=0).train()
    attention.c_proj = torch.nn.Identity()  # type: ignore[assignment]
    x = torch.ones(1, 1, TINY.n_embd)  # one position: its own weight, 1, is kept (as 2) or dropped
    value = attention.c_attn(x)[0, 0, -TINY.n_embd :]
    for attention.fused in (True, False):
        torch.manual_seed(0)
        factors = torch.stack([attention(x)[0, 0] / value for _ in range(50)]).unique()
        # The factors of both dropouts, weights and output, 0 or 2 each: 0, or 4; never 2.
        torch.testing.assert_close(factors, torch.tensor([0.0, 4.0]))


def test_a_tiny_model_learns_a_sentence_by_heart() -> None:
    text = b"The quick brown fox jumps over it."
    ids = torch.tensor([list(text)])
    config = GPT2Config(vocab_size=128, block_size=40, n_layer=2, n_head=2, n_embd=32)
    model = GPT2(config).init_weights(torch.Generator().manual_seed(0)).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(80):
        logits = model(ids[:, :-1], all_positions=True)
        loss = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    written = ids[:, :3]
    while written.size(1) < len(text):
        written = torch.cat([written, model(written).argmax(dim=-1)], dim=1)  # (1, T) -> (1, T+1)
    assert bytes(written[0].tolist()) == text


def test_gradient_checkpointing_changes_no_gradient() -> None:
    gradients, kept = [], []
    for checkpointing in (False, True):
        model = random_model(replace(TINY, dropout=0.1)).requires_grad_(True).train()
        model.gradient_checkpointing = checkpointing
        torch.manual_seed(3)  # of the dropout
        saved: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t, sizes=saved: sizes.append(t.numel()) or t, lambda t: t
        ):
            loss = model(random_ids(TINY, 2, 9), all_positions=True).logsumexp(-1).mean()
        loss.backward()
        gradients.append([p.grad for p in model.parameters()])
        kept.append(sum(saved))
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, other, atol=1e-6)
    assert kept[1] < 0.5 * kept[0]  # numbers remembered for the way back


def test_logits_of_chosen_positions_are_those_of_all() -> None:
    model, idx = random_model(TINY), random_ids(TINY, B=3, T=7)
    chosen = torch.rand(3, 7, generator=torch.Generator().manual_seed(2)) < 0.4
    found = model(idx, positions=chosen)
    assert found.shape == (int(chosen.sum()), TINY.vocab_size)
    assert torch.allclose(found, model(idx, all_positions=True)[chosen], atol=1e-5)
