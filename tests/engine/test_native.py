"""The compiled kernels agree with model.py in every mode, alone and in company to the last bit."""

from __future__ import annotations

import functools
import platform
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import REPOSITORY
from hypothesis import given, settings
from hypothesis import strategies as st
from test_generation import GREEDY, SAMPLED, tiny_gpt2, token_ids
from torch import Tensor

from gpt2_scratch.beam_search import beam_search_tokens
from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.config import GPT2Config
from gpt2_scratch.engine import native
from gpt2_scratch.engine.native import NativeGPT2, NativeUnavailable, pack, pack_groups
from gpt2_scratch.engine.quantization import MODES, GroupedMatrix, StoredMatrix, rounded, store
from gpt2_scratch.engine.rows import RowModel, TorchRows
from gpt2_scratch.generation import generate_tokens
from gpt2_scratch.kv_cache import KVCache
from gpt2_scratch.model import GPT2

needs_compiler = pytest.mark.skipif(not native.is_available(), reason="no C++ compiler here")


def close(
    actual: Tensor, expected: Tensor, mode: str = "fp32", cache: torch.dtype = torch.float32
) -> bool:
    """Nearly equal. With int8 and int4 the inputs of a product may be rounded as well, to 12 bits
    at least, and a cache of float16 rounds to 11: two blocks add up some of that."""
    part = 2e-3 if mode in ("int8", "int4") or cache == torch.float16 else 1e-4
    return torch.allclose(actual, expected, rtol=part, atol=part * float(expected.abs().max()))


def awkward_gpt2(width: int, heads: int, vocab_size: int, seed: int) -> GPT2:
    """Sizes that fill no vector, no panel and no tile."""
    config = GPT2Config(vocab_size, 40, n_layer=2, n_head=heads, n_embd=width)
    generator = torch.Generator().manual_seed(seed)
    model = GPT2(config).init_weights(generator).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return model.requires_grad_(False)


@needs_compiler
@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=25, deadline=None)
@given(
    sizes=st.sampled_from([(8, 1), (12, 3), (16, 2), (40, 5), (64, 1), (64, 2), (128, 2)]),
    vocab_size=st.integers(2, 131),
    shape=st.tuples(st.integers(1, 3), st.integers(1, 13)),
    seed=st.integers(0, 2**31),
)
def test_logits_are_those_of_the_rounded_model(
    mode: str, sizes: tuple[int, int], vocab_size: int, shape: tuple[int, int], seed: int
) -> None:
    model = awkward_gpt2(*sizes, vocab_size, seed)
    fast, reference = NativeGPT2(model, mode), rounded(model, mode)
    ids = torch.randint(vocab_size, shape, generator=torch.Generator().manual_seed(seed))
    logits = fast(ids, all_positions=True)
    assert close(logits, reference(ids, all_positions=True), mode, fast.cache_dtype)
    caches = [KVCache(model.config, shape[0], 30) for _ in range(2)]
    for part in (ids, ids[:, :1], ids):
        assert close(fast(part, caches[0]), reference(part, caches[1]), mode)
        assert caches[0].length == caches[1].length
    filled = slice(0, caches[0].length)
    assert close(caches[0].keys[:, :, :, filled], caches[1].keys[:, :, :, filled], mode)
    assert close(caches[0].values[:, :, :, filled], caches[1].values[:, :, :, filled], mode)


@needs_compiler
def test_every_float16_is_widened_to_what_it_is() -> None:
    """Subnormals and both zeros included; the vocabulary's size makes a column of all of them."""
    halves = torch.arange(2**16, dtype=torch.int32).to(torch.uint16).view(torch.float16)
    halves = halves[halves.isfinite()][:, None]
    config = GPT2Config(len(halves), 1, n_layer=1, n_head=1, n_embd=1)
    model = GPT2(config).eval().requires_grad_(False)
    model.wte.weight.copy_(halves.float())
    model.ln_f.weight.zero_(), model.ln_f.bias.fill_(1.0)  # the stream's end is 1: logits = wte
    # Training sets this in its process; no float16 becomes a float32 that it would flush.
    torch.set_flush_denormal(platform.machine() == "x86_64")
    try:
        logits = NativeGPT2(model, "fp16")(torch.tensor([[0]]))
    finally:
        torch.set_flush_denormal(False)
    assert torch.equal(logits[0, 0], halves[:, 0].float())


