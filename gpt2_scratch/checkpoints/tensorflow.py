"""OpenAI's original checkpoints of 2019, which TensorFlow wrote, read without TensorFlow.

A TensorFlow checkpoint ("tensor bundle") is a prefix with two kinds of files. `model.ckpt.index` is
a sorted table in LevelDB's format: tensor name -> where its bytes are. `model.ckpt.data-0000N-of-*`
hold nothing but those bytes. The table is a few pages:

    data blocks | index block: last name of each data block -> its place | 48 bytes of footer

A block is a list of entries. An entry leaves out the letters that its name has in common with the
name before it:

    shared: varint | added: varint | value length: varint | added letters | value

and the value is a protocol-buffer message, of which a reader needs five fields. Written from
LevelDB's doc/table_format.md and TensorFlow's tensor_bundle.proto; the test reads a table that
TensorFlow 2.21 wrote. The checksums in the files are not checked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gpt2_scratch.checkpoints.errors import CheckpointError

_FOOTER_BYTES = 48
_MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
_FLOAT32 = 1  # DT_FLOAT of TensorFlow's types.proto; OpenAI published nothing else


def read_bundle(prefix: Path) -> Iterator[tuple[str, Tensor]]:
    """Name and float32 tensor of each entry of a checkpoint, in the order of names.

    prefix  the path up to and without ".index", for example models/124M/model.ckpt

    One tensor is in memory at a time. Raises CheckpointError: a file is missing or damaged, or
    holds something else than float32.
    """
    index = prefix.with_name(prefix.name + ".index")
    try:
        entries = dict(_table(index.read_bytes()))
        header = _message(entries.pop(b""))
        shards = header.get(1, 1)  # BundleHeaderProto.num_shards
        if header.get(2, 0) != 0:
            raise CheckpointError(f"{index} is in big-endian order, unlike OpenAI's files.")
        for name, value in entries.items():
            entry = _message(value)  # BundleEntryProto
            if entry.get(1) != _FLOAT32:
                raise CheckpointError(f"{index}: {name.decode()} is not float32, as GPT-2 was.")
            shape = [_message(dim).get(1, 0) for dim in _messages(entry.get(2, b""), 2)]
            shard = f"{prefix.name}.data-{entry.get(3, 0):05d}-of-{shards:05d}"
            yield name.decode(), _tensor(prefix.with_name(shard), shape, entry.get(4, 0))
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{error.filename} does not exist; a TensorFlow checkpoint is an .index file and its "
            ".data files in one folder."
        ) from error
    except (KeyError, IndexError, TypeError, UnicodeDecodeError, EOFError) as error:
        raise CheckpointError(
            f"{index} or its .data file is damaged or no TensorFlow checkpoint; fetch it again."
        ) from error


def _tensor(path: Path, shape: list[int], offset: int) -> Tensor:
    """A slice of a data file: numbers in row-major order, nothing around them."""
    count = math.prod(shape)
    with path.open("rb") as file:
        if offset + 4 * count > path.stat().st_size:
            raise EOFError
        file.seek(offset)
        data = bytearray(file.read(4 * count))
    return torch.frombuffer(data, dtype=torch.float32).reshape(shape)  # (count,) -> shape


def _table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The entries of a table file."""
    if data[-8:] != _MAGIC:
        raise EOFError
    footer = data[-_FOOTER_BYTES:]
    _, place = _handle(footer, 0)  # of the metaindex block, which is empty here
    (start, length), _ = _handle(footer, place)
    for _, handle in _block(data, start, length):
        (start, length), _ = _handle(handle, 0)
        yield from _block(data, start, length)


def _block(data: bytes, start: int, length: int) -> Iterator[tuple[bytes, bytes]]:
    if data[start + length] != 0:  # the byte behind a block: 1 is Snappy, which TensorFlow avoids
        raise EOFError
    block = data[start : start + length]
    restarts = int.from_bytes(block[-4:], "little")  # places for binary search, and their count
    end = length - 4 * (restarts + 1)
    place, key = 0, b""
    while place < end:
        shared, place = _varint(block, place)
        added, place = _varint(block, place)
        size, place = _varint(block, place)
        key = key[:shared] + block[place : place + added]
        place += added
        yield key, block[place : place + size]
        place += size


def _handle(data: bytes, place: int) -> tuple[tuple[int, int], int]:
    """(offset, length) of a block, and where the next field starts."""
    offset, place = _varint(data, place)
    length, place = _varint(data, place)
    return (offset, length), place


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number in groups of seven bits, lowest first; the top bit says that more follow."""
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7


# --- protocol buffers -------------------------------------------------------------------------


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, value): a number, or the bytes of a text or of a message within."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield number, value
            continue
        size = {1: 8, 5: 4}.get(kind)
        if size is None:  # kind 2: its length is written before it
            size, place = _varint(data, place)
        yield number, data[place : place + size]
        place += size


def _message(data: bytes) -> dict[int, Any]:
    return dict(_fields(data))


def _messages(data: bytes, number: int) -> list[bytes]:
    """All values of a field that may be repeated."""
    return [value for field, value in _fields(data) if field == number and isinstance(value, bytes)]
