"""Checkpoints: what is written comes back, and each fault is one sentence that helps."""

from __future__ import annotations

import ast
import json
import os
import re
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import REPOSITORY, assert_same_logits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from gpt2_scratch.checkpoints import format
from gpt2_scratch.checkpoints.errors import COMMANDS, CheckpointError
from gpt2_scratch.checkpoints.format import (
    build_model,
    expected_shapes,
    file_sha256,
    read_checkpoint,
    save_checkpoint,
)
from gpt2_scratch.checkpoints.manifest import read_manifest, update_manifest
from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.classifier import SpamClassifier
from gpt2_scratch.config import GPT2Config
from gpt2_scratch.model import GPT2

CONFIG = GPT2Config(vocab_size=37, block_size=8, n_layer=2, n_head=2, n_embd=8)
HEADER = {
    "format": format.FORMAT,
    "kind": "gpt2",
    "config": json.dumps(CONFIG.to_dict()),
    "tokenizer": "tokenizer",
}


def make_model(config: GPT2Config = CONFIG) -> GPT2:
    return GPT2(config).init_weights(torch.Generator().manual_seed(0)).eval()


def make_tensors() -> dict[str, Tensor]:
    return {name: tensor.detach() for name, tensor in make_model().state_dict().items()}


def save(path: Path, **changes: Any) -> Path:
    """A valid checkpoint, or one with changed arguments of save_checkpoint."""
    arguments: dict[str, Any] = {"tensors": make_tensors(), "config": CONFIG}
    arguments |= {"kind": "gpt2", "tokenizer": "tokenizer"} | changes
    save_checkpoint(path, **arguments)
    return path


def check_sentence(error: BaseException) -> str:
    """The message of an error, after looking that it is one sentence on one line."""
    text = str(error)
    assert text.endswith("."), text
    assert "\n" not in text, text
    assert not re.search(r"[.!?] [A-Z]", text), text
    return text


