"""OpenAI's layout: names both ways, folders, and the same numbers as transformers computes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import assert_same_logits
from loopback_hub import COMMIT, Hub, serve, use
from safetensors.torch import load_file, save_file
from test_checkpoint import fault_of
from torch import Tensor
from transformers import GPT2Config as ReferenceConfig
from transformers import GPT2LMHeadModel

from gpt2_scratch.checkpoints import openai as openai_gpt2
from gpt2_scratch.checkpoints.format import build_model, file_sha256
from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.checkpoints.openai import (
    PUBLISHED,
    Published,
    from_openai,
    load_published,
    to_openai,
)
from gpt2_scratch.config import PRESETS, GPT2Config
from gpt2_scratch.generation import generate_tokens
from gpt2_scratch.model import GPT2
from gpt2_scratch.sampling import SamplingSettings
from gpt2_scratch.vocabulary.files import merges, vocabulary
from gpt2_scratch.vocabulary.tokenizer import Tokenizer

SMALL = GPT2Config(vocab_size=19, block_size=12, n_layer=2, n_head=2, n_embd=8)
IDX = torch.tensor([[1, 5, 2, 7, 3]])


def make_model(config: GPT2Config) -> GPT2:
    generator = torch.Generator().manual_seed(0)
    model = GPT2(config).init_weights(generator).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.2)
    return model


def published(model: GPT2) -> dict[str, Tensor]:
    """Tensors as in OpenAI's files on the Hub: a causal mask in each block, no output layer."""
    n = model.config.block_size
    masks = {
        f"h.{layer}.attn.bias": torch.ones(n, n).tril()[None, None]
        for layer in range(model.config.n_layer)
    }
    return to_openai(model.state_dict()) | masks


# --- names -------------------------------------------------------------------------------------


def test_there_and_back_again() -> None:
    ours = make_model(SMALL).state_dict()
    theirs = to_openai(ours)
    assert theirs["h.0.mlp.c_fc.weight"].shape == (8, 32)  # (in, out)
    assert theirs["h.1.attn.c_attn.weight"].shape == (8, 24)
    assert theirs["wte.weight"].shape == (19, 8)  # not a Conv1D: as it was
    assert all(tensor.is_contiguous() for tensor in theirs.values())
    back = from_openai(theirs)
    assert back.keys() == ours.keys()
    assert all(torch.equal(back[name], ours[name]) for name in ours)
    assert all(tensor.is_contiguous() for tensor in back.values())


