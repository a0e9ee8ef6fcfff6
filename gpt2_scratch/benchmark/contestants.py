"""Who decodes in a benchmark: this package in each of its ways, and other programs beside it.

The others are no dependencies of the package. They are imported when a benchmark asks for them and
get random weights of the same shape, of which speed does not depend.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, cast

import torch

from gpt2_scratch.benchmark.llama import KINDS, llama
from gpt2_scratch.config import GPT2Config
from gpt2_scratch.engine.native import NativeGPT2, is_available
from gpt2_scratch.engine.quantization import MODES, stored_bytes
from gpt2_scratch.generation import generate_tokens
from gpt2_scratch.model import GPT2
from gpt2_scratch.sampling import SamplingSettings

GREEDY = SamplingSettings(temperature=0.0, seed=0)


@dataclass(frozen=True)
class Contestant:
    """One way to decode.

    weight_bytes  what it reads for one token, nearly
    generate      (prompt ids, new tokens): greedy, that many whatever they are
    """

    name: str
    weight_bytes: int
    generate: Callable[[list[int], int], object]


OURS = ("model.py, fp32", *(f"compiled, {mode}" for mode in MODES))
PEERS = (
    *("transformers, fp32", "transformers, bf16", "CTranslate2, float32", "CTranslate2, int8"),
    *(f"llama.cpp, {kind.lower()}" for kind in KINDS),
)


def names(with_peers: bool) -> list[str]:
    """Who enters on this machine. llama.cpp, which takes minutes to build, may be missing; who
    else is missing, but was asked for, is an error of `contestant`."""
    found = [name for name in OURS if is_available() or not name.startswith("compiled")]
    has_llama = all(find_spec(package) for package in ("llama_cpp", "gguf"))
    if with_peers:
        found += [name for name in PEERS if has_llama or not name.startswith("llama.cpp")]
    return found


def contestant(name: str, model: GPT2, threads: int) -> Contestant:
    """One of `names` over a model. Raises ValueError if what it needs is not installed."""
    program, _, kind = name.partition(", ")
    if program == "model.py":
        return _own(name, model, stored_bytes(model, "fp32"))
    if program == "compiled":
        return _own(name, NativeGPT2(model, kind), stored_bytes(model, kind))
    if program == "llama.cpp":
        return Contestant(name, *llama(model, kind, threads))
    reference = _reference(model.config)
    if program == "CTranslate2":
        return _ctranslate2(reference, model.config, kind, threads)
    return _transformers(reference if kind == "fp32" else reference.to(torch.bfloat16), kind)


def _own(name: str, model: GPT2 | NativeGPT2, weight_bytes: int) -> Contestant:
    def generate(ids: list[int], new: int) -> object:
        return list(generate_tokens(cast(GPT2, model), ids, GREEDY, new))

    return Contestant(name, weight_bytes, generate)


def _reference(config: GPT2Config) -> Any:
    """transformers' GPT-2 of this shape."""
    transformers = _module("transformers")
    transformers.logging.set_verbosity_error()
    shape = transformers.GPT2Config(
        vocab_size=config.vocab_size,
        n_positions=config.block_size,
        n_layer=config.n_layer,
        n_head=config.n_head,
        n_embd=config.n_embd,
        bos_token_id=0,
        eos_token_id=0,
    )
    return transformers.GPT2LMHeadModel(shape).eval()


def _transformers(model: Any, kind: str) -> Contestant:
    weight_bytes = sum(p.numel() * p.element_size() for p in model.parameters())

    def generate(ids: list[int], new: int) -> object:
        with torch.inference_mode():
            idx = torch.tensor([ids])
            return model.generate(
                idx,
                attention_mask=torch.ones_like(idx),
                min_new_tokens=new,
                max_new_tokens=new,
                do_sample=False,
                pad_token_id=0,
            )

    return Contestant(f"transformers, {kind}", weight_bytes, generate)


def _ctranslate2(model: Any, config: GPT2Config, kind: str, threads: int) -> Contestant:
    weight_bytes = sum(p.numel() for p in model.parameters()) * (4 if kind == "float32" else 1)
    ctranslate2 = _module("ctranslate2")
    converters = _module("ctranslate2.converters.transformers")
    names = [f"token {number}" for number in range(config.vocab_size)]
    spec = converters._MODEL_LOADERS["GPT2Config"].get_model_spec(model)
    spec.register_vocabulary(names)
    spec.config.bos_token = spec.config.eos_token = spec.config.unk_token = names[0]
    spec.validate()
    spec.optimize(quantization=kind)
    with tempfile.TemporaryDirectory() as folder:
        spec.save(folder)
        generator = ctranslate2.Generator(folder, compute_type=kind, intra_threads=threads)

    def generate(ids: Sequence[int], new: int) -> object:
        return generator.generate_batch(
            [[names[i] for i in ids]],
            min_length=new,
            max_length=new,
            sampling_topk=1,
            include_prompt_in_result=False,
        )

    return Contestant(f"CTranslate2, {kind}", weight_bytes, generate)


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ValueError(
            f"{name.split('.')[0]} is not installed: `pip install transformers ctranslate2`, or "
            "leave --peers out."
        ) from error