@needs_compiler
@pytest.mark.parametrize("mode", ["fp32", "int8", "int4"])
def test_the_model_of_the_page_says_the_same(mode: str) -> None:
    if not (REPOSITORY / "weights" / "base.safetensors").exists():
        pytest.skip("not trained yet")
    model, tokenizer = load_model("base")
    ids = torch.tensor([tokenizer.encode("Once upon a time there was a little girl who lived")])
    fast, reference = NativeGPT2(model, mode), rounded(model, mode)
    largest = 2e-3 if mode == "fp32" else 1e-2  # keys and values are rounded; logits are about -10
    assert torch.allclose(
        fast(ids, all_positions=True), reference(ids, all_positions=True), atol=largest
    )
    texts = [token_ids(generate_tokens(m, ids[0].tolist(), GREEDY, 40)) for m in (fast, reference)]
    assert texts[0] == texts[1]


@needs_compiler
def test_generation_and_beam_search_run_on_it() -> None:
    model = tiny_gpt2()
    fast: Any = NativeGPT2(model)
    for settings_ in (GREEDY, SAMPLED):  # 40 tokens: the window of 16 moves on the way
        expected = token_ids(generate_tokens(model, [1, 2, 3], settings_, 40))
        assert token_ids(generate_tokens(fast, [1, 2, 3], settings_, 40)) == expected
    found, expected_beams = (
        beam_search_tokens(m, [1, 2, 3], num_beams=3, max_new_tokens=6) for m in (fast, model)
    )
    assert [ids for ids, _ in found] == [ids for ids, _ in expected_beams]
    with pytest.raises(ValueError, match="17 tokens do not fit into the context window of 16"):
        fast(torch.ones(1, 17, dtype=torch.int64))


HARD_TO_ROUND = [0.0, -0.0, 1.0, 2**-24, -(2**-25), 2**-25 * 1.01, 2**-14, 2**-14 * 0.9999]
HARD_TO_ROUND += [1 + 2**-11, 1 + 3 * 2**-11, -(1 + 2**-11) * 1.00001, 65519.0, 65520.0, -7e4, 1e-9]


@needs_compiler
def test_keys_and_values_are_rounded_to_the_nearest_float16() -> None:
    check_rounding()


def check_rounding() -> None:
    config = GPT2Config(5, 8, n_layer=1, n_head=1, n_embd=64)
    model = GPT2(config).eval().requires_grad_(False)
    model.h[0].attn.c_attn.weight.zero_()  # so that keys and values are the bias
    bias = 10 ** torch.linspace(-9, 5, 192)
    bias[64 : 64 + len(HARD_TO_ROUND)] = torch.tensor(HARD_TO_ROUND)
    model.h[0].attn.c_attn.bias.copy_(bias)
    fast = NativeGPT2(model, "fp16")
    assert fast.cache_dtype == torch.float16 and NativeGPT2(model).cache_dtype == torch.float32
    cache = KVCache(config, 1, 8, fast.cache_dtype)
    fast(torch.tensor([[1]]), cache)
    assert torch.equal(cache.keys[0, 0, 0, 0], bias[64:128].half())
    assert torch.equal(cache.values[0, 0, 0, 0], bias[128:].half())


@needs_compiler
@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="another processor has other flags")
def test_a_processor_without_any_of_the_instructions_computes_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = tuple("-march=x86-64" if flag == "-march=native" else flag for flag in native.FLAGS)
    monkeypatch.setattr(native, "FLAGS", plain)
    monkeypatch.setattr(native, "library", functools.cache(native.library.__wrapped__))
    check_rounding()
    model = awkward_gpt2(128, 2, 131, seed=4)
    ids = torch.arange(60).view(2, 30)
    for mode in ("fp32", "fp16", "int8"):
        fast = NativeGPT2(model, mode)
        expected = rounded(model, mode)(ids, all_positions=True)
        assert close(fast(ids, all_positions=True), expected, mode, fast.cache_dtype)
        for slot, texts in read_together(fast, model.config).items():
            alone = read_alone(fast, model.config)[slot]
            assert all(map(torch.equal, texts, alone))
    with pytest.raises(NativeUnavailable, match="no way with int4"):
        NativeGPT2(model, "int4")


# --- rows -----------------------------------------------------------------------------------------

# Three texts in slots of a cache, and how much of each is read in one pass. Few rows and many take
# different ways through the kernels: the second and the last pass have more than a tile.
TEXTS = {2: list(range(5, 30)), 0: [1, 2, 3], 3: [4] * 38}
PASSES = [{2: 4}, {0: 3, 2: 14}, {3: 8, 2: 1}, {2: 1, 3: 29}]