def test_prefix_masks_and_tied_output_are_left_out() -> None:
    ours = make_model(SMALL).state_dict()
    theirs = {f"transformer.{name}": tensor for name, tensor in to_openai(ours).items()}
    for layer in range(2):
        theirs[f"transformer.h.{layer}.attn.bias"] = torch.ones(1, 1, 12, 12)
        theirs[f"transformer.h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    theirs["lm_head.weight"] = ours["wte.weight"].clone()
    assert from_openai(theirs).keys() == ours.keys()


def test_an_output_layer_of_its_own_is_refused() -> None:
    theirs = to_openai(make_model(SMALL).state_dict())
    theirs["lm_head.weight"] = theirs["wte.weight"] + 1e-3
    assert "output layer of its own" in fault_of(lambda: from_openai(theirs))


def test_dtypes_are_kept() -> None:
    halves = {name: tensor.half() for name, tensor in make_model(SMALL).state_dict().items()}
    assert {tensor.dtype for tensor in from_openai(to_openai(halves)).values()} == {torch.float16}


def test_a_checkpoint_that_transformers_wrote(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = ReferenceConfig(
        vocab_size=19, n_positions=12, n_layer=2, n_head=2, n_embd=8, bos_token_id=0, eos_token_id=0
    )
    reference = GPT2LMHeadModel(config).eval()
    reference.save_pretrained(tmp_path)
    model = build_model(SMALL, from_openai(load_file(tmp_path / "model.safetensors")))
    with torch.inference_mode():
        torch.testing.assert_close(
            model(IDX, all_positions=True), reference(IDX).logits, rtol=0, atol=1e-5
        )


def test_a_checkpoint_that_transformers_reads(tmp_path: Path) -> None:
    model = make_model(SMALL)
    config = ReferenceConfig(
        vocab_size=19, n_positions=12, n_layer=2, n_head=2, n_embd=8, bos_token_id=0, eos_token_id=0
    )
    config.save_pretrained(tmp_path)
    path = tmp_path / "model.safetensors"
    save_file(to_openai(model.state_dict()), path, metadata={"format": "pt"})
    reference = GPT2LMHeadModel.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        torch.testing.assert_close(
            reference(IDX).logits, model(IDX, all_positions=True), rtol=0, atol=1e-5
        )


# --- the same numbers as transformers, for all four shapes ------------------------------------


def random_reference(config: GPT2Config) -> GPT2LMHeadModel:
    """A GPT-2 of transformers with random weights, large enough to look at its context."""
    torch.manual_seed(0)
    reference = GPT2LMHeadModel(
        ReferenceConfig(
            vocab_size=config.vocab_size,
            n_positions=config.block_size,
            n_layer=config.n_layer,
            n_head=config.n_head,
            n_embd=config.n_embd,
        )
    ).eval()
    with torch.no_grad():
        for name, parameter in reference.transformer.named_parameters():
            if parameter.dim() == 2:
                parameter.mul_(2)
            elif not name.endswith("weight"):
                parameter.normal_(std=0.05)
    return reference


def publish(hub: Hub, name: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Serve a folder as openai-community/<name>, and pin what it holds."""
    path = folder / "model.safetensors"
    hub.add_folder(f"openai-community/{name}", folder)
    pin = Published(COMMIT, path.stat().st_size, file_sha256(path))
    patch.setitem(PUBLISHED, name, pin)


def assert_same_model(model: GPT2, reference: GPT2LMHeadModel, prompt: list[int]) -> None:
    """Logits within 1e-3 at every position, and the same 64 greedy tokens after the prompt."""
    idx = torch.tensor([prompt])
    with torch.inference_mode():
        logits = model(idx, all_positions=True)
        torch.testing.assert_close(logits, reference(idx).logits, rtol=0, atol=1e-3)
    assert logits.std() > 0.1  # or all models would be the same
    steps = generate_tokens(model, prompt, SamplingSettings(temperature=0), 64)
    written = [step.token_id for step in steps]
    assert len(written) == 64
    # Each token is the reference's most probable one after all before it, so the reference would
    # have written them too: one pass instead of sixty-four.
    with torch.inference_mode():
        likeliest = reference(torch.tensor([prompt + written[:-1]])).logits.argmax(-1)  # (1, T)
    assert written == likeliest[0, len(prompt) - 1 :].tolist()


@pytest.mark.parametrize("name", ["gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl"])
def test_each_size_over_the_hub(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every layer and head of the real model, but only two numbers per head."""
    preset = PRESETS[name]
    changes = {"n_embd": 2 * preset.n_head, "block_size": 80, "vocab_size": 300}
    narrow = GPT2Config(**preset.to_dict() | changes)
    monkeypatch.setitem(PRESETS, name, narrow)
    reference = random_reference(narrow)
    reference.save_pretrained(tmp_path / "served")
    with serve() as hub:
        use(hub, tmp_path / "cache", monkeypatch)
        publish(hub, name, tmp_path / "served", monkeypatch)
        model, tokenizer = load_model(name)
    assert model.config == narrow
    assert tokenizer.name == "gpt2"
    assert_same_model(model, reference, [1, 29, 3, 299, 50])


@pytest.mark.large
@pytest.mark.parametrize("name", ["gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl"])
def test_each_size_at_full_width(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real shapes; the two large ones with two of their layers. Needs 8 GB and 2 GB of disk."""
    config = PRESETS[name]
    if name in ("gpt2-large", "gpt2-xl"):
        config = GPT2Config(**config.to_dict() | {"n_layer": 2})
        monkeypatch.setitem(PRESETS, name, config)
    reference = random_reference(config)
    reference.save_pretrained(tmp_path / "served")
    with serve() as hub:
        use(hub, tmp_path / "cache", monkeypatch)
        publish(hub, name, tmp_path / "served", monkeypatch)
        model, tokenizer = load_model(name)
    assert_same_model(model, reference, tokenizer.encode("The cat sat on the mat,"))


# --- OpenAI's models by name --------------------------------------------------------------------


def served_gpt2(hub: Hub, folder: Path, patch: pytest.MonkeyPatch, **changes: Any) -> GPT2:
    """Serve a tiny "gpt2" as OpenAI's is: with masks, without an output layer."""
    config = GPT2Config(vocab_size=50257, block_size=12, n_layer=2, n_head=2, n_embd=8)
    patch.setitem(PRESETS, "gpt2", config)
    model = make_model(config)
    folder.mkdir()
    save_file(published(model) | changes, folder / "model.safetensors")
    publish(hub, "gpt2", folder, patch)
    return model


def test_openais_file_with_masks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve() as hub:
        use(hub, tmp_path / "cache", monkeypatch)
        model = served_gpt2(hub, tmp_path / "served", monkeypatch)
        loaded, _ = load_model("gpt2")
    assert_same_logits(loaded(IDX), model(IDX))
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    use(None, tmp_path / "cache", monkeypatch)  # no network, and none is needed any more
    assert_same_logits(load_model("gpt2")[0](IDX), model(IDX))


def test_another_file_than_the_pinned_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve() as hub:
        use(hub, tmp_path / "cache", monkeypatch)
        served_gpt2(hub, tmp_path / "served", monkeypatch)
        good = PUBLISHED["gpt2"]
        monkeypatch.setitem(PUBLISHED, "gpt2", Published(COMMIT, good.size, "0" * 64))
        message = fault_of(lambda: load_model("gpt2"))
        assert "has the sha256" in message and "instead of 0000000000000000..." in message
        monkeypatch.setitem(PUBLISHED, "gpt2", Published(COMMIT, 7, good.sha256))
        assert "bytes long instead of 7" in fault_of(lambda: load_model("gpt2"))


def test_half_precision_files_become_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve() as hub:
        use(hub, tmp_path / "cache", monkeypatch)
        model = served_gpt2(hub, tmp_path / "served", monkeypatch)
        halves = {name: tensor.half() for name, tensor in published(model).items()}
        save_file(halves, tmp_path / "served" / "model.safetensors")
        publish(hub, "gpt2", tmp_path / "served", monkeypatch)
        loaded, _ = load_published("gpt2")
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    torch.testing.assert_close(loaded(IDX), model(IDX), rtol=0, atol=0.02)


@pytest.mark.parametrize("name", ["nano", "gpt3", "openai-community/gpt2", ""])
def test_openai_published_only_four(name: str) -> None:
    assert "gpt2, gpt2-medium, gpt2-large, gpt2-xl" in fault_of(lambda: load_published(name))


def test_pins_are_well_formed() -> None:
    for name, pin in PUBLISHED.items():
        assert PRESETS[name].vocab_size == 50257
        assert len(pin.commit) == 40 and int(pin.commit, 16)
        assert pin.sha256 is None or (len(pin.sha256) == 64 and int(pin.sha256, 16))
        if pin.size is not None:  # float32 parameters, a mask per layer, and a header
            masks = PRESETS[name].n_layer * PRESETS[name].block_size ** 2
            with torch.device("meta"):
                header = pin.size - 4 * (GPT2(PRESETS[name]).num_parameters() + masks)
            assert 1000 * PRESETS[name].n_layer < header < 1300 * PRESETS[name].n_layer
        assert pin.size is not None or pin.sha256 is not None


# --- anyone's folders and repositories ----------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `save_pretrained` writes for a tiny model over the tests' own vocabulary."""
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    tokenizer = load_model("base")[1]
    config = GPT2Config(tokenizer.vocab_size, 80, n_layer=2, n_head=2, n_embd=8)
    folder = tmp_path / "mine"
    random_reference(config).save_pretrained(folder)
    write_vocabulary(folder, tokenizer)
    return folder


def write_vocabulary(folder: Path, tokenizer: Tokenizer) -> None:
    (folder / "vocab.json").write_text(json.dumps(vocabulary(tokenizer)), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges(tokenizer))]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def reference_of(folder: Path) -> GPT2LMHeadModel:
    return GPT2LMHeadModel.from_pretrained(folder).eval()


def test_a_folder(folder: Path) -> None:
    model, tokenizer = load_model(folder)
    assert tokenizer.name == "tokenizer"  # recognised as ours
    assert_same_model(model, reference_of(folder), tokenizer.encode("The cat sat"))
    by_text, _ = load_model(str(folder))
    assert_same_logits(by_text(IDX), model(IDX))


def test_a_folder_in_parts(folder: Path) -> None:
    reference = reference_of(folder)
    (folder / "model.safetensors").unlink()
    reference.save_pretrained(folder, max_shard_size="8KB")
    assert not (folder / "model.safetensors").exists()
    assert len(list(folder.glob("model-*.safetensors"))) > 1
    model, _ = load_model(folder)
    assert_same_model(model, reference, [1, 2, 3])
    next(folder.glob("model-*.safetensors")).unlink()
    assert "does not exist" in fault_of(lambda: load_model(folder))
    for damaged in ("{", "[]", '{"weight_map": {}}', '{"weight_map": {"a": "../b"}}'):
        (folder / "model.safetensors.index.json").write_text(damaged)
        assert "names no weight files" in fault_of(lambda: load_model(folder))


def test_a_repository(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve() as hub:
        use(hub, tmp_path / "cache", monkeypatch)
        hub.add_folder("someone/tales", folder)
        model, tokenizer = load_model("someone/tales")
        at_commit, _ = load_model(f"someone/tales@{COMMIT}")
        assert "no model repository someone/nothing" in fault_of(
            lambda: load_model("someone/nothing")
        )
        assert "no revision v2" in fault_of(lambda: load_model("someone/tales@v2"))
        del hub.files["someone/tales"]["model.safetensors"]
        use(hub, tmp_path / "other cache", monkeypatch)
        assert "has no model.safetensors" in fault_of(lambda: load_model("someone/tales"))
    assert tokenizer.name == "tokenizer"
    assert_same_logits(at_commit(IDX), model(IDX))
    assert_same_model(model, reference_of(folder), [1, 2, 3])


def test_a_repository_in_parts(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = reference_of(folder)
    (folder / "model.safetensors").unlink()
    reference.save_pretrained(folder, max_shard_size="8KB")
    with serve() as hub:
        use(hub, tmp_path / "cache", monkeypatch)
        hub.add_folder("someone/tales", folder)
        model, _ = load_model("someone/tales")
    assert_same_model(model, reference, [1, 2, 3])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"model_type": "gpt_neo"}, "model_type is 'gpt_neo'"),
        ({"activation_function": "relu"}, "activation_function is 'relu'"),
        ({"n_inner": 7}, "n_inner is not 4 times"),
        ({"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx is True"),
        ({"n_layer": "two"}, "does not describe a GPT-2 (n_layer must be"),
        ({"n_layer": 3}, "it lacks h.2."),
        ({"n_layer": 1}, "unknown tensor transformer.h.1."),
        ({"n_embd": 10}, "of another shape, ("),
        ({"vocab_size": None}, "does not describe a GPT-2"),
    ],
)
def test_a_config_that_is_not_ours_or_not_the_files(
    folder: Path, change: dict[str, Any], expected: str
) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert expected in fault_of(lambda: load_model(folder))


def test_what_is_no_model_folder(folder: Path, tmp_path: Path) -> None:
    assert "neither the config.json" in fault_of(lambda: load_model(tmp_path))
    (folder / "config.json").write_text("[]")
    assert "does not describe a GPT-2" in fault_of(lambda: load_model(folder))


def test_damaged_weights_of_a_folder(folder: Path) -> None:
    path = folder / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[:5000])
    assert "is damaged" in fault_of(lambda: load_model(folder))
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n")
    assert "Git LFS pointer" in fault_of(lambda: load_model(folder))
    path.unlink()
    assert "does not exist" in fault_of(lambda: load_model(folder))


def test_a_vocabulary_that_does_not_fit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GPT2_SCRATCH_WEIGHTS")
    for name in ("vocab.json", "merges.txt"):
        (folder / name).unlink()
    assert "its vocabulary has 50,257 tokens" in fault_of(lambda: load_model(folder))


def test_names_that_no_repository_has() -> None:
    for name in ("a", "a/b/c", "../a", "a b/c"):
        assert "write owner/name" in fault_of(lambda n=name: openai_gpt2.load_repository(n))  # type: ignore[misc]
