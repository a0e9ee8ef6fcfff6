"""A corpus of the Hub: downloaded by the real client from a hub here, packed, and trained on."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from loopback_hub import COMMIT, Hub, serve, use

from gpt2_scratch.checkpoints.errors import CheckpointError
from gpt2_scratch.checkpoints.format import read_checkpoint
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train import pretrain, web_corpus
from train.datasets import split_of
from train.packing import PackingError
from train.web_corpus import WEB_CORPORA, pack_web_corpus, shares

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

CORPUS = replace(
    WEB_CORPORA["fineweb-edu-10B"],
    revision=COMMIT,
    files=WEB_CORPORA["fineweb-edu-10B"].files[:2],
)


def documents(number: int) -> list[str]:
    """Of one file; the last is empty."""
    cat = "The cat sat near the forest, and the girl was tired of it."
    return [f"Page {page} of file {number}: {cat} " * 3 for page in range(300)] + [""]


def as_parquet(**columns: list[str]) -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(arrow.table(columns), buffer, row_group_size=70)
    return buffer.getvalue()


@pytest.fixture
def server(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with both files, and an empty weights folder with the tiny vocabulary."""
    (tmp_path / "weights").mkdir()
    shutil.copy(tiny_weights / "tokenizer.tiktoken", tmp_path / "weights" / "simple.tiktoken")
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("GPT2_SCRATCH_CACHE", str(tmp_path / "cache"))
    with serve() as hub:
        hub.files[f"datasets/{CORPUS.repository}"] = {
            name: as_parquet(text=documents(number), id=["x"] * 301)
            for number, name in enumerate(CORPUS.files)
        }
        use(hub, tmp_path / "hf", monkeypatch)
        url = hub.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", url)
        yield hub


def downloads(hub: Hub) -> list[str]:
    return [path.rsplit("/", 1)[-1] for method, path, _ in hub.requests if method == "GET"]


def test_the_pinned_files() -> None:
    corpus = WEB_CORPORA["fineweb-edu-10B"]
    assert len(corpus.revision) == 40  # a commit: the same bytes for ever
    assert len(corpus.files) == 14
    assert corpus.files[13] == "sample/10BT/013_00000.parquet"


def test_each_file_is_a_source_with_all_its_documents(server: Hub) -> None:
    tokenizer = Tokenizer.load("simple")
    packed = pack_web_corpus(CORPUS, tokenizer)
    assert list(packed) == ["fineweb-edu-10B.000", "fineweb-edu-10B.001"]
    for number, source in enumerate(packed.values()):
        for split in ("train", "validation"):
            wanted = [text.strip() for text in documents(number)[:-1]]
            wanted = [text for text in wanted if split_of(text) == split]
            text = tokenizer.decode(source.tokens(split).astype(np.int64).tolist())
            assert text == "".join(f"{document}<|endoftext|>" for document in wanted)
            assert source.statistics[split].documents == len(wanted)
    assert shares(packed) == {n: s.statistics["train"].tokens for n, s in packed.items()}


def test_what_is_packed_is_not_done_again(server: Hub, tmp_path: Path) -> None:
    tokenizer = Tokenizer.load("simple")
    first = pack_web_corpus(CORPUS, tokenizer, files=1)
    assert downloads(server) == ["000_00000.parquet"]
    both = pack_web_corpus(CORPUS, tokenizer)
    assert downloads(server) == ["000_00000.parquet", "001_00000.parquet"]
    assert both["fineweb-edu-10B.000"] == first["fineweb-edu-10B.000"]
    shutil.rmtree(tmp_path / "hf")  # the downloads are not needed any more
    assert pack_web_corpus(CORPUS, tokenizer) == both
    assert len(downloads(server)) == 2


def test_processes_pack_the_same_shards(server: Hub, tmp_path: Path) -> None:
    tokenizer = Tokenizer.load("simple")
    alone = pack_web_corpus(CORPUS, tokenizer, folder=tmp_path / "one")
    together = pack_web_corpus(CORPUS, tokenizer, folder=tmp_path / "two", workers=2)
    for name, source in alone.items():
        for split in ("train", "validation"):
            assert np.array_equal(source.tokens(split), together[name].tokens(split))
    assert not list(tmp_path.glob("*/*.tmp"))


def test_files_that_are_none_say_so(server: Hub) -> None:
    tokenizer = Tokenizer.load("simple")
    files = server.files[f"datasets/{CORPUS.repository}"]
    files[CORPUS.files[0]] = as_parquet(words=["a"])
    with pytest.raises(PackingError, match="has no column 'text'"):
        pack_web_corpus(CORPUS, tokenizer)
    files[CORPUS.files[1]] = b"<html>not today</html>"
    other = replace(CORPUS, files=CORPUS.files[1:])
    with pytest.raises(PackingError, match="is not a parquet file"):
        pack_web_corpus(other, tokenizer)
    missing = replace(CORPUS, files=("sample/10BT/999.parquet",))
    with pytest.raises(CheckpointError, match="has no file"):
        pack_web_corpus(missing, tokenizer)
    with pytest.raises(ValueError, match="at least 1"):
        pack_web_corpus(CORPUS, tokenizer, workers=0)


def test_pretraining_draws_from_it(
    server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(web_corpus.WEB_CORPORA, CORPUS.name, CORPUS)
    command = [CORPUS.name, "--tokenizer", "simple", "--workers", "1"]
    assert web_corpus.main(command) == 0
    assert "fineweb-edu-10B.001" in capsys.readouterr().out
    size = Tokenizer.load("simple").vocab_size
    options = f"--preset nano --n-layer 1 --block-size 64 --vocab-size {size} --tokens 1k"
    options += f" --batch-tokens 512 --corpus {CORPUS.name} --dtype float32"
    assert pretrain.main(options.split()) == 0
    read = read_checkpoint(tmp_path / "weights" / "base.safetensors")
    assert json.loads(read.metadata["data"]) == {f"{CORPUS.repository}@{COMMIT}": 1.0}
