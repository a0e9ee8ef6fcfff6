"""The guide's way to the Hub by git, up to a bare repository on this disk and back."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import REPOSITORY

pytestmark = pytest.mark.skipif(
    shutil.which("git-lfs") is None, reason="git-lfs is not installed (apt-get install git-lfs)"
)
POINTER = "version https://git-lfs"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """git as on a machine where nothing was ever configured."""
    (tmp_path / "home").mkdir()
    nothing = {"HOME": str(tmp_path / "home"), "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        nothing |= {f"GIT_{role}_NAME": "a", f"GIT_{role}_EMAIL": "a@example.org"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | nothing


def test_history_moves_into_lfs_and_the_files_come_back(
    tmp_path: Path, tiny_weights: Path, environment: dict[str, str]
) -> None:
    def run(folder: Path, script: str) -> str:
        command = ["bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    # A repository as this one: weights committed as they are, in two versions.
    ours = tmp_path / "ours"
    ours.mkdir()
    shutil.copy(REPOSITORY / ".gitattributes", ours)
    shutil.copytree(tiny_weights, ours / "weights")
    run(ours, "git init -q -b main && git add . && git commit -qm first")
    with (ours / "weights" / "chat.safetensors").open("ab") as file:
        file.write(b"\0")
    run(ours, "git commit -qam second")
    head = run(ours, "git rev-parse HEAD")

    guide = (REPOSITORY / "DEPLOY.md").read_text(encoding="utf-8")
    [commands] = re.findall(r"<!-- git road -->\n```bash\n(.*?)```", guide, flags=re.DOTALL)
    bare = tmp_path / "hub.git"
    run(tmp_path, f"git init -q --bare -b main {bare}")
    run(ours, commands.replace("https://huggingface.co/spaces/USER/NAME", f"file://{bare}"))

    # In the copy's whole history the weights are pointers, and everything else is as it was.
    for commit in ("main", "main~1"):
        for name in ("base", "chat", "spam"):
            stored = run(bare, f"git cat-file blob {commit}:weights/{name}.safetensors")
            assert stored.startswith(POINTER)
    vocabulary = "weights/tokenizer.tiktoken"
    assert run(bare, f"git rev-parse main:{vocabulary}") == run(
        ours, f"git rev-parse main:{vocabulary}"
    )

    # A fresh clone with git-lfs has the files; this repository is as it was.
    elsewhere = "mkdir other && export HOME=$PWD/other && git lfs install --skip-repo"
    run(tmp_path, f"{elsewhere} && git clone -q file://{bare} fresh")
    for path in sorted((ours / "weights").iterdir()):
        assert (tmp_path / "fresh" / "weights" / path.name).read_bytes() == path.read_bytes()
    assert run(ours, "git rev-parse HEAD") == head
    assert run(ours, "git status --porcelain") == ""
    size = (ours / "weights" / "base.safetensors").stat().st_size
    assert run(ours, "git cat-file -s HEAD:weights/base.safetensors") == f"{size}\n"
