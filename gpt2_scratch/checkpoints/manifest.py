"""`weights/manifest.json`: size, sha256, parameters and figures of each weight file."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gpt2_scratch.checkpoints.errors import CheckpointError
from gpt2_scratch.checkpoints.format import file_sha256, read_checkpoint
from gpt2_scratch.vocabulary.tokenizer import RANK_FILES, weights_dir


def read_manifest(folder: Path | None = None) -> dict[str, dict[str, Any]]:
    """weights/manifest.json by model name; empty if there is none. CheckpointError if damaged.

    An entry has file, kind, bytes, sha256, parameters and metrics, tokenizer and tokenizer_sha256,
    and in a published copy whose weight files stand in a repository of their own: "hub", as
    owner/name@commit.
    """
    path = (folder or weights_dir()) / "manifest.json"
    if not path.exists():
        return {}
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(entry["sha256"], str) for entry in manifest.values()):
            raise TypeError("a sha256 is not text")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{path} is damaged ({error!r}); restore it from git.") from error
    return manifest


def update_manifest(path: Path, metrics: Mapping[str, Any] | None = None) -> None:
    """Record the checkpoint at `path` in its folder's manifest under the file's stem.

    metrics  held-out figures; None keeps those already there
    """
    checkpoint = read_checkpoint(path)

    def change(manifest: dict[str, dict[str, Any]]) -> None:
        kept = manifest.get(path.stem, {}).get("metrics", {})
        manifest[path.stem] = {
            "file": path.name,
            "kind": checkpoint.kind,
            "bytes": path.stat().st_size,
            "sha256": file_sha256(path),
            **_vocabulary(path.parent, checkpoint.tokenizer),
            "parameters": sum(math.prod(tensor.shape) for tensor in checkpoint.tensors.values()),
            "metrics": kept if metrics is None else dict(metrics),
        }

    _rewrite_manifest(path.parent, change)


def _vocabulary(folder: Path, name: str) -> dict[str, str]:
    """What an entry says of its vocabulary: the folder's own, or that of `weights_dir()`."""
    for place in (folder, weights_dir()):
        path = place / RANK_FILES.get(name, name)
        if path.is_file():
            return {"tokenizer": name, "tokenizer_sha256": file_sha256(path)}
    return {}


def _rewrite_manifest(folder: Path, change: Callable[[dict[str, dict[str, Any]]], None]) -> None:
    manifest = read_manifest(folder)
    change(manifest)
    temporary = folder / "manifest.json.tmp"
    temporary.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(temporary, folder / "manifest.json")
