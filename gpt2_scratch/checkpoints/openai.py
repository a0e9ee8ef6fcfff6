"""OpenAI's GPT-2 and every model in its layout: to our names, and back.

Three places and one layout. The Hub has OpenAI's four sizes as converted by Hugging Face, and
thousands of fine-tuned ones; `save_pretrained` of the transformers library writes folders like
them, and so does `python -m train.export`; and OpenAI's own download of 2019 is a TensorFlow
checkpoint. The names are the same as ours but for these habits:

- some writers put `transformer.` in front of every name;
- the four matrices of a block are stored (in, out), as TensorFlow had them ("Conv1D"), where
  `nn.Linear` keeps (out, in);
- some files hold what is not a parameter: the causal mask of each block (`attn.bias`,
  `attn.masked_bias`), and the output layer (`lm_head.weight`), which is `wte.weight` again;
- TensorFlow's names are paths, `model/h0/attn/c_attn/w`, with a first dimension of 1 in matrices.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from gpt2_scratch.checkpoints import hub
from gpt2_scratch.checkpoints.errors import CheckpointError
from gpt2_scratch.checkpoints.format import build_model, check_is_weights, expected_shapes
from gpt2_scratch.checkpoints.tensorflow import read_bundle
from gpt2_scratch.config import PRESETS, GPT2Config
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.files import read_tokenizer
from gpt2_scratch.vocabulary.tokenizer import Tokenizer

WEIGHTS = "model.safetensors"
SHARD_INDEX = "model.safetensors.index.json"  # beside the parts of a file that was cut up

_TRANSPOSED = re.compile(r"h\.\d+\.(attn\.c_attn|attn\.c_proj|mlp\.c_fc|mlp\.c_proj)\.weight")
_NOT_A_PARAMETER = re.compile(r"h\.\d+\.attn\.(bias|masked_bias)")
_FLOATS = ("F64", "F32", "F16", "BF16")


# --- names and layouts ------------------------------------------------------------------------


def from_openai(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """OpenAI's names and layout -> the state dict of a `GPT2`: contiguous, dtypes kept.

    Raises CheckpointError if there is an output layer that is not the token embedding: leaving it
    out would give another model. Names and shapes are not checked here, as that needs a config.
    """
    ours: dict[str, Tensor] = {}
    output_layer = None
    for stored, tensor in tensors.items():
        name = stored.removeprefix("transformer.")
        if name == "lm_head.weight":
            output_layer = tensor
        elif _TRANSPOSED.fullmatch(name):
            ours[name] = tensor.t().contiguous()  # (in, out) -> (out, in)
        elif not _NOT_A_PARAMETER.fullmatch(name):
            ours[name] = tensor.contiguous()
    if output_layer is not None and not _equal(output_layer, ours.get("wte.weight")):
        raise CheckpointError(
            "lm_head.weight is not wte.weight: this GPT-2 has an output layer of its own, which "
            "this program's model cannot hold; use a checkpoint with tied weights."
        )
    return ours


def _equal(a: Tensor, b: Tensor | None) -> bool:
    return b is not None and torch.equal(a, b)


def to_openai(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of a `GPT2` -> OpenAI's names and layout, contiguous, dtypes kept.

    `GPT2Model.from_pretrained` of the transformers library reads these names, and so does its
    `GPT2LMHeadModel`, which ties the output layer by itself.
    """
    return {
        name: tensor.t().contiguous() if _TRANSPOSED.fullmatch(name) else tensor.contiguous()
        for name, tensor in tensors.items()
    }


def from_tensorflow(name: str, tensor: Tensor) -> tuple[str, Tensor]:
    """One entry of OpenAI's TensorFlow checkpoint -> OpenAI's name and layout on the Hub."""
    parts = name.removeprefix("model/").split("/")
    parts[0] = re.sub(r"^h(\d+)$", r"h.\1", parts[0])
    ending = {"g": "weight", "w": "weight", "b": "bias"}
    if parts[-1] in ending:
        parts[-1] = ending[parts[-1]]
    else:
        parts.append("weight")  # model/wte and model/wpe
    if tensor.dim() == 3:
        tensor = tensor.squeeze(0)  # (1, in, out) -> (in, out): it was a convolution of width 1
    return ".".join(parts), tensor


# --- OpenAI's four models ---------------------------------------------------------------------


@dataclass(frozen=True)
class Published:
    """A weight file as it stands on the Hub, pinned: openai-community/<name> at `commit`.

    The commits and hashes were compared in several public records of these downloads. Where no
    certain one was found there is None, and the hash that the Hub announces is checked instead.
    The sizes follow from the parameters, the masks stored beside them and the file's header.
    """

    commit: str
    size: int | None
    sha256: str | None


