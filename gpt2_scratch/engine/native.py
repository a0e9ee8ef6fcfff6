"""native.cpp from Python: compiled on first use, and a GPT-2 that computes with it.

Needs a C++ compiler on the machine (g++ or clang++, or what the environment variable CXX names) and
says so where there is none; everything works without, by the operators of model.py. The
compiled library is kept in the user's cache folder, under a name made from the source, the flags
and the processor. GPT2_SCRATCH_NATIVE=0 turns it off.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from gpt2_scratch.checkpoints.format import file_sha256
from gpt2_scratch.engine.processor import core_cache, instruction_line
from gpt2_scratch.engine.quantization import (
    AUTOMATIC,
    BITS,
    MODES,
    GroupedMatrix,
    StoredMatrix,
    store,
    stored_bytes,
)
from gpt2_scratch.kv_cache import KVCache
from gpt2_scratch.model import GPT2, Block, LayerNorm

SOURCE = Path(__file__).with_name("native.cpp")
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fno-math-errno", "-fopenmp", "-shared", "-fPIC")
COMPILE_SECONDS = 900  # ten seconds at rest; without the kernels a text may be another one
PANEL = 32  # outputs side by side in memory; as in native.cpp
HALVED = (32, 64)  # widths of a head whose keys and values may be float16; as in native.cpp
# Multiplications of a step that is over before several threads have waited for each other at each
# of its products. On a server they share the cores with those who read the texts, and wait longer.
ONE_THREAD = 2**24


class NativeUnavailable(RuntimeError):
    """There is no compiled library, and why; model.py computes the same more slowly."""


# --- the library ------------------------------------------------------------------------------


@functools.cache
def library() -> ctypes.CDLL:
    """The compiled native.cpp. Raises NativeUnavailable; compiles once per machine (seconds)."""
    if os.environ.get("GPT2_SCRATCH_NATIVE") == "0":
        raise NativeUnavailable("GPT2_SCRATCH_NATIVE=0 turns the compiled kernels off.")
    try:
        loaded = ctypes.CDLL(str(_compiled()))
    except OSError as error:
        raise NativeUnavailable(f"The compiled kernels cannot be loaded: {error}.") from error
    loaded.gpt2_read.restype = ctypes.c_float
    loaded.gpt2_forward.restype = None
    return loaded


def is_available() -> bool:
    """Whether `library` gives one."""
    try:
        library()
    except NativeUnavailable:
        return False
    return True


def _compiled() -> Path:
    compiler = _compiler()
    identity = (SOURCE.read_bytes(), FLAGS, compiler, platform.machine(), instruction_line())
    name = f"native-{hashlib.sha256(repr(identity).encode()).hexdigest()[:16]}.so"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gpt2_scratch"
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        usable = os.access(cache, os.W_OK) and cache.stat().st_uid == os.getuid()
    except OSError:
        usable = False
    if not usable:  # a folder that only we can write: what is in it will be executed
        cache = Path(tempfile.mkdtemp(prefix="gpt2_scratch-"))
    target = cache / name
    if not _is_whole(target):
        temporary = target.with_suffix(f".{os.getpid()}.tmp")
        _compile(compiler, temporary)
        digest = temporary.with_suffix(".tmp.sha256")
        digest.write_text(file_sha256(temporary))
        os.replace(temporary, target)  # two processes that start at once do not disturb each other
        os.replace(digest, _digest(target))
    return target


def _digest(library: Path) -> Path:
    return library.with_suffix(".sha256")


def _is_whole(library: Path) -> bool:
    """Whether it is there as it was compiled: a truncated one would end the process (SIGBUS)."""
    try:
        return file_sha256(library) == _digest(library).read_text()
    except OSError:
        return False


def _compiler() -> str:
    for name in (os.environ.get("CXX"), "g++", "clang++", "c++"):
        if name and (path := shutil.which(name)):
            return path
    raise NativeUnavailable("There is no C++ compiler on this machine: install g++ to decode fast.")


def _compile(compiler: str, target: Path) -> None:
    command = [compiler, *FLAGS, str(SOURCE), "-o", str(target)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=COMPILE_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or b""
        detail = said.decode(errors="replace").strip().splitlines()[-1:] or [str(error)]
        raise NativeUnavailable(f"native.cpp does not compile here: {detail[0]}") from error


# --- the structures of native.cpp -------------------------------------------------------------


class _Linear(ctypes.Structure):
    _fields_ = [
        ("weight", ctypes.c_void_p),
        ("scale", ctypes.c_void_p),
        ("bias", ctypes.c_void_p),
        ("inputs", ctypes.c_int64),
        ("outputs", ctypes.c_int64),
    ]


class _Norm(ctypes.Structure):
    _fields_ = [("weight", ctypes.c_void_p), ("bias", ctypes.c_void_p)]


class _Layer(ctypes.Structure):
    _fields_ = [
        ("ln_1", _Norm),
        ("c_attn", _Linear),
        ("attn_c_proj", _Linear),
        ("ln_2", _Norm),
        ("c_fc", _Linear),
        ("mlp_c_proj", _Linear),
    ]


class _Model(ctypes.Structure):
    _fields_ = [
        ("n_layer", ctypes.c_int64),
        ("n_head", ctypes.c_int64),
        ("n_embd", ctypes.c_int64),
        ("epsilon", ctypes.c_float),
        ("wpe", ctypes.c_void_p),
        ("layers", ctypes.POINTER(_Layer)),
        ("ln_f", _Norm),
        ("wte", _Linear),
    ]


class _Cache(ctypes.Structure):
    _fields_ = [
        ("keys", ctypes.c_void_p),
        ("values", ctypes.c_void_p),
        ("slots", ctypes.c_int64),
        ("max_length", ctypes.c_int64),
        ("bits", ctypes.c_int64),
    ]


def pack(stored: StoredMatrix, together: int = 1) -> StoredMatrix:
    """A matrix in the order in which native.cpp reads it.

    values (outputs, inputs) -> (panels, inputs / together, PANEL, together): what one input, or as
    many as are read together, contributes to PANEL outputs lies side by side. The last panel and
    the last input are filled up with zeros.
    """
    outputs, inputs = stored.values.shape
    panels, groups = -(-outputs // PANEL), -(-inputs // together)
    padded = stored.values.new_zeros(panels * PANEL, groups * together)
    padded[:outputs, :inputs] = stored.values
    packed = padded.view(panels, PANEL, groups, together).transpose(1, 2).contiguous()
    return StoredMatrix(packed, stored.scale)


def pack_groups(stored: GroupedMatrix) -> Tensor:
    """A matrix in int4 in the order in which native.cpp reads it: blocks of PANEL outputs and a
    group of inputs, each followed by its scales and least values.

    values (outputs, groups, GROUP / 4, 2) -> (panels, groups, bytes of a block) uint8.
    """
    outputs = stored.values.size(0)
    panels = -(-outputs // PANEL)

    def in_panels(part: Tensor, place: int) -> Tensor:
        """(outputs, ...) -> (panels, ..., PANEL at this place, ...)"""
        padded = part.new_zeros(panels * PANEL, *part.shape[1:])
        padded[:outputs] = part
        return padded.unflatten(0, (panels, PANEL)).movedim(1, place).contiguous()

    values = in_panels(stored.values, 3).flatten(2)  # (panels, g, GROUP / 4, PANEL, 2) -> 3 of them
    worth = [in_panels(part, 2).view(torch.uint8) for part in (stored.scale, stored.least)]
    return torch.cat([values, *worth], dim=2)


class NativeGPT2(nn.Module):
    """A GPT-2 that computes with native.cpp, from a copy of a model's weights in one of the modes.

    It takes the place of the GPT2 in `generation` and in the engine. For inference on the CPU only;
    it has no parameters that could be trained. Raises NativeUnavailable, or ValueError for a mode
    that cannot hold the weights.
    """

    def __init__(self, model: GPT2, mode: str = "fp32") -> None:
        super().__init__()
        self.config, self.mode = model.config, mode
        self._library = library()
        self._kept: list[Tensor] = []  # what the structures point to
        layers = (_Layer * self.config.n_layer)()
        for layer, block in zip(layers, cast(list[Block], list(model.h)), strict=True):
            layer.ln_1, layer.ln_2 = self._norm(block.ln_1), self._norm(block.ln_2)
            layer.c_attn = self._linear(block.attn.c_attn.weight, block.attn.c_attn.bias)
            layer.attn_c_proj = self._linear(block.attn.c_proj.weight, block.attn.c_proj.bias)
            layer.c_fc = self._linear(block.mlp.c_fc.weight, block.mlp.c_fc.bias)
            layer.mlp_c_proj = self._linear(block.mlp.c_proj.weight, block.mlp.c_proj.bias)
        self._model = _Model(
            self.config.n_layer,
            self.config.n_head,
            self.config.n_embd,
            self.config.layer_norm_epsilon,
            self._pointer(model.wpe.weight),
            layers,
            self._norm(model.ln_f),
            self._linear(model.wte.weight, None),
        )
        self._multiplications = sum(p.numel() for p in model.parameters() if p.dim() == 2)

    @property
    def cache_dtype(self) -> torch.dtype:
        """What keys and values are kept in: float16 where the weights are rounded as well.

        That is half of what attention reads, which with several long texts is more than the
        weights, and it is finer than the rounding of int8.
        """
        halved = self.mode != "fp32" and self.config.head_dim in HALVED
        return torch.float16 if halved else torch.float32

    def _pointer(self, tensor: Tensor) -> int:
        self._kept.append(tensor.detach().contiguous())
        return self._kept[-1].data_ptr()

    def _norm(self, norm: LayerNorm) -> _Norm:
        return _Norm(self._pointer(norm.weight.float()), self._pointer(norm.bias.float()))

    def _linear(self, weight: Tensor, bias: Tensor | None) -> _Linear:
        stored = store(weight.detach().float(), self.mode)
        together = self._library.gpt2_together(BITS[self.mode])
        if not together:
            raise NativeUnavailable(f"The kernels have no way with {self.mode} on this processor.")
        if isinstance(stored, GroupedMatrix):
            packed = StoredMatrix(pack_groups(stored))
        else:
            packed = pack(stored, together)
        return _Linear(
            self._pointer(packed.values),
            None if packed.scale is None else self._pointer(packed.scale),
            None if bias is None else self._pointer(bias.float()),
            weight.size(1),
            weight.size(0),
        )

    def forward(
        self, idx: Tensor, cache: KVCache | None = None, all_positions: bool = False
    ) -> Tensor:
        """Logits of the next token; arguments, shapes and errors as in `GPT2.forward`."""
        B, T = idx.shape
        start = 0 if cache is None else cache.length
        if start + T > self.config.block_size:
            raise ValueError(
                f"{start + T} tokens do not fit into the context window of "
                f"{self.config.block_size}; shorten the text."
            )
        used = KVCache(self.config, B, T, self.cache_dtype) if cache is None else cache
        rows = range(B * T)
        logits = self._forward(
            idx.flatten().tolist(),  # (B, T) -> B * T rows
            [row // T for row in rows],
            [start + row % T for row in rows],
            used,
            rows if all_positions else rows[T - 1 :: T],
            torch.get_num_threads(),
        )
        used.advance(T)
        return logits.view(B, -1, self.config.vocab_size)  # -> (B, T or 1, V)

    def forward_rows(
        self,
        tokens: Sequence[int],
        slots: Sequence[int],
        positions: Sequence[int],
        cache: KVCache,
        wanted: Sequence[int],
    ) -> Tensor:
        """One forward pass over tokens of several sequences; see `rows.RowModel`.

        A small step runs on one thread (by the size of the work, not by a clock): the same bits.
        """
        is_small = len(tokens) * self._multiplications <= ONE_THREAD
        threads = 1 if is_small else torch.get_num_threads()
        return self._forward(tokens, slots, positions, cache, wanted, threads)

    def _forward(
        self,
        tokens: Sequence[int],
        slots: Sequence[int],
        positions: Sequence[int],
        cache: KVCache,
        wanted: Sequence[int],
        threads: int,
    ) -> Tensor:
        inputs = _checked_rows(self.config.vocab_size, tokens, slots, positions, cache, wanted)
        logits = torch.empty(len(wanted), self.config.vocab_size)
        _, n_slots, _, max_length, _ = cache.keys.shape
        self._library.gpt2_forward(
            ctypes.byref(self._model),
            BITS[self.mode],
            ctypes.byref(
                _Cache(
                    cache.keys.data_ptr(),
                    cache.values.data_ptr(),
                    n_slots,
                    max_length,
                    8 * cache.keys.itemsize,
                )
            ),
            ctypes.c_int64(len(tokens)),
            *inputs[:3],
            ctypes.c_int64(len(wanted)),
            inputs[3],
            ctypes.c_void_p(logits.data_ptr()),
            threads,
        )
        return logits


def _checked_rows(
    vocab_size: int,
    tokens: Sequence[int],
    slots: Sequence[int],
    positions: Sequence[int],
    cache: KVCache,
    wanted: Sequence[int],
) -> list[ctypes.Array[ctypes.c_int64]]:
    """The arguments as C arrays. Nothing in native.cpp looks whether an index is in its array."""
    _, n_slots, _, max_length, head_dim = cache.keys.shape
    readable = [torch.float32] + [torch.float16] * (head_dim in HALVED)
    if cache.keys.dtype != cache.values.dtype or cache.keys.dtype not in readable:
        raise ValueError(
            "The compiled kernels need a cache of float32 on the CPU, or of float16 with heads of "
            f"{' or '.join(map(str, HALVED))} numbers."
        )
    if not cache.keys.is_contiguous() or not cache.values.is_contiguous():
        raise ValueError("The compiled kernels need a cache that is contiguous in memory.")
    arrays = []
    for what, values, size, count in (
        ("token", tokens, vocab_size, len(tokens)),
        ("slot", slots, n_slots, len(tokens)),
        ("position", positions, max_length, len(tokens)),
        ("wanted row", wanted, len(tokens), len(wanted)),
    ):
        if len(values) != count or not count or min(values) < 0 or max(values) >= size:
            raise ValueError(f"Each {what} must be from 0 to {size - 1}, one for each row.")
        arrays.append((ctypes.c_int64 * count)(*values))
    return arrays


# --- which mode -------------------------------------------------------------------------------


def choose_mode(model: GPT2, candidates: Sequence[str] = AUTOMATIC) -> str:
    """How to store a model's weights on this processor.

    A decode step reads every weight once. Weights that a core's own cache holds are stored exactly;
    larger ones in the fewest bytes, for then a step costs what its bytes cost. No clock has a part
    in it: the same machine chooses the same at each start, however busy it is.
    """
    modes = sorted(candidates, key=MODES.index)
    return modes[0] if stored_bytes(model, modes[0]) <= core_cache() else modes[-1]
