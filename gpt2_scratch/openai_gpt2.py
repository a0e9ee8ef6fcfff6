"""OpenAI's GPT-2 checkpoints, as the Hugging Face Hub serves them: to our names, and back.

The names are the same but for three habits of those files:

- some writers put `transformer.` in front of every name;
- the four matrices of a block are stored (in, out), as TensorFlow had them ("Conv1D"), where
  `nn.Linear` keeps (out, in);
- some files hold what is not a parameter: the causal mask of each block (`attn.bias`,
  `attn.masked_bias`), and the output layer (`lm_head.weight`), which is `wte.weight` again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from gpt2_scratch.checkpoint import CheckpointError, build_model, expected_shapes
from gpt2_scratch.config import PRESETS, GPT2Config
from gpt2_scratch.model import GPT2

OWNER = "openai-community"  # of the Hub repositories
FILENAME = "model.safetensors"

_TRANSPOSED = re.compile(r"h\.\d+\.(attn\.c_attn|attn\.c_proj|mlp\.c_fc|mlp\.c_proj)\.weight")
_NOT_A_PARAMETER = re.compile(r"h\.\d+\.attn\.(bias|masked_bias)")
_FLOATS = ("F64", "F32", "F16", "BF16")


def from_openai(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """OpenAI's names and layout -> the state dict of a `GPT2`: contiguous, dtypes kept.

    Raises CheckpointError if there is an output layer that is not the token embedding: leaving it
    out would give another model. Names and shapes are not checked here, as that needs a config.
    """
    ours: dict[str, Tensor] = {}
    output_layer = None
    for name, tensor in tensors.items():
        name = name.removeprefix("transformer.")
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


def load_from_hub(name: str) -> GPT2:
    """OpenAI's "gpt2", "gpt2-medium", "gpt2-large" or "gpt2-xl", in evaluation mode and float32.

    From the cache of huggingface_hub, or else downloaded into it; HF_HOME, HF_ENDPOINT and
    HF_HUB_OFFLINE mean what they mean everywhere. Raises CheckpointError: unknown name, no network
    and not in the cache, a file that is damaged or of another shape.
    """
    if name not in PRESETS or not name.startswith("gpt2"):
        known = ", ".join(preset for preset in PRESETS if preset.startswith("gpt2"))
        raise CheckpointError(f"OpenAI published no GPT-2 named {name!r}; choose from {known}.")
    config = PRESETS[name]
    path = _download(f"{OWNER}/{name}")
    try:
        with safe_open(path, framework="pt") as file:
            stored = list(file.keys())
            slices = {key: file.get_slice(key) for key in stored}
            shapes = {key: tuple(s.get_shape()) for key, s in slices.items()}
            dtypes = {key: s.get_dtype() for key, s in slices.items()}
            _check(path, config, shapes, dtypes)
            tensors = from_openai({key: file.get_tensor(key) for key in stored})
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{path} is damaged ({error}); delete it and load {name} again."
        ) from error
    return build_model(config, {key: tensor.float() for key, tensor in tensors.items()})


def _download(repository: str) -> Path:
    """Path of the repository's weight file in the local cache."""
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError as error:
        raise CheckpointError(
            "OpenAI's weights come through huggingface_hub; run `pip install huggingface_hub`."
        ) from error
    try:
        return Path(hf_hub_download(repo_id=repository, filename=FILENAME))
    except LocalEntryNotFoundError as error:
        raise CheckpointError(
            f"{repository} is not in the Hugging Face cache and the Hub cannot be reached; connect "
            "to the network and try again, or choose a model of this repository."
        ) from error
    except HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "no")
        raise CheckpointError(
            f"The Hub does not serve {FILENAME} of {repository} (HTTP status {status}); check "
            "HF_ENDPOINT and HF_TOKEN, or try again later."
        ) from error
    except Exception as error:  # the proxy, the transfer, the disk: it lets all sorts through
        raise CheckpointError(
            f"{repository} cannot be fetched into the Hugging Face cache ({type(error).__name__}: "
            f"{error}); check the network and the room on the disk, and try again."
        ) from error


def _check(
    path: Path,
    config: GPT2Config,
    shapes: Mapping[str, tuple[int, ...]],
    dtypes: Mapping[str, str],
) -> None:
    """Names, shapes and dtypes of a file against the config, before anything is allocated."""
    expected = expected_shapes(config, "gpt2")
    missing = set(expected)
    for stored, shape in shapes.items():
        name = stored.removeprefix("transformer.")
        if _NOT_A_PARAMETER.fullmatch(name):
            continue
        ours = shape[::-1] if _TRANSPOSED.fullmatch(name) else shape
        wanted = expected["wte.weight"] if name == "lm_head.weight" else expected.get(name)
        if wanted is None:
            fault = f"the unknown tensor {stored}"
        elif ours != wanted:
            fault = f"{stored} of another shape, {shape}"
        elif dtypes[stored] not in _FLOATS:
            fault = f"{stored} stored as {dtypes[stored]}"
        else:
            missing.discard(name)
            continue
        raise CheckpointError(f"{path} is not the GPT-2 of its name: it has {fault}; delete it.")
    if missing:
        raise CheckpointError(
            f"{path} is not the GPT-2 of its name: it lacks {min(missing)}; delete it."
        )
