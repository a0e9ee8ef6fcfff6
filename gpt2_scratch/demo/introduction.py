"""The page's first lines, and what a link to it shows elsewhere: what this is, in one sentence.

The numbers are read beside the weights, so that they are those of the model that is there: its
size and the tokens it has read in the file's header, the hours and cores in the logs of the runs
that led to it. What is not written down there is left out.
"""

from __future__ import annotations

import os
from html import escape
from pathlib import Path

from starlette.responses import FileResponse
from starlette.routing import Route

from gpt2_scratch.checkpoints.errors import CheckpointError
from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.insight.training_log import TrainingLog, read_logs

WHAT = "It writes, answers, judges messages, and shows how."
PICTURE = "picture.svg"  # of weights/, which train.picture draws
COUNTED = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")
SAME = 0.02  # how far tokens may be apart that are counted in logs and in a header


def introduction(title: str, folder: Path) -> str:
    """The page's heading as HTML."""
    return f"<h1>{escape(title)}</h1><p>{escape(sentence(folder))} <span>{WHAT}</span></p>"


def sentence(folder: Path) -> str:
    """What this is: parameters, tokens read, hours and cores, as far as they are known."""
    parameters, read = _size(folder)
    if not parameters:
        return "A language model, written and trained from scratch."
    whole = f"A language model of {_rounded(parameters)} parameters, trained from scratch"
    if not read:
        return f"{whole}."
    return f"{whole} on {_rounded(read)} tokens{_effort(folder, read)}."


def head(title: str, folder: Path) -> str:
    """What other sites show of a link to this page."""
    described = escape(f"{sentence(folder)} {WHAT}")
    tags = [("og:title", escape(title)), ("og:description", described), ("og:type", "website")]
    if (folder / PICTURE).exists() and (host := os.environ.get("SPACE_HOST")):
        tags.append(("og:image", f"https://{escape(host)}/{PICTURE}"))
    return "".join(f'<meta property="{name}" content="{content}">' for name, content in tags)


def picture(folder: Path) -> list[Route]:
    """Where `head` says that the picture is."""
    path = folder / PICTURE
    return [Route(f"/{PICTURE}", lambda request: FileResponse(path))] if path.exists() else []


def _size(folder: Path) -> tuple[int, int]:
    """Parameters of `base`, and the tokens that it has read; 0 for what is not known."""
    try:
        entry = read_manifest(folder).get("base", {})
    except CheckpointError:
        return 0, 0
    return int(entry.get("parameters") or 0), _tokens_read(folder / "base.safetensors")


def _tokens_read(path: Path) -> int:
    """What training noted in the file's header."""
    from safetensors import SafetensorError, safe_open  # heavy, and the core has it by then

    try:
        with safe_open(path, framework="numpy") as file:
            return int((file.metadata() or {}).get("tokens", 0))
    except (OSError, SafetensorError, ValueError):
        return 0


def _effort(folder: Path, read: int) -> str:
    """How long it took, on how many cores: told if the logs are of all that was read."""
    try:
        logs = _ancestors(read_logs(folder))
    except ValueError:
        return ""
    if abs(sum(log.updates[-1]["tokens"] for log in logs) - read) > SAME * read:
        return ""
    hours = sum(log.updates[-1]["seconds"] for log in logs) / 3600
    cores = {log.description.get("cores") for log in logs}
    told = f" in {_hours(hours)}"
    if cores == {None} or len(cores) > 1:
        return told
    (count,) = cores
    return f"{told} on {_counted(int(str(count)))}"


def _ancestors(logs: list[TrainingLog]) -> list[TrainingLog]:
    """The log of `base` and those of runs that it went on from: their commands begin its own."""
    commands = next((log.commands for log in logs if log.name == "base"), [])
    return [log for log in logs if log.updates and log.commands == commands[: len(log.commands)]]


def _rounded(number: int) -> str:
    """7 million, 1.3 billion: two digits."""
    for unit, name in ((10**9, " billion"), (10**6, " million")):
        if number >= unit:
            return f"{float(f'{number / unit:.2g}'):g}{name}"
    return f"{number:,}"


def _hours(hours: float) -> str:
    if hours < 1:
        return f"{max(1, round(60 * hours))} minutes"
    return f"{float(f'{hours:.2g}'):g} hours"


def _counted(cores: int) -> str:
    number = COUNTED[cores] if cores < len(COUNTED) else str(cores)
    return f"{number} processor core{'s' * (cores != 1)}"