def read_together(model: RowModel, config: GPT2Config) -> dict[int, list[Tensor]]:
    cache = KVCache(config, 5, dtype=model.cache_dtype)
    seen = dict.fromkeys(TEXTS, 0)
    results: dict[int, list[Tensor]] = {slot: [] for slot in TEXTS}
    for taken in PASSES:
        tokens, slots, positions = [], [], []
        for slot, count in taken.items():
            tokens += TEXTS[slot][seen[slot] : seen[slot] + count]
            slots += [slot] * count
            positions += range(seen[slot], seen[slot] + count)
            seen[slot] += count
        logits = model.forward_rows(tokens, slots, positions, cache, range(len(tokens)))
        for slot, row in zip(slots, logits, strict=True):
            results[slot].append(row)
    return results


def read_alone(model: RowModel, config: GPT2Config) -> dict[int, list[Tensor]]:
    results = {}
    for slot, text in TEXTS.items():
        rows = range(seen_in_passes(slot))
        tokens, slots = text[: len(rows)], [0] * len(rows)
        cache = KVCache(config, 1, dtype=model.cache_dtype)
        results[slot] = list(model.forward_rows(tokens, slots, rows, cache, rows))
    return results


def seen_in_passes(slot: int) -> int:
    return sum(taken.get(slot, 0) for taken in PASSES)


@needs_compiler
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("width", [40, 320])  # heads of 8 and of 64; one and several times DEPTH
def test_a_text_has_the_same_bits_alone_in_company_and_in_pieces(
    mode: str, threads: int, width: int
) -> None:
    model = awkward_gpt2(width, 5, 131, seed=1)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        fast = NativeGPT2(model, mode)
        together, alone = read_together(fast, model.config), read_alone(fast, model.config)
    finally:
        torch.set_num_threads(before)
    for slot in TEXTS:
        for actual, expected in zip(together[slot], alone[slot], strict=True):
            assert torch.equal(actual, expected)


@pytest.mark.parametrize("rows", ["torch", pytest.param("native", marks=needs_compiler)])
def test_rows_are_what_the_model_says_of_each_text(rows: str) -> None:
    model = awkward_gpt2(16, 2, 60, seed=2)
    with torch.inference_mode():
        found = read_together(
            TorchRows(model) if rows == "torch" else NativeGPT2(model), model.config
        )
        for slot, text in TEXTS.items():
            expected = model(torch.tensor([text[: seen_in_passes(slot)]]), all_positions=True)[0]
            assert close(torch.stack(found[slot]), expected)


@needs_compiler
@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"tokens": [60]}, "token must be from 0 to 59"),
        ({"tokens": [-1]}, "token must be"),
        ({"slots": [2]}, "slot must be from 0 to 1"),
        ({"positions": [16]}, "position must be from 0 to 15"),
        ({"positions": [-1]}, "position must be"),
        ({"wanted": [1]}, "wanted row must be from 0 to 0"),
        ({"wanted": []}, "wanted row must be"),
        ({"slots": [0, 0]}, "slot must be .* one for each row"),
        ({"tokens": [], "slots": [], "positions": []}, "token must be"),
    ],
)
def test_no_index_outside_its_array_reaches_the_kernels(changes: dict[str, Any], what: str) -> None:
    model = awkward_gpt2(8, 1, 60, seed=3)
    arguments = {"tokens": [1], "slots": [0], "positions": [0], "wanted": [0]} | changes
    cache = KVCache(model.config, 2, 16)
    with pytest.raises(ValueError, match=what):
        NativeGPT2(model).forward_rows(**arguments, cache=cache)


@needs_compiler
def test_a_cache_that_the_kernels_cannot_read_is_refused() -> None:
    model = awkward_gpt2(8, 1, 60, seed=3)
    cache = KVCache(model.config, 2, 16, dtype=torch.bfloat16)
    with pytest.raises(ValueError, match="float32"):
        NativeGPT2(model).forward_rows([1], [0], [0], cache, [0])
    cache = KVCache(model.config, 2, 16)
    cache.keys = cache.keys.transpose(0, 1)
    with pytest.raises(ValueError, match="contiguous"):
        NativeGPT2(model).forward_rows([1], [0], [0], cache, [0])


