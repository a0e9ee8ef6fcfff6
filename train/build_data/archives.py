"""Public repositories at pinned commits, as the zip archives that GitHub makes of them.

`origin` is "owner/name@commit" everywhere, as in the catalogue. A zip archive, unlike a tar
archive, has a table of contents: files are read one by one, in any order, without unpacking it.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from train.data.download import DatasetError, download_part

BASE_VARIABLE = "GPT2_SCRATCH_ARCHIVES"  # another server instead of https://github.com
MAX_FILE_BYTES = 4 * 2**20  # the published sets were made without the files that are larger


def archive_path(folder: Path, origin: str) -> Path:
    """Where the archive of an origin is kept: an existing file of this name is complete."""
    return folder / (origin.replace("/", "+") + ".zip")


def fetch_archive(folder: Path, origin: str, progress: bool = True) -> Path:
    """Path of the archive, downloaded if it is not there yet. DatasetError in one sentence."""
    path = archive_path(folder, origin)
    if path.is_file():
        return path
    repository, _, commit = origin.partition("@")
    base = os.environ.get(BASE_VARIABLE, "https://github.com").rstrip("/")
    url = f"{base}/{repository}/archive/{commit}.zip"
    part = path.with_name(path.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    otherwise = f"name another server with {BASE_VARIABLE}"
    download_part(url, part, name=repository, otherwise=otherwise, progress=progress)
    if fault := _fault(part, commit):
        part.unlink()
        raise DatasetError(f"{url} did not serve {fault}, so it was thrown away: try again later.")
    os.replace(part, path)
    return path


def _fault(path: Path, commit: str) -> str:
    """What the file should have been and is not; empty if all is well."""
    try:
        with zipfile.ZipFile(path) as archive:
            comment = archive.comment.decode("ascii", "replace")  # git writes the commit there
    except zipfile.BadZipFile:
        return "a zip archive"
    return f"an archive of the commit {commit}" if comment and comment != commit else ""


class Archive:
    """The files of one repository. Paths are relative to its top folder."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        self._files: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            _, _, name = info.filename.partition("/")  # the archive's own top folder
            is_link = stat.S_ISLNK(info.external_attr >> 16)
            if name and not info.is_dir() and not is_link and info.file_size <= MAX_FILE_BYTES:
                self._files[name] = info

    def paths(self, pattern: str) -> list[str]:
        """The paths that match a regular expression from start to end, in git's order (bytes)."""
        wanted = re.compile(pattern, re.DOTALL)  # a file's name may hold a newline
        return sorted(filter(wanted.fullmatch, self._files), key=str.encode)

    def texts(self, pattern: str, largest_first: bool = False) -> Iterator[tuple[str, str]]:
        """(path, text) of the files that match, in the same order or by size."""
        paths = self.paths(pattern)
        if largest_first:
            paths.sort(key=self.size, reverse=True)
        return ((path, self.text(path)) for path in paths)

    def size(self, path: str) -> int:
        """Bytes of a file."""
        return self._files[path].file_size

    def read(self, path: str) -> bytes:
        """Content of a file. DatasetError if the repository has none of this name."""
        if path not in self._files:
            raise DatasetError(f"{self._zip.filename} has no file {path}: delete it and try again.")
        try:
            return self._zip.read(self._files[path])
        except zipfile.BadZipFile as error:
            raise DatasetError(
                f"{self._zip.filename} is damaged ({error}): delete it and try again."
            ) from error

    def text(self, path: str) -> str:
        """Content of a file as text; of one that Zstandard compressed, what is in it."""
        content = self.read(path)
        return decode(_unpacked(content) if path.endswith(".zst") else content)


def decode(content: bytes) -> str:
    """UTF-8 with or without a byte order mark, or else Windows-1252, as old files are."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _unpacked(content: bytes) -> bytes:
    try:
        import pyarrow
    except ImportError as error:
        raise DatasetError(
            "Files compressed by Zstandard are read through pyarrow; run `pip install pyarrow`."
        ) from error
    with pyarrow.input_stream(pyarrow.BufferReader(content), compression="zstd") as stream:
        return stream.read()
