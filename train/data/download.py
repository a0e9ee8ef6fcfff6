"""Fetching one address of the web into a file: with a progress bar, resumed where it stopped."""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import urllib.error
import urllib.request
from pathlib import Path

from tqdm import tqdm

_CHUNK = 1 << 18  # bytes per read
_TIMEOUT = 30  # seconds without a byte before a download is given up


class DatasetError(ValueError):
    """A data set is unknown, unreachable or damaged; the message is one sentence."""


def file_sha256(path: Path) -> str:
    """The hash of a file as 64 hexadecimal digits; as the core's, which would import torch."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def put_in_place(content: bytes | Path, path: Path) -> None:
    """Write a file, or copy one, in one step: a name means "complete".

    Two processes that make the same file at once write apart, and the last rename wins.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    if isinstance(content, Path):
        shutil.copyfile(content, part)
    else:
        part.write_bytes(content)
    os.replace(part, path)


def download_part(
    url: str, part: Path, *, name: str, otherwise: str, progress: bool = True
) -> None:
    """Download `url` to `part`, continuing where an earlier attempt stopped.

    `part` is no finished file: the caller checks it and then gives it its name. A server that
    cannot continue sends everything again.

    name       of the progress bar
    otherwise  what to do without the network, as the end of a sentence

    Raises DatasetError in one sentence; what has arrived is kept.
    """
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "gpt2_scratch"})
    if done:
        request.add_header("Range", f"bytes={done}-")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
            if response.status != 206:  # the server ignored Range and starts from byte 0
                done = 0
            length = response.headers.get("Content-Length")
            total = done + int(length) if length else None
            with (
                part.open("ab" if done else "wb") as file,
                tqdm.wrapattr(
                    response, "read", total, desc=name, initial=done, disable=not progress
                ) as incoming,
            ):
                shutil.copyfileobj(incoming, file, _CHUNK)
    except urllib.error.HTTPError as error:
        if error.code == 416 and done:  # nothing is left to send: the part is complete
            return
        raise DatasetError(
            f"{url} answered with HTTP status {error.code}: try again later, or {otherwise}."
        ) from error
    except (OSError, http.client.HTTPException) as error:  # URLError is an OSError
        reason = getattr(error, "reason", None) or error
        raise DatasetError(
            f"{url} cannot be downloaded ({reason}): check the network, or {otherwise}."
        ) from error
    if total is not None and part.stat().st_size < total:
        raise DatasetError(
            f"The connection to {url} ended after {part.stat().st_size:,} of {total:,} bytes: run "
            "the command again to continue from there."
        )