PUBLISHED: dict[str, Published] = {
    "gpt2": Published(
        commit="607a30d783dfa663caf39e06633721c8d4cfcd7e",
        size=548_105_171,
        sha256="248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707",
    ),
    "gpt2-medium": Published(
        commit="6dcaa7a952f72f9298047fd5137cd6e4f05f41da",
        size=1_519_984_962,
        sha256="fc5a354a19255ad494f3d71549390baca1ccf61d1d822b9408971705c687c9cd",
    ),
    "gpt2-large": Published(
        commit="32b71b12589c2f8d625668d2335a01cac3249519", size=3_247_159_078, sha256=None
    ),
    "gpt2-xl": Published(
        commit="15ea56dee5df4983c59b2538573817e1667135e2",
        size=None,  # 6.43 GB
        sha256="0f8b28eb05a8075f48b61b6f35332978c74fc7763fa9fb4051a1c30511736a6a",
    ),
}


def load_published(name: str, progress: hub.Progress | None = None) -> tuple[GPT2, Tokenizer]:
    """OpenAI's "gpt2", "gpt2-medium", "gpt2-large" or "gpt2-xl", in evaluation mode and float32.

    From the cache of huggingface_hub, or else downloaded into it; see `hub.fetch`. Raises
    CheckpointError: unknown name, no network and not in the cache, a file that is damaged.
    """
    if name not in PUBLISHED:
        raise CheckpointError(
            f"OpenAI published no GPT-2 named {name!r}; choose from {', '.join(PUBLISHED)}."
        )
    published = PUBLISHED[name]
    path = hub.fetch(
        f"openai-community/{name}",
        WEIGHTS,
        published.commit,
        size=published.size,
        sha256=published.sha256,
        progress=progress,
    )
    return _load([path], PRESETS[name]), Tokenizer.load("gpt2")


# --- folders and repositories of anyone's -------------------------------------------------------


def load_repository(name: str, progress: hub.Progress | None = None) -> tuple[GPT2, Tokenizer]:
    """A GPT-2 of a Hub repository, "owner/name" or "owner/name@revision"; see `load_folder`."""
    match = hub.REPOSITORY.fullmatch(name)
    if match is None:
        raise CheckpointError(f"{name!r} is no repository of the Hub; write owner/name.")
    return load_folder(_fetch_folder(match[1], match[2] or "main", progress))


def _fetch_folder(repository: str, revision: str, progress: hub.Progress | None) -> Path:
    """The files of a repository that `load_folder` reads, all of one commit."""
    config = hub.fetch(repository, "config.json", revision)
    commit = config.parent.name  # the cache keeps snapshots/<commit>/<file>
    try:
        hub.fetch(repository, WEIGHTS, commit, progress=progress)
    except hub.MissingFile:
        try:
            index = hub.fetch(repository, SHARD_INDEX, commit)
        except hub.MissingFile:
            raise CheckpointError(
                f"{repository} has no {WEIGHTS}; a pytorch_model.bin can run code when it is read, "
                "so have it converted at huggingface.co/spaces/safetensors/convert first."
            ) from None
        for shard in shard_names(index):
            hub.fetch(repository, shard, commit, progress=progress)
    for name in ("vocab.json", "merges.txt", "tokenizer.json"):
        with suppress(hub.MissingFile):  # some repositories have the first two, some the last
            hub.fetch(repository, name, commit)
    return config.parent


def load_folder(folder: Path) -> tuple[GPT2, Tokenizer]:
    """A GPT-2 and its tokenizer from a folder, in evaluation mode and float32.

    Either as `save_pretrained` of transformers writes it (config.json, model.safetensors or its
    parts, vocab.json and merges.txt or tokenizer.json), or OpenAI's download of 2019 (hparams.json,
    model.ckpt.*, encoder.json and vocab.bpe). Without a vocabulary it is GPT-2's, if that fits.

    Raises CheckpointError: something is missing or damaged, or is no GPT-2.
    """
    if (folder / "config.json").is_file():
        config = _read_config(folder / "config.json")
        if (folder / SHARD_INDEX).is_file():
            model = _load([folder / name for name in shard_names(folder / SHARD_INDEX)], config)
        else:
            model = _load([folder / WEIGHTS], config)
    elif (folder / "hparams.json").is_file():
        config = _read_config(folder / "hparams.json")
        model = _load_tensorflow(folder / "model.ckpt", config)
    else:
        raise CheckpointError(
            f"{folder} holds no GPT-2: it has neither the config.json that transformers and "
            "`python -m train.export` write, nor the hparams.json of OpenAI's TensorFlow files."
        )
    return model, _read_tokenizer(folder, config)


def _read_tokenizer(folder: Path, config: GPT2Config) -> Tokenizer:
    try:
        tokenizer = read_tokenizer(folder) or Tokenizer.load("gpt2")
    except ValueError as error:
        raise CheckpointError(str(error)) from error
    if tokenizer.vocab_size != config.vocab_size:
        raise CheckpointError(
            f"The model in {folder} has {config.vocab_size:,} embeddings and its vocabulary has "
            f"{tokenizer.vocab_size:,} tokens: this program can use only a vocabulary that fits."
        )
    return tokenizer