def test_a_panel_holds_what_one_input_gives_to_neighbouring_outputs() -> None:
    weight = torch.arange(66, dtype=torch.float32).view(33, 2)
    packed = pack(StoredMatrix(weight)).values
    assert packed.shape == (2, 2, native.PANEL, 1)
    packed = packed.squeeze(3)
    assert packed[0, 1].tolist() == weight[:32, 1].tolist()
    assert packed[1, 0].tolist() == [64.0] + [0.0] * 31


def test_or_what_two_inputs_give() -> None:
    weight = torch.arange(99, dtype=torch.float32).view(33, 3)
    packed = pack(StoredMatrix(weight), together=2).values
    assert packed.shape == (2, 2, native.PANEL, 2)
    assert packed[0, 0].tolist() == weight[:32, :2].tolist()
    assert packed[1, 1].tolist() == [[98.0, 0.0]] + [[0.0, 0.0]] * 31


def test_or_a_block_with_what_its_weights_are_worth() -> None:
    stored = store(torch.arange(66 * 40, dtype=torch.float32).view(66, 40), "int4")
    assert isinstance(stored, GroupedMatrix)
    blocks = pack_groups(stored)
    assert blocks.shape == (3, 2, 16 * native.PANEL + 2 * 2 * native.PANEL)
    block = blocks[1, 0]
    assert block[: 2 * native.PANEL].tolist() == stored.values[32:64, 0, 0].flatten().tolist()
    worth = block[16 * native.PANEL :].view(torch.float16)
    assert torch.equal(worth[: native.PANEL], stored.scale[32:64, 0])
    assert torch.equal(worth[native.PANEL :], stored.least[32:64, 0])


@needs_compiler
def test_whole_numbers_never_leave_their_range() -> None:
    """The largest weights and inputs that there can be, and as many of them as in the 1.5B."""
    config = GPT2Config(40, 8, n_layer=1, n_head=25, n_embd=1600)
    model = GPT2(config).eval().requires_grad_(False)
    signs = torch.ones(1600)
    signs[1::2] = -1.0
    model.wte.weight.copy_(signs)
    mlp = model.h[0].mlp
    mlp.c_fc.weight.zero_(), mlp.c_fc.bias.fill_(3.0)  # 6,400 equal inputs
    mlp.c_proj.weight.copy_(signs[:, None])  # a sum that leaves its range comes back with -sign
    ids = torch.zeros(1, 1, dtype=torch.int64)
    assert close(NativeGPT2(model, "int8")(ids), model(ids), "int8")


@needs_compiler
@pytest.mark.parametrize("mode", MODES)
def test_what_is_not_a_number_stays_so(mode: str) -> None:
    model = tiny_gpt2().requires_grad_(False)
    model.h[0].attn.c_attn.bias[-1] = float("nan")
    assert NativeGPT2(model, mode)(torch.tensor([[1, 2]])).isnan().all()


# --- the library ----------------------------------------------------------------------------------


@needs_compiler
def test_it_is_compiled_once_into_a_folder_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The compiler's part is played: what it makes is copied, and taken for whole or not."""
    real = native._compiled()
    compilations: list[Path] = []

    def compile(compiler: str, target: Path) -> None:
        compilations.append(target)
        shutil.copyfile(real, target)

    monkeypatch.setattr(native, "_compile", compile)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    native.library.__wrapped__()
    compiled, digest = sorted((tmp_path / "gpt2_scratch").iterdir(), reverse=True)
    assert (tmp_path / "gpt2_scratch").stat().st_mode & 0o077 == 0
    native.library.__wrapped__()
    assert len(compilations) == 1 and compiled not in compilations  # written under another name
    for damaged in (b"", real.read_bytes()[:5_000]):  # a disk that was full, a machine that fell
        compiled.unlink()  # and not written into: this process has it in use
        compiled.write_bytes(damaged)
        native.library.__wrapped__()
        assert compiled.read_bytes() == real.read_bytes()
    digest.unlink()
    native.library.__wrapped__()
    assert len(compilations) == 4 and digest.exists()


def test_without_a_compiler_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(NativeUnavailable, match=r"native\.cpp does not compile here: .*false"):
        native.library.__wrapped__()
    monkeypatch.setenv("CXX", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NativeUnavailable, match="There is no C\\+\\+ compiler on this machine"):
        native.library.__wrapped__()
    monkeypatch.setenv("GPT2_SCRATCH_NATIVE", "0")
    with pytest.raises(NativeUnavailable, match="turns the compiled kernels off"):
        native.library.__wrapped__()
