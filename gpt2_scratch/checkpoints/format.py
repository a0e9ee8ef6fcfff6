"""Checkpoints: one safetensors file = one model that explains itself.

The header of a file carries the model's config, the name of its tokenizer and where it came from
(data, command, tokens seen), so that a file needs nothing beside it. Everything is checked before
memory is allocated: names, shapes and dtypes against the config. No pickle anywhere.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.overrides import TorchFunctionMode

from gpt2_scratch.checkpoints.errors import COMMANDS, CheckpointError
from gpt2_scratch.config import GPT2Config
from gpt2_scratch.model import GPT2

FORMAT = "gpt2_scratch/1"
KINDS = ("gpt2", "classifier")
_DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
_POINTER_START = b"version https://git-lfs"


@dataclass(frozen=True)
class Checkpoint:
    """A file's content.

    tensors   by OpenAI's names, float32; a classifier has `score.weight` (classes, n_embd) as well
    metadata  what the training stage noted: data, command, tokens, ...
    """

    config: GPT2Config
    kind: str
    tokenizer: str
    metadata: dict[str, str]
    tensors: dict[str, Tensor]


def expected_shapes(config: GPT2Config, kind: str) -> dict[str, tuple[int, ...]]:
    """Name -> shape of each tensor a checkpoint of this kind must have, and no others."""
    C, layers = config.n_embd, range(config.n_layer)
    shapes: dict[str, tuple[int, ...]] = {
        "wte.weight": (config.vocab_size, C),
        "wpe.weight": (config.block_size, C),
        "ln_f.weight": (C,),
        "ln_f.bias": (C,),
    }
    for layer in layers:
        for name, shape in {
            "ln_1": (C,),
            "attn.c_attn": (3 * C, C),
            "attn.c_proj": (C, C),
            "ln_2": (C,),
            "mlp.c_fc": (4 * C, C),
            "mlp.c_proj": (C, 4 * C),
        }.items():
            shapes[f"h.{layer}.{name}.weight"] = shape
            shapes[f"h.{layer}.{name}.bias"] = shape[:1]
    if kind == "classifier":
        shapes["score.weight"] = (2, C)
    return shapes


def save_checkpoint(
    path: str | Path,
    tensors: Mapping[str, Tensor],
    config: GPT2Config,
    *,
    kind: str,
    tokenizer: str,
    metadata: Mapping[str, str] | None = None,
    dtype: torch.dtype = torch.float16,
) -> None:
    """Write a checkpoint atomically, stored as `dtype` (float16: half the size of training's).

    Raises CheckpointError for wrong names or shapes and for numbers that `dtype` cannot hold.
    """
    path = Path(path)
    _check_shapes(path, {k: tuple(v.shape) for k, v in tensors.items()}, config, kind)
    stored = {
        name: tensor.detach().to("cpu", dtype).contiguous() for name, tensor in tensors.items()
    }
    for name, tensor in stored.items():
        if not torch.isfinite(tensor).all():
            raise CheckpointError(f"{name} has numbers that are not finite as {dtype}: not saved.")
    header = {
        **(metadata or {}),  # first: what it repeats of another checkpoint's header does not count
        "format": FORMAT,
        "kind": kind,
        "config": json.dumps(config.to_dict()),
        "tokenizer": tokenizer,
    }
    write_tensors(path, stored, header)


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write a safetensors file atomically: what stood there before, or all of the new one.

    It can be read by whom the umask lets read; safetensors alone makes it the writer's only. Raises
    CheckpointError if it cannot be written, as on a full disk.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()
        mode = temporary.stat().st_mode
        save_file(dict(tensors), temporary, metadata=dict(metadata))
        temporary.chmod(mode)
        os.replace(temporary, path)
    except (OSError, SafetensorError) as error:
        temporary.unlink(missing_ok=True)
        raise CheckpointError(
            f"{path} cannot be written ({error}); make room or choose another place, and try again."
        ) from error


def read_checkpoint(path: str | Path, sha256: str | None = None) -> Checkpoint:
    """Read and verify a checkpoint; see `Checkpoint`.

    sha256  the expected hash of the file, if known; safetensors itself notices a truncated file
            but not a flipped bit

    Raises CheckpointError, in one sentence: missing file, Git LFS pointer, truncated or damaged
    file, wrong hash, no config in the header, wrong tensor names, shapes or dtypes.
    """
    path = Path(path)
    check_is_weights(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
            config, kind, tokenizer = _parse_header(path, metadata)
            names = list(file.keys())
            slices = {name: file.get_slice(name) for name in names}
            shapes = {name: tuple(s.get_shape()) for name, s in slices.items()}
            _check_shapes(path, shapes, config, kind)
            for name, tensor_slice in slices.items():
                if tensor_slice.get_dtype() not in _DTYPES:
                    raise CheckpointError(
                        f"{path}: {name} is stored as {tensor_slice.get_dtype()}; this program "
                        f"reads {', '.join(_DTYPES)}."
                    )
            if sha256 is not None and (actual := file_sha256(path)) != sha256:
                raise CheckpointError(
                    f"{path} has the sha256 {actual[:16]}... and the manifest says "
                    f"{sha256[:16]}...: it was damaged or changed; fetch it again, or train it "
                    "again."
                )
            tensors = {name: file.get_tensor(name).float() for name in names}
    except SafetensorError as error:
        raise CheckpointError(
            f"{path} is truncated or not a safetensors file ({error}); fetch it again."
        ) from error
    return Checkpoint(config, kind, tokenizer, metadata, tensors)


def check_is_weights(path: Path) -> None:
    """The faults that deserve a sentence of their own before safetensors sees the file."""
    if not path.is_file():
        command = COMMANDS.get(path.stem)
        space = "`python -m train.download_weights --space USER/NAME`"
        made = f"make it with `{command}`, or fetch a Space's with {space}"
        remedy = made if command else "check the name"
        raise CheckpointError(f"The weight file {path} does not exist; {remedy}.")
    with path.open("rb") as file:
        start = file.read(len(_POINTER_START))
    if start == _POINTER_START:
        raise CheckpointError(
            f"{path} is a Git LFS pointer and not the weights themselves; run `git lfs pull`, or "
            "`python -m train.download_weights --space USER/NAME` with the Space it comes from."
        )


def _parse_header(path: Path, metadata: Mapping[str, str]) -> tuple[GPT2Config, str, str]:
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} was not written by this program: its header lacks the format {FORMAT!r}."
        )
    try:
        config = GPT2Config.from_dict(json.loads(metadata["config"]))
        kind, tokenizer = metadata["kind"], metadata["tokenizer"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error).rstrip(".")
        raise CheckpointError(
            f"{path} has a damaged header ({reason}); fetch it again, or train it again."
        ) from error
    if kind not in KINDS:
        raise CheckpointError(f"{path} is of the unknown kind {kind!r}; known: {', '.join(KINDS)}.")
    return config, kind, tokenizer


def _check_shapes(
    path: Path, found: Mapping[str, tuple[int, ...]], config: GPT2Config, kind: str
) -> None:
    expected = expected_shapes(config, kind)
    for title, names in (
        ("lacks", expected.keys() - found.keys()),
        ("has the unknown tensors", found.keys() - expected.keys()),
    ):
        if names:
            listed = ", ".join(sorted(names)[:3]) + (", ..." if len(names) > 3 else "")
            raise CheckpointError(f"{path} does not fit its config: it {title} {listed}.")
    for name, shape in expected.items():
        if found[name] != shape:
            raise CheckpointError(
                f"{path} does not fit its config: {name} has the shape {found[name]}, not {shape}."
            )


def build_model(config: GPT2Config, tensors: Mapping[str, Tensor]) -> GPT2:
    """A GPT2 in evaluation mode that owns these tensors; nothing is initialised and thrown away."""
    with torch.device("meta"), _NoInitialisation():
        model = GPT2(config)
    model.load_state_dict(dict(tensors), assign=True)
    return model.requires_grad_(False).eval()


class _NoInitialisation(TorchFunctionMode):
    """Leaves out `torch.nn.init`: for a model without memory it imports PyTorch's compiler, which
    takes two seconds of the first model's loading."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else None
        return func(*args, **(kwargs or {}))


def file_sha256(path: Path) -> str:
    """Hexadecimal sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