def fault_of(action: Callable[[], object]) -> str:
    with pytest.raises(CheckpointError) as caught:
        action()
    return check_sentence(caught.value)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty weights folder."""
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tmp_path))
    return tmp_path


# --- round trip --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [(torch.float32, 0.0), (torch.float16, 2**-11), (torch.bfloat16, 2**-8)],
)
def test_round_trip(tmp_path: Path, dtype: torch.dtype, tolerance: float) -> None:
    read = read_checkpoint(save(tmp_path / "a.safetensors", dtype=dtype))
    expected = make_tensors()
    assert (read.config, read.kind, read.tokenizer) == (CONFIG, "gpt2", "tokenizer")
    assert read.tensors.keys() == expected.keys()
    for name, tensor in read.tensors.items():
        assert tensor.dtype == torch.float32
        torch.testing.assert_close(tensor, expected[name], rtol=tolerance, atol=1e-7)
    if dtype == torch.float32:
        assert all(torch.equal(read.tensors[name], expected[name]) for name in expected)


def test_float16_is_the_default_and_half_the_size(tmp_path: Path) -> None:
    half = save(tmp_path / "half.safetensors")
    whole = save(tmp_path / "whole.safetensors", dtype=torch.float32)
    with safe_open(half, framework="pt") as file:
        assert {file.get_slice(name).get_dtype() for name in file.keys()} == {"F16"}  # noqa: SIM118
    numbers = make_model().num_parameters()
    assert whole.stat().st_size - half.stat().st_size == pytest.approx(2 * numbers, rel=0.05)


def test_the_header_explains_the_file(tmp_path: Path) -> None:
    path = save(tmp_path / "a.safetensors", metadata={"data": "tales", "tokens": "12"})
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == HEADER | {"data": "tales", "tokens": "12"}
    assert read_checkpoint(path).metadata["data"] == "tales"


def test_metadata_of_another_checkpoint_cannot_change_what_this_one_is(tmp_path: Path) -> None:
    tensors = make_tensors() | {"score.weight": torch.ones(2, CONFIG.n_embd)}
    path = save(tmp_path / "a.safetensors", tensors=tensors, kind="classifier", metadata=HEADER)
    assert read_checkpoint(path).kind == "classifier"


def test_views_and_transposes_can_be_saved(tmp_path: Path) -> None:
    tensors = make_tensors()
    name = "h.0.mlp.c_fc.weight"
    tensors[name] = tensors[name].t().contiguous().t()
    read = read_checkpoint(save(tmp_path / "a.safetensors", tensors=tensors, dtype=torch.float32))
    assert torch.equal(read.tensors[name], tensors[name])


def test_expected_shapes_are_those_of_the_model() -> None:
    assert expected_shapes(CONFIG, "gpt2") == {
        name: tuple(tensor.shape) for name, tensor in make_model().state_dict().items()
    }
    extra = expected_shapes(CONFIG, "classifier").items() - expected_shapes(CONFIG, "gpt2").items()
    assert extra == {("score.weight", (2, CONFIG.n_embd))}


def test_build_model_computes_what_was_saved() -> None:
    idx = torch.arange(8)[None]
    model = build_model(CONFIG, make_tensors())
    assert_same_logits(model(idx), make_model()(idx))
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())


# --- faults of a file --------------------------------------------------------------------------


def test_missing_named_model_names_its_command(weights: Path) -> None:
    for name, command in COMMANDS.items():
        message = fault_of(lambda name=name: load_model(name))  # type: ignore[misc]
        assert f"{name}.safetensors does not exist" in message
        assert f"`{command}`" in message


def test_missing_path(tmp_path: Path) -> None:
    assert "mine.safetensors does not exist; check the name" in fault_of(
        lambda: load_model(str(tmp_path / "mine.safetensors"))
    )


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").mkdir()
    assert "does not exist" in fault_of(lambda: read_checkpoint(tmp_path / "a.safetensors"))


def test_unknown_name_lists_the_known_ones(weights: Path) -> None:
    message = fault_of(lambda: load_model("huge"))
    assert "no model 'huge'" in message
    for name in ("base", "chat", "spam", "gpt2", "gpt2-xl"):
        assert name in message


def test_git_lfs_pointer(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n")
    message = fault_of(lambda: read_checkpoint(path))
    assert "Git LFS pointer" in message and "`git lfs pull`" in message


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 7,
        bytes(range(256)) * 20,
        b"<!DOCTYPE html><html><body>404</body></html>",
        (2**60).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"{}",
    ],
    ids=["empty", "seven-bytes", "noise", "html", "absurd-header", "no-tensors"],
)
def test_something_else_than_a_checkpoint(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    assert str(path) in fault_of(lambda: read_checkpoint(path))


@pytest.mark.parametrize("kept", [0.01, 0.3, 0.999])
def test_truncated_file(tmp_path: Path, kept: float) -> None:
    path = save(tmp_path / "a.safetensors")
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    message = fault_of(lambda: read_checkpoint(path))
    assert "truncated or not a safetensors file" in message and "fetch it again" in message


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_damaged_file_is_refused_or_read_but_never_crashes(tmp_path: Path, data: Any) -> None:
    path = tmp_path / "a.safetensors"
    valid = bytearray(save(path).read_bytes())
    end = 8 + int.from_bytes(valid[:8], "little")  # of the header, which says what the rest is
    for _ in range(data.draw(st.integers(1, 4))):
        valid[data.draw(st.integers(0, end - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(valid)
    try:
        read = read_checkpoint(path)
    except CheckpointError as error:
        assert str(path) in str(error)
    else:
        shapes = {name: tuple(tensor.shape) for name, tensor in read.tensors.items()}
        assert shapes == expected_shapes(read.config, read.kind)


def raw(path: Path, tensors: dict[str, Tensor], header: dict[str, str] | None) -> Path:
    save_file(tensors, path, metadata=header)
    return path


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (None, "its header lacks the format"),
        ({"format": "pt"}, "its header lacks the format"),
        ({"config": None}, "it lacks 'config'"),
        ({"kind": None}, "it lacks 'kind'"),
        ({"tokenizer": None}, "it lacks 'tokenizer'"),
        ({"config": "{"}, "damaged header"),
        ({"config": "[]"}, "damaged header"),
        ({"config": "null"}, "damaged header"),
        ({"config": "[" * 10_000}, "damaged header"),
        ({"config": '{"n_layer": 0}'}, "n_layer must be"),
        ({"config": '{"n_layer": 1e400}'}, "n_layer must be"),
        ({"config": '{"experts": 8}'}, "Unknown GPT-2 config fields: experts"),
        ({"kind": "diffusion"}, "unknown kind 'diffusion'"),
    ],
)
def test_header_that_does_not_say_what_the_file_is(
    tmp_path: Path, change: dict[str, str | None] | None, expected: str
) -> None:
    header = None
    if change is not None:
        header = {k: v for k, v in (HEADER | change).items() if v is not None}
    path = raw(tmp_path / "a.safetensors", make_tensors(), header)
    assert expected in fault_of(lambda: read_checkpoint(path))


def test_tensors_that_do_not_fit_the_config(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    name = "h.1.attn.c_proj.weight"

    def fault(tensors: dict[str, Tensor]) -> str:
        return fault_of(lambda: read_checkpoint(raw(path, tensors, HEADER)))

    tensors = make_tensors()
    assert f"lacks {name}." in fault({k: v for k, v in tensors.items() if k != name})
    assert "unknown tensors lm_head.weight." in fault(tensors | {"lm_head.weight": torch.ones(1)})
    assert f"{name} has the shape (8, 9), not (8, 8)" in fault(tensors | {name: torch.ones(8, 9)})
    assert f"{name} has the shape (64,), not (8, 8)" in fault(tensors | {name: torch.ones(64)})
    renamed = {f"transformer.{key}": value for key, value in tensors.items()}
    assert "lacks" in fault(renamed) and ", ..." in fault(renamed)


@pytest.mark.parametrize("dtype", [torch.float64, torch.int64, torch.uint8, torch.bool])
def test_dtype_that_is_no_weight(tmp_path: Path, dtype: torch.dtype) -> None:
    tensors = make_tensors()
    tensors["ln_f.bias"] = tensors["ln_f.bias"].to(dtype)
    path = raw(tmp_path / "a.safetensors", tensors, HEADER)
    message = fault_of(lambda: read_checkpoint(path))
    assert "ln_f.bias is stored as" in message and "F32, F16, BF16" in message


def test_classifier_needs_its_head(tmp_path: Path) -> None:
    path = raw(tmp_path / "a.safetensors", make_tensors(), HEADER | {"kind": "classifier"})
    assert "lacks score.weight" in fault_of(lambda: read_checkpoint(path))


# --- faults on saving --------------------------------------------------------------------------


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e6])
def test_numbers_that_float16_cannot_hold_are_not_saved(tmp_path: Path, value: float) -> None:
    path = save(tmp_path / "a.safetensors")
    before = path.read_bytes()
    tensors = make_tensors()
    tensors["wpe.weight"][3, 4] = value
    assert "wpe.weight" in fault_of(lambda: save(path, tensors=tensors))
    assert path.read_bytes() == before
    if value == 1e6:  # float32 can
        save(path, tensors=tensors, dtype=torch.float32)
        assert read_checkpoint(path).tensors["wpe.weight"][3, 4] == value


def test_what_does_not_fit_its_config_is_not_saved(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    assert "lacks score.weight" in fault_of(lambda: save(path, kind="classifier"))
    other = GPT2Config(**CONFIG.to_dict() | {"block_size": 9})
    assert "wpe.weight has the shape" in fault_of(lambda: save(path, config=other))
    assert not path.exists()


def test_a_save_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "a.safetensors")
    before = path.read_bytes()

    def full_disk(tensors: object, target: Path, metadata: object) -> None:
        Path(target).write_bytes(before[:100])
        raise OSError("No space left on device")

    monkeypatch.setattr(format, "save_file", full_disk)
    with pytest.raises(CheckpointError, match="No space left"):
        save(path, tokenizer="other")
    assert path.read_bytes() == before


def test_folders_are_made_on_the_way(tmp_path: Path) -> None:
    assert save(tmp_path / "new" / "folder" / "a.safetensors").is_file()


# --- the manifest ------------------------------------------------------------------------------


def test_manifest_describes_the_file(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) == {}
    path = save(tmp_path / "base.safetensors")
    update_manifest(path, {"bits_per_byte": 1.5})
    entry = read_manifest(tmp_path)["base"]
    assert entry == {
        "file": "base.safetensors",
        "kind": "gpt2",
        "bytes": path.stat().st_size,
        "sha256": file_sha256(path),
        "parameters": make_model().num_parameters(),
        "metrics": {"bits_per_byte": 1.5},
        "tokenizer": "tokenizer",
        "tokenizer_sha256": file_sha256(REPOSITORY / "weights" / "tokenizer.tiktoken"),
    }


def test_manifest_keeps_metrics_and_other_models(tmp_path: Path) -> None:
    update_manifest(save(tmp_path / "base.safetensors"), {"loss": 4.0})
    update_manifest(save(tmp_path / "chat.safetensors"), {"loss": 3.0})
    before = read_manifest(tmp_path)
    update_manifest(save(tmp_path / "base.safetensors", dtype=torch.float32))
    after = read_manifest(tmp_path)
    assert after["chat"] == before["chat"]
    assert after["base"]["metrics"] == {"loss": 4.0}
    assert after["base"]["sha256"] != before["base"]["sha256"]


def test_a_flipped_bit_is_noticed_by_name(weights: Path) -> None:
    path = save(weights / "base.safetensors")
    update_manifest(path)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    read_checkpoint(path)  # safetensors has no checksum: only the manifest can know
    message = fault_of(lambda: load_model("base"))
    assert "sha256" in message and "damaged or changed" in message


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"base": {}}', b'{"base": {"sha256": 5}}', b"{} \xff"]
)
def test_damaged_manifest(weights: Path, content: bytes) -> None:
    save(weights / "base.safetensors")
    (weights / "manifest.json").write_bytes(content)
    assert "manifest.json is damaged" in fault_of(lambda: load_model("base"))


def test_a_file_can_be_read_by_whom_the_umask_lets_read(tmp_path: Path) -> None:
    """safetensors alone makes it the writer's only, and a service runs as another user."""
    before = os.umask(0o022)
    try:
        save_checkpoint(
            tmp_path / "a.safetensors",
            make_tensors(),
            CONFIG,
            kind="gpt2",
            tokenizer="tokenizer",
        )
    finally:
        os.umask(before)
    assert (tmp_path / "a.safetensors").stat().st_mode & 0o777 == 0o644


