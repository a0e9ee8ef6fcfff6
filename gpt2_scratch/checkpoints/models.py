"""A model by its name: ours, OpenAI's, a file, a folder, or a repository of the Hub."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from gpt2_scratch.checkpoints import hub, openai
from gpt2_scratch.checkpoints.errors import COMMANDS, CheckpointError
from gpt2_scratch.checkpoints.format import Checkpoint, build_model, file_sha256, read_checkpoint
from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.config import PRESETS
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import RANK_FILES, Tokenizer, weights_dir


def find_checkpoint(name: str | Path) -> tuple[Path, str | None]:
    """Path and expected sha256 (None if not in the manifest) of a named model or a path."""
    name = str(name)
    if name.endswith(".safetensors") or os.sep in name:
        return Path(name), None
    path = weights_dir() / f"{name}.safetensors"
    if not path.exists() and name not in COMMANDS:
        raise CheckpointError(
            f"There is no model {name!r}; choose {', '.join(available_names())}, the path of a "
            ".safetensors file or of a model's folder, or owner/name of a Hub repository."
        )
    entry = read_manifest().get(name)
    if entry and "hub" in entry and not path.exists():  # published apart: `python -m train.publish`
        repository, _, commit = entry["hub"].partition("@")
        path = hub.fetch(repository, entry["file"], commit)
    return path, entry["sha256"] if entry else None


def available_names() -> list[str]:
    """Names that `load_model` knows: ours first, then OpenAI's."""
    theirs = [name for name in PRESETS if name.startswith("gpt2")]
    return [*COMMANDS, *theirs]


def load_model(
    name: str | Path = "base", progress: Callable[[int, int], None] | None = None
) -> tuple[GPT2, Tokenizer]:
    """A model ready for inference, and its tokenizer.

    name  "base", "chat", "spam" (its trunk; `SpamClassifier` has the head as well);
          "gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl" (OpenAI's, from the Hugging Face Hub's
          cache or the Hub); the path of a .safetensors file of this program; the path of a folder
          with a GPT-2 as transformers or OpenAI's TensorFlow wrote it; or "owner/name" of a Hub
          repository in that layout, "owner/name@revision" for one of its commits
    progress  called with (bytes done, bytes in all) while weights are downloaded, maybe from
          another thread; without it huggingface_hub draws its own bar on the terminal

    The model is in evaluation mode, float32, on the CPU. Raises CheckpointError.
    """
    if name not in COMMANDS and not str(name).endswith(".safetensors"):
        if name in openai.PUBLISHED:
            return openai.load_published(str(name), progress)
        if Path(name).is_dir():
            return openai.load_folder(Path(name))
        if isinstance(name, str) and hub.REPOSITORY.fullmatch(name):
            return openai.load_repository(name, progress)
    path, sha256 = find_checkpoint(name)
    checkpoint = read_checkpoint(path, sha256)
    trunk = {key: t for key, t in checkpoint.tensors.items() if key != "score.weight"}
    return build_model(checkpoint.config, trunk), load_tokenizer(checkpoint)


def load_tokenizer(checkpoint: Checkpoint) -> Tokenizer:
    """The tokenizer that a checkpoint names.

    CheckpointError if it is not the one that the weights of the manifest were trained with, or does
    not fit the vocabulary.
    """
    name = checkpoint.tokenizer
    try:
        tokenizer = Tokenizer.load(name)
    except ValueError as error:
        raise CheckpointError(str(error)) from error
    entries = [entry for entry in read_manifest().values() if entry.get("tokenizer") == name]
    path = weights_dir() / RANK_FILES[name]
    if entries and file_sha256(path) not in [entry["tokenizer_sha256"] for entry in entries]:
        raise CheckpointError(
            f"{path} is not the vocabulary that the weights were trained with (its sha256 differs "
            "from the manifest's); fetch it again, or train the models again."
        )
    if tokenizer.vocab_size != checkpoint.config.vocab_size:
        raise CheckpointError(
            f"The checkpoint has {checkpoint.config.vocab_size} embeddings and its tokenizer "
            f"{checkpoint.tokenizer!r} has {tokenizer.vocab_size} entries: they do not belong "
            "together."
        )
    return tokenizer
