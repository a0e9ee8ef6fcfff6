"""Downloads: the real huggingface_hub client against a hub on this machine, faults included."""

from __future__ import annotations

import ast
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants
from loopback_hub import COMMIT, Hub, serve, use
from test_checkpoint import fault_of

from gpt2_scratch.checkpoints.hub import MissingFile, fetch

REPOSITORY_ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "someone/tales"
DATA = bytes(range(251)) * 4000  # a megabyte
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve() as hub:
        hub.files[REPOSITORY] = {"model.safetensors": DATA, "config.json": b"{}"}
        use(hub, cache, monkeypatch)
        yield hub


def weights(hub: Hub, **options: object) -> bytes:
    return fetch(REPOSITORY, "model.safetensors", COMMIT, **options).read_bytes()  # type: ignore[arg-type]


def test_a_file_is_downloaded_once_and_shared(hub: Hub, cache: Path) -> None:
    assert weights(hub, size=len(DATA), sha256=SHA256) == DATA
    asked = len(hub.requests)
    assert weights(hub, size=len(DATA), sha256=SHA256) == DATA
    assert len(hub.requests) == asked  # a commit never changes: nothing to ask
    # The layout that every tool on huggingface_hub shares.
    snapshot = cache / "models--someone--tales" / "snapshots" / COMMIT / "model.safetensors"
    assert snapshot.resolve() == (cache / "models--someone--tales" / "blobs" / SHA256).resolve()


def test_progress_is_reported_up_to_the_end(hub: Hub, capfd: pytest.CaptureFixture[str]) -> None:
    calls: list[tuple[int, int]] = []
    weights(hub, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (len(DATA), len(DATA))
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert {total for _, total in calls} == {len(DATA)}
    assert "%" not in capfd.readouterr().err  # no bar beside the callback


def test_a_dropped_connection_goes_on_where_it_stopped(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 65536)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # the client waits a second first
    hub.drop_after["model.safetensors"] = 300_000
    calls: list[int] = []
    assert weights(hub, sha256=SHA256, progress=lambda done, _: calls.append(done)) == DATA
    ranges = [
        bytes for method, path, bytes in hub.requests if path.startswith("/storage/") and bytes
    ]
    assert len(ranges) == 1 and 0 < int(ranges[0][6:-1]) <= 300_000
    assert calls[-1] == len(DATA)


@pytest.mark.parametrize("kind", ["model", "space"])  # a Space's: train.download_weights
def test_a_download_that_was_killed_leaves_no_half_file_behind(
    hub: Hub, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    hub.files[f"spaces/{REPOSITORY}"] = hub.files[REPOSITORY]
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 65536)
    left = tmp_path / "left"

    def kill(done: int, total: int) -> None:
        if done > 300_000:
            shutil.copytree(cache, left)  # what is on the disk when nothing can be tidied up
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        weights(hub, kind=kind, progress=kill)
    use(hub, left, monkeypatch)
    calls: list[tuple[int, int]] = []
    again = weights(hub, kind=kind, sha256=SHA256, progress=lambda *counts: calls.append(counts))
    assert again == DATA
    assert calls[-1] == (len(DATA), len(DATA))


def test_only_what_huggingface_hub_documents_is_used() -> None:
    """The range of its versions is open: what is not documented may go in any of them."""
    path = REPOSITORY_ROOT / "gpt2_scratch" / "checkpoints" / "hub.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        f"{node.module}.{name.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("huggingface_hub")
        for name in node.names
    }
    public = ("hf_hub_download", "constants", "errors", "utils.tqdm")
    assert imported == {f"huggingface_hub.{name}" for name in public}


def test_a_byte_changed_on_the_way_is_noticed(hub: Hub) -> None:
    hub.tamper.add("model.safetensors")
    message = fault_of(lambda: weights(hub))  # by the hash that the hub announced
    assert "has the sha256" in message and f"instead of {SHA256[:16]}..." in message
    blob = Path(message.split("delete ")[1].split(" and load")[0])
    hub.tamper.clear()
    assert "has the sha256" in fault_of(lambda: weights(hub))  # it stays until it is deleted
    blob.unlink()
    assert weights(hub) == DATA  # and what the sentence says to do helps


def test_another_file_than_the_pinned_one(hub: Hub) -> None:
    assert "instead of 0000000000000000..." in fault_of(lambda: weights(hub, sha256="0" * 64))
    assert "is 1,004,000 bytes long instead of 7" in fault_of(lambda: weights(hub, size=7))


def test_small_files_have_no_announced_hash(hub: Hub) -> None:
    assert fetch(REPOSITORY, "config.json").read_text() == "{}"


def test_what_is_not_there(hub: Hub) -> None:
    with pytest.raises(MissingFile, match="someone/tales has no file vocab"):
        fetch(REPOSITORY, "vocab.json")
    message = fault_of(lambda: fetch("someone/nothing", "config.json"))
    assert "no model repository someone/nothing" in message and "hf auth login" in message
    assert "no revision v2" in fault_of(lambda: fetch(REPOSITORY, "config.json", "v2"))


def test_no_network(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(None, cache, monkeypatch)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # the client tries five times
    message = fault_of(lambda: fetch(REPOSITORY, "config.json"))
    assert "cannot be reached at http://127.0.0.1:9" in message and "connect" in message


def test_offline_mode(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    weights(hub)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    asked = len(hub.requests)
    assert weights(hub) == DATA
    message = fault_of(lambda: fetch(REPOSITORY, "config.json"))
    assert "HF_HUB_OFFLINE forbids the download" in message
    assert len(hub.requests) == asked


def test_a_server_that_is_no_hub(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.endpoint + "/{repo_id}")
    fault_of(lambda: fetch(REPOSITORY, "config.json"))


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert "`pip install huggingface_hub`" in fault_of(lambda: fetch(REPOSITORY, "config.json"))


def test_the_variables_of_huggingface_hub_are_honoured(hub: Hub, tmp_path: Path) -> None:
    """In a process of its own, because they are read once."""
    script = "from gpt2_scratch.checkpoints.hub import fetch; "
    script += f"print(fetch({REPOSITORY!r}, 'model.safetensors'))"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("HF_", "XDG_"))
    }
    environment |= {"HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": hub.endpoint}
    environment |= {"NO_PROXY": "*", "TQDM_POSITION": "-1"}  # -1: a bar though nobody watches
    root = REPOSITORY_ROOT
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, env=environment, capture_output=True, text=True
    )
    assert Path(done.stdout.strip()).is_relative_to(tmp_path / "home" / "hub"), done.stderr
    assert "100%" in done.stderr and "model.safetensors" in done.stderr
