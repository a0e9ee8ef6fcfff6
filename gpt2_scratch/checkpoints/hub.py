"""Files of the Hugging Face Hub: fetched once, verified, shared with every other tool here.

huggingface_hub does the transfer, by its documented `hf_hub_download` alone, so its variables mean
what they mean everywhere: HF_HOME (the cache), HF_ENDPOINT (another server), HF_TOKEN,
HF_HUB_OFFLINE. A connection that breaks off goes on from the byte where it stopped; a process that
is killed begins the file again, as huggingface_hub has it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from gpt2_scratch.checkpoints.errors import CheckpointError
from gpt2_scratch.checkpoints.format import file_sha256

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all) while a file arrives; from any thread."""

REPOSITORY = re.compile(r"([A-Za-z0-9][\w.-]*/[\w.-]+)(?:@([\w./-]+))?")
"""owner/name, or owner/name@revision."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


def fetch(
    repository: str,
    filename: str,
    revision: str = "main",
    *,
    size: int | None = None,
    sha256: str | None = None,
    progress: Progress | None = None,
    kind: Literal["model", "space", "dataset"] = "model",
) -> Path:
    """Path of a repository's file in the local cache, downloaded into it when missing.

    revision  a branch, tag or commit; only a commit names the same bytes for ever
    size      what the file must be long, in bytes
    sha256    what it must hash to. Without it the hash that the Hub announced when the file was
              downloaded is checked (large files have one; where the cache has no symbolic links it
              is not kept, and nothing is checked)
    progress  replaces huggingface_hub's own bar on the terminal

    Raises CheckpointError, in one sentence; `MissingFile` when all is well but for the file.
    """
    path = _download(repository, filename, revision, progress, kind)
    blob = _blob(path)
    expected = sha256 or (blob.name if _SHA256.fullmatch(blob.name) else None)
    if size is not None and (actual := path.stat().st_size) != size:
        fault = f"is {actual:,} bytes long instead of {size:,}"
    elif expected is not None and (digest := file_sha256(path)) != expected:
        fault = f"has the sha256 {digest[:16]}... instead of {expected[:16]}..."
    else:
        return path
    raise CheckpointError(
        f"{filename} of {repository} {fault}, so it was damaged on its way or replaced; delete "
        f"{blob} and load it again."
    )


class MissingFile(CheckpointError):
    """The repository is there, and has no such file."""


def _blob(path: Path) -> Path:
    """The cache's content file: a snapshot is links to files that are named after their hash."""
    return path.parent / os.readlink(path) if path.is_symlink() else path


def _download(
    repository: str, filename: str, revision: str, progress: Progress | None, kind: str
) -> Path:
    try:
        from huggingface_hub import constants, errors, hf_hub_download
    except ImportError as error:
        raise CheckpointError(
            "Models of the Hub come through huggingface_hub; run `pip install huggingface_hub`."
        ) from error
    options: dict[str, Any] = {} if progress is None else {"tqdm_class": _reporter(progress)}
    where: dict[str, Any] = {"repo_type": kind, "revision": revision}
    try:
        return Path(hf_hub_download(repository, filename, **where, **options))
    except errors.RepositoryNotFoundError as error:  # 401 and 404: the Hub does not tell which
        raise CheckpointError(
            f"There is no {kind} repository {repository} on the Hub, or it is private or gated; "
            "check the name, or run `hf auth login` first."
        ) from error
    except errors.RevisionNotFoundError as error:
        raise CheckpointError(
            f"{repository} has no revision {revision}; check the branch, tag or commit."
        ) from error
    except errors.EntryNotFoundError as error:
        if not isinstance(error, errors.LocalEntryNotFoundError):
            raise MissingFile(f"{repository} has no file {filename} at {revision}.") from error
        if constants.is_offline_mode():
            raise CheckpointError(
                f"{filename} of {repository} is not in the Hugging Face cache and HF_HUB_OFFLINE "
                "forbids the download; unset it, or choose a model of this repository."
            ) from error
        raise CheckpointError(
            f"{filename} of {repository} is not in the Hugging Face cache and the Hub cannot be "
            f"reached at {constants.ENDPOINT}; connect to the network and try again, or choose a "
            "model of this repository."
        ) from error
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "no")
        raise CheckpointError(
            f"The Hub does not serve {filename} of {repository} (HTTP status {status}); check "
            "HF_ENDPOINT and HF_TOKEN, or try again later."
        ) from error
    except Exception as error:  # the proxy, the transfer, the disk: it lets all sorts through
        reason = str(error).split("\n", 1)[0].rstrip(".")
        raise CheckpointError(
            f"{filename} of {repository} cannot be fetched into the Hugging Face cache "
            f"({type(error).__name__}: {reason}); check the network and the room on the disk, and "
            "try again."
        ) from error


def _reporter(progress: Progress) -> type:
    """A class with the face of huggingface_hub's progress bar that reports instead of drawing."""
    from huggingface_hub.utils import tqdm as ProgressBar

    class Reporter(ProgressBar):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options | {"disable": True})
            self.done = int(options.get("initial") or 0)

        def update(self, n: float | None = 1) -> None:
            self.done += int(n or 0)
            progress(self.done, int(self.total or self.done))

        def update_transfer(self, n: float) -> None:
            """Xet counts what crosses the network apart from what reaches the file."""

    return Reporter