def test_a_full_disk_gets_a_sentence_and_leaves_the_old_file(tmp_path: Path) -> None:
    """A limit on the size of files is as good as a full disk."""
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        with pytest.raises(
            CheckpointError, match=r"a\.safetensors cannot be written \(.*make room"
        ):
            save_checkpoint(path, make_tensors(), CONFIG, kind="gpt2", tokenizer="tokenizer")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [each.name for each in tmp_path.iterdir()] == ["a.safetensors"]
    assert path.read_bytes() == b"old"


def test_another_vocabulary_of_the_same_size_is_refused(
    tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reordered, it would give garbage without a word."""
    folder = tmp_path / "weights"
    shutil.copytree(tiny_weights, folder)
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(folder))
    assert load_model("base")
    ranks = folder / "tokenizer.tiktoken"
    lines = ranks.read_text().splitlines()
    (a, low), (b, high) = (lines[i].split() for i in (300, 301))
    lines[300:302] = [f"{b} {low}", f"{a} {high}"]
    ranks.write_text("\n".join(lines) + "\n")
    for load in (load_model, SpamClassifier.from_pretrained):
        with pytest.raises(CheckpointError, match="is not the vocabulary that the weights were"):
            load("spam")


# --- loading by name ---------------------------------------------------------------------------


def test_load_model_by_name_and_by_path(
    tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    model, tokenizer = load_model("base")
    assert tokenizer.vocab_size == model.config.vocab_size
    assert not model.training
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert not any(parameter.requires_grad for parameter in model.parameters())
    by_path, _ = load_model(str(tiny_weights / "base.safetensors"))
    idx = torch.tensor([tokenizer.encode("import torch")])
    assert_same_logits(by_path(idx), model(idx))
    monkeypatch.chdir(tiny_weights)
    relative, _ = load_model("base.safetensors")
    assert_same_logits(relative(idx), model(idx))


def test_load_model_gives_the_trunk_of_a_classifier(
    tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    model, _ = load_model("spam")
    head = read_checkpoint(tiny_weights / "spam.safetensors").tensors["score.weight"]
    assert head.shape == (2, model.config.n_embd)
    assert model(torch.tensor([[1, 2]])).shape == (1, 1, model.config.vocab_size)


def test_tokenizer_that_does_not_fit(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    path = save(tiny_weights / "misfit.safetensors")
    message = fault_of(lambda: load_model("misfit"))
    assert "37 embeddings" in message and "do not belong together" in message
    save(path, tokenizer="klingon")
    assert "'klingon'" in fault_of(lambda: load_model("misfit"))
    path.unlink()


# --- no pickle ---------------------------------------------------------------------------------


def test_nothing_here_reads_or_writes_pickles() -> None:
    """A pickle runs code when it is opened: no such call stands anywhere in the sources."""
    sources = [REPOSITORY / "app.py"]
    sources += (REPOSITORY / "gpt2_scratch").rglob("*.py")
    sources += (REPOSITORY / "train").rglob("*.py")
    assert len(sources) > 20
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported = {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported = {(node.module or "").split(".")[0]}
                if node.module == "torch":
                    imported |= {f"torch.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                imported = {f"{node.value.id}.{node.attr}"}
            elif isinstance(node, ast.keyword):
                imported = {str(node.arg)}
            else:
                continue
            forbidden = {"pickle", "joblib", "dill", "shelve", "marshal", "allow_pickle"}
            forbidden |= {"torch.load", "torch.save"}
            assert not imported & forbidden, f"{source.name}: {imported & forbidden}"