_FIELDS = {  # ours -> theirs: of transformers, of OpenAI
    "vocab_size": ("vocab_size", "n_vocab"),
    "block_size": ("n_positions", "n_ctx"),
    "n_layer": ("n_layer",),
    "n_head": ("n_head",),
    "n_embd": ("n_embd",),
}
_VARIANTS = {  # what transformers' GPT-2 can be and OpenAI's is not; the values that OpenAI's has
    "model_type": ("gpt2",),
    "activation_function": ("gelu_new", "gelu_pytorch_tanh"),
    "scale_attn_weights": (True,),
    "scale_attn_by_inverse_layer_idx": (False,),
    "add_cross_attention": (False,),
    "tie_word_embeddings": (True,),
}


def _read_config(path: Path) -> GPT2Config:
    try:
        stored: Any = json.loads(path.read_text(encoding="utf-8"))
        values = {
            ours: next(stored[name] for name in names if name in stored)
            for ours, names in _FIELDS.items()
        }
        epsilon = stored.get("layer_norm_epsilon", 1e-5)
        config = GPT2Config(**values, layer_norm_epsilon=epsilon)
    except (ValueError, TypeError, AttributeError, StopIteration) as error:
        reason = f" ({str(error).rstrip('.')})" if str(error) else ""
        raise CheckpointError(f"{path} does not describe a GPT-2{reason}.") from error
    for field, allowed in _VARIANTS.items():
        if stored.get(field, allowed[0]) not in allowed:
            raise CheckpointError(
                f"{path} describes a model that this program cannot run: {field} is "
                f"{stored[field]!r}, and GPT-2's is {allowed[0]!r}."
            )
    if stored.get("n_inner") not in (None, 4 * config.n_embd):
        raise CheckpointError(f"{path} describes a GPT-2 whose n_inner is not 4 times n_embd.")
    return config


def shard_names(index: Path) -> list[str]:
    """The files that a model.safetensors.index.json names. CheckpointError if it is damaged."""
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        if not names or any(Path(name).name != name for name in names):
            raise ValueError(names)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{index} names no weight files; fetch it again.") from error
    return names


# --- reading ----------------------------------------------------------------------------------


class _Files(Mapping[str, Tensor]):
    """The tensors of open safetensors files by name, each read when it is asked for.

    So that converting a model needs the memory of one model, not of two.
    """

    def __init__(self, files: Sequence[Any]) -> None:
        self._home = {name: file for file in files for name in file.keys()}  # noqa: SIM118

    def __getitem__(self, name: str) -> Tensor:
        return self._home[name].get_tensor(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._home)

    def __len__(self) -> int:
        return len(self._home)

    def shape_and_dtype(self, name: str) -> tuple[tuple[int, ...], str]:
        part = self._home[name].get_slice(name)
        return tuple(part.get_shape()), part.get_dtype()


def _load(paths: Sequence[Path], config: GPT2Config) -> GPT2:
    for path in paths:
        check_is_weights(path)
    where = paths[0] if len(paths) == 1 else paths[0].parent
    try:
        files = _Files([safe_open(path, framework="pt") for path in paths])
        _check(where, config, {name: files.shape_and_dtype(name) for name in files})
        tensors = from_openai(files)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{where} is damaged ({error}); fetch it again.") from error
    return build_model(config, {name: tensor.float() for name, tensor in tensors.items()})


def _load_tensorflow(prefix: Path, config: GPT2Config) -> GPT2:
    tensors = dict(from_tensorflow(name, tensor) for name, tensor in read_bundle(prefix))
    _check(prefix, config, {name: (tuple(t.shape), "F32") for name, t in tensors.items()})
    return build_model(config, from_openai(tensors))


def _check(
    where: Path, config: GPT2Config, stored: Mapping[str, tuple[tuple[int, ...], str]]
) -> None:
    """Names, shapes and dtypes of a file against the config, before anything is allocated."""
    expected = expected_shapes(config, "gpt2")
    missing = set(expected)
    for stored_name, (shape, dtype) in stored.items():
        name = stored_name.removeprefix("transformer.")
        if _NOT_A_PARAMETER.fullmatch(name):
            continue
        ours = shape[::-1] if _TRANSPOSED.fullmatch(name) else shape
        wanted = expected["wte.weight"] if name == "lm_head.weight" else expected.get(name)
        if wanted is None:
            fault = f"has the unknown tensor {stored_name}"
        elif ours != wanted:
            fault = f"has {stored_name} of another shape, {shape}"
        elif dtype not in _FLOATS:
            fault = f"has {stored_name} stored as {dtype}"
        else:
            missing.discard(name)
            continue
        raise CheckpointError(f"{where} is not the GPT-2 that its config describes: it {fault}.")
    if missing:
        raise CheckpointError(
            f"{where} is not the GPT-2 that its config describes: it lacks {min(missing)}."
        )
