"""llama.cpp as a contestant: our weights in a GGUF file, read by the package llama-cpp-python.

GGUF is llama.cpp's own format (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). It has
GPT-2 under the architecture `gpt2`, with tensors of other names and the same shapes; the package
`gguf` has the names. Of its kinds of weights three have a counterpart here: f32, f16 and q8_0,
whole numbers of 8 bits with a scale for each 32 of them (ours have one for each output).
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np

from gpt2_scratch.engine.quantization import is_stored
from gpt2_scratch.model import GPT2

KINDS = ("F32", "F16", "Q8_0")
_NAMES = {
    "wte": "TOKEN_EMBD",
    "wpe": "POS_EMBD",
    "ln_1": "ATTN_NORM",
    "attn.c_attn": "ATTN_QKV",
    "attn.c_proj": "ATTN_OUT",
    "ln_2": "FFN_NORM",
    "mlp.c_fc": "FFN_UP",
    "mlp.c_proj": "FFN_DOWN",
    "ln_f": "OUTPUT_NORM",
}


def write_gguf(model: GPT2, path: Path, kind: str) -> int:
    """A model as a GGUF file, its matrices in one of KINDS; the bytes of all its tensors.

    The vocabulary is made up: whoever reads the file is asked for ids only.
    """
    gguf = importlib.import_module("gguf")
    config = model.config
    writer = gguf.GGUFWriter(path, "gpt2")
    writer.add_block_count(config.n_layer)
    writer.add_context_length(config.block_size)
    writer.add_embedding_length(config.n_embd)
    writer.add_feed_forward_length(4 * config.n_embd)
    writer.add_head_count(config.n_head)
    writer.add_layer_norm_eps(config.layer_norm_epsilon)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([f"token {number}" for number in range(config.vocab_size)])
    writer.add_token_types([gguf.TokenType.NORMAL] * config.vocab_size)
    writer.add_token_merges(["t o"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    total = 0
    for name, parameter in model.state_dict().items():
        values = parameter.detach().float().numpy()
        kept = gguf.GGMLQuantizationType[kind if is_stored(name, parameter) else "F32"]
        data = gguf.quants.quantize(np.ascontiguousarray(values), kept)
        writer.add_tensor(_gguf_name(gguf, name), data, raw_dtype=kept)
        total += data.nbytes
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return total


def _gguf_name(gguf: Any, name: str) -> str:
    """`h.3.attn.c_proj.weight` -> `blk.3.attn_output.weight`."""
    module, _, suffix = name.rpartition(".")
    block = ""
    if module.startswith("h."):
        _, block, module = module.split(".", 2)
    pattern = gguf.TENSOR_NAMES[gguf.MODEL_TENSOR[_NAMES[module]]]
    return f"{pattern.format(bid=block)}.{suffix}"


def reader(path: Path, threads: int) -> Any:
    """llama.cpp with a GGUF file. Raises ImportError where llama-cpp-python is not installed."""
    llama_cpp = importlib.import_module("llama_cpp")
    return llama_cpp.Llama(
        str(path), n_ctx=0, n_batch=512, n_threads=threads, n_threads_batch=threads, verbose=False
    )


def greedy(llama: Any, ids: list[int], new: int) -> list[int]:
    """The next `new` tokens; nothing is left of the text before."""
    llama.reset()
    return cast(list[int], list(islice(llama.generate(ids, temp=0.0), new)))


def llama(
    model: GPT2, kind: str, threads: int
) -> tuple[int, Callable[[list[int], int], list[int]]]:
    """(bytes of the weights, how to write on) with the weights in one of KINDS, in small letters.

    Raises ImportError where llama-cpp-python or gguf is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.gguf"
        weight_bytes = write_gguf(model, path, kind.upper())
        read = reader(path, threads)  # it maps the file, which may go
    return weight_bytes, lambda ids, new: greedy(read, ids, new)
