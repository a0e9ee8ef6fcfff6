"""Fetching (against a local HTTP server), documents, splits and loaders."""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import os
import re
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from train import datasets
from train.data.catalogue import DATASETS, Dataset
from train.datasets import DatasetError, Message, fetch, spam_split, split_of

REAL_MIRROR = os.environ.get(datasets.DATA_VARIABLE, "")
PAYLOAD = bytes(range(256)) * 4_000  # about 1 MB, several chunks


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the mirror or the cache of the person who runs it."""
    monkeypatch.delenv(datasets.DATA_VARIABLE, raising=False)
    monkeypatch.setenv(datasets.CACHE_VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], Path]:
    """Put made-up data under a known name into a mirror, with its hash in the catalogue."""
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(tmp_path / "mirror"))

    def add(name: str, data: bytes) -> Path:
        path = tmp_path / "mirror" / DATASETS[name].filename
        path.parent.mkdir(parents=True, exist_ok=True)
        data = lzma.compress(data) if path.suffix == ".xz" else data
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        monkeypatch.setitem(DATASETS, name, replace(DATASETS[name], sha256=digest))
        return path

    return add


# --- a web server on the loopback interface ----------------------------------------------------


class Server:
    """Serves PAYLOAD; records the Range header of each request."""

    def __init__(self) -> None:
        self.body = PAYLOAD
        self.status = 200
        self.supports_range = True
        self.cut_after: int | None = None  # close the connection after so many bytes
        self.ranges: list[str | None] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                requested = self.headers.get("Range")
                outer.ranges.append(requested)
                start, status = 0, outer.status
                if requested and outer.supports_range and status == 200:
                    start = int(requested.removeprefix("bytes=").removesuffix("-"))
                    status = 206 if start < len(outer.body) else 416
                body = outer.body[start:] if status != 416 else b""
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: outer.cut_after])

            def log_message(self, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/file"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def dataset(self, data: bytes = PAYLOAD, **changes: str) -> Dataset:
        entry = Dataset(
            name="made-up",
            filename="corpus/made-up.bin",
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            licence="CC0-1.0",
            attribution="nobody",
            url=self.url,
        )
        return replace(entry, **changes)  # type: ignore[arg-type]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")  # loopback must not go through a proxy
    running = Server()
    yield running
    running.http.shutdown()
    running.http.server_close()


def test_download_goes_to_the_cache_and_happens_once(server: Server, tmp_path: Path) -> None:
    path = fetch(server.dataset())
    assert path == tmp_path / "cache" / "data" / "corpus" / "made-up.bin"
    assert path.read_bytes() == PAYLOAD
    assert fetch(server.dataset()) == path
    assert server.ranges == [None]  # the second call asked nobody
    assert [p.name for p in path.parent.iterdir()] == ["made-up.bin"]  # nothing left behind


def test_interrupted_download_is_resumed(server: Server) -> None:
    server.cut_after = 300_000
    with pytest.raises(DatasetError, match="run the command again to continue"):
        fetch(server.dataset())
    server.cut_after = None
    assert fetch(server.dataset()).read_bytes() == PAYLOAD
    assert server.ranges == [None, "bytes=300000-"]


def test_server_without_ranges_sends_all_again(server: Server) -> None:
    server.cut_after = 300_000
    with pytest.raises(DatasetError):
        fetch(server.dataset())
    server.cut_after, server.supports_range = None, False
    assert fetch(server.dataset()).read_bytes() == PAYLOAD


def test_complete_part_is_used(server: Server, tmp_path: Path) -> None:
    part = tmp_path / "cache" / "data" / "corpus" / "made-up.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(PAYLOAD)  # the last run stopped between download and rename
    assert fetch(server.dataset()).read_bytes() == PAYLOAD


def test_html_error_page_with_status_200_is_refused(server: Server, tmp_path: Path) -> None:
    server.body = b"<html>Sorry, we are down for maintenance.</html>"
    with pytest.raises(DatasetError, match="sha256 differs"):
        fetch(server.dataset())
    assert list((tmp_path / "cache" / "data" / "corpus").iterdir()) == []
    server.body = PAYLOAD  # and the next attempt starts afresh
    assert fetch(server.dataset()).read_bytes() == PAYLOAD


def test_http_error_is_one_sentence(server: Server) -> None:
    server.status = 404
    with pytest.raises(DatasetError, match="HTTP status 404") as caught:
        fetch(server.dataset())
    assert "\n" not in str(caught.value)


def test_no_network_is_one_sentence() -> None:
    with socket.socket() as unused:  # bound, but nobody listens there
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/file"
        entry = replace(DATASETS["sms-spam"], url=url)
        with pytest.raises(DatasetError, match=r"cannot be downloaded .* check the network"):
            fetch(entry)


def zip_archive(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readme", "not this one")
        archive.writestr(name, data)
    return buffer.getvalue()


def test_member_of_a_zip_archive(server: Server) -> None:
    server.body = zip_archive("inside", PAYLOAD)
    path = fetch(server.dataset(member="inside"))
    assert path.read_bytes() == PAYLOAD
    assert [p.name for p in path.parent.iterdir()] == ["made-up.bin"]


@pytest.mark.parametrize("body", [b"<html>", zip_archive("another", PAYLOAD)])
def test_not_the_expected_zip_archive(server: Server, body: bytes) -> None:
    server.body = body
    with pytest.raises(DatasetError, match="did not serve a zip archive with inside"):
        fetch(server.dataset(member="inside"))


def test_damaged_mirror_file_is_refused(mirror: Callable[[str, bytes], Path]) -> None:
    path = mirror("the-verdict", b"text")
    assert fetch("the-verdict") == path
    path.write_bytes(b"tEXt")
    os.utime(path, ns=(1, 1))  # as a changed file has, even on a coarse clock
    with pytest.raises(DatasetError, match="sha256 differs"):
        fetch("the-verdict")


def test_corpus_without_a_mirror_says_what_to_do() -> None:
    with pytest.raises(DatasetError, match=r"rcdm-uga/Gutenberg_Text@.*set GPT2_SCRATCH_DATA"):
        fetch("gutenberg_children")
    with pytest.raises(DatasetError, match="29 repositories"):
        fetch("openstax")


def test_unknown_names_are_refused(mirror: Callable[[str, bytes], Path]) -> None:
    for call in (
        lambda: fetch("nope"),
        lambda: list(datasets.documents("sms-spam")),
        lambda: datasets.corpus_documents("fairytales", "test"),
        lambda: spam_split("nope"),
        lambda: datasets.load_instructions("nope", "train"),
        lambda: datasets.load_instructions("sft", "test"),
    ):
        with pytest.raises(DatasetError, match="choose from"):
            call()


def test_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert datasets.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv(datasets.CACHE_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert datasets.cache_folder() == tmp_path / "xdg" / "gpt2_scratch"


def test_catalogue_is_complete() -> None:
    assert len(datasets.CORPUS) == 28
    for dataset in DATASETS.values():
        assert re.fullmatch("[0-9a-f]{64}", dataset.sha256)
        assert dataset.size > 0 and dataset.licence and dataset.attribution
        assert dataset.url is not None or dataset.origin
        for origin in dataset.origin:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", origin)


def test_command_line(capsys: pytest.CaptureFixture[str], mirror: Callable) -> None:
    path = mirror("the-verdict", b"text")
    assert datasets.main(["--list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in DATASETS)
    assert datasets.main(["--download", "the-verdict"]) == 0
    assert str(path) in capsys.readouterr().out
    assert datasets.main(["--download", "openstax"]) == 1
    assert "set GPT2_SCRATCH_DATA" in capsys.readouterr().out


# --- corpus ------------------------------------------------------------------------------------


def test_documents(mirror: Callable[[str, bytes], Path]) -> None:
    text = (
        "First line.\n\nSecond <|endoftext|> paragraph.\n<|endoftext|>\n<|endoftext|>\n"
        "\u201cTwo\u201d\r\n<|endoftext|>\r\nlast, without a newline"
    )
    mirror("fairytales", text.encode())
    assert list(datasets.documents("fairytales")) == [
        "First line.\n\nSecond <|endoftext|> paragraph.",  # only a whole line separates
        '"Two"',
        "last, without a newline",
    ]


def test_plain_text_file_is_one_document(mirror: Callable[[str, bytes], Path]) -> None:
    mirror("the-verdict", b"I had always thought\nhe was a genius.\n")
    assert list(datasets.documents("the-verdict")) == ["I had always thought\nhe was a genius."]


def test_split_is_a_stable_property_of_the_document() -> None:
    # Fixed examples: if these move, every held-out figure published so far loses its meaning.
    assert [i for i in range(500) if split_of(f"document {i}") == "validation"] == STABLE
    share = sum(split_of(str(i)) == "validation" for i in range(20_000)) / 20_000
    assert 0.008 < share < 0.012


STABLE = [21, 80, 116, 321, 388]


def test_splits_are_disjoint_and_complete(mirror: Callable[[str, bytes], Path]) -> None:
    everything = [f"document {i}" for i in range(500)]
    mirror("fairytales", "\n<|endoftext|>\n".join(everything).encode())
    train = list(datasets.corpus_documents("fairytales", "train"))
    held_out = list(datasets.corpus_documents("fairytales", "validation"))
    assert not set(train) & set(held_out)
    assert sorted(train + held_out) == sorted(everything)
    assert held_out == [f"document {i}" for i in STABLE]


# --- SMS spam ----------------------------------------------------------------------------------


def sms_file() -> bytes:
    lines = [f"ham\tmessage number {i}" for i in range(40)]
    lines[3] = 'ham\t"a quote that opens here'
    lines[4] = 'spam\tand closes in the next line"'
    lines[7] = "ham\tMESSAGE   number 6"  # a copy of line 6 after folding
    lines[10:20] = [f"spam\twin prize {i}" for i in range(10)]
    lines[20] = "ham\tnan"
    return ("\n".join(lines) + "\n").encode()


def test_the_sms_are_read_without_quoting(mirror: Callable[[str, bytes], Path]) -> None:
    mirror("sms-spam", sms_file())
    messages = datasets.read_messages(datasets.fetch("sms-spam"))
    assert len(messages) == 40
    assert messages[3] == Message("ham", '"a quote that opens here', 3)
    assert messages[4] == Message("spam", 'and closes in the next line"', 4)


def test_full_dedup_split(mirror: Callable[[str, bytes], Path]) -> None:
    mirror("sms-spam", sms_file())
    parts = spam_split("full_dedup")
    lines = [message.line for part in parts.values() for message in part]
    assert sorted(lines) == [i for i in range(40) if i != 7]  # the copy goes, each line once
    # 28 ham and 11 spam, 70/10/20 within each label
    assert {k: sum(m.label == "ham" for m in part) for k, part in parts.items()} == {
        "train": 20, "validation": 3, "test": 5
    }  # fmt: skip
    assert {k: sum(m.label == "spam" for m in part) for k, part in parts.items()} == {
        "train": 8, "validation": 1, "test": 2
    }  # fmt: skip


def test_book_split_merges_quoted_lines_as_pandas_does(mirror: Callable) -> None:
    mirror("sms-spam", sms_file().replace(b'ham\t"a quote', b'spam\t"a quote'))
    parts = spam_split("book")
    messages = [message for part in parts.values() for message in part]
    assert [len(part) for part in parts.values()] == [15, 2, 5]  # 11 spam and as many ham
    assert sum(m.label == "spam" for m in messages) == 11
    merged = [m for m in messages if m.line == 3]
    assert [m.text for m in merged] == [
        "a quote that opens here\nspam\tand closes in the next line"
    ]
    assert 4 not in {m.line for m in messages}
    assert all(m.text == f"win prize {m.line - 10}" for m in messages if 10 <= m.line < 20)


@pytest.mark.parametrize("protocol", ["full_dedup", "book"])
def test_spam_splits_equal_the_recorded_ones(
    protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = Path(REAL_MIRROR) / "spam" / "splits.json"
    if not REAL_MIRROR or not recorded.is_file():
        pytest.skip(f"{datasets.DATA_VARIABLE} does not name a mirror with spam/splits.json")
    monkeypatch.setenv(datasets.DATA_VARIABLE, REAL_MIRROR)
    expected = json.loads(recorded.read_text())["protocols"][protocol]
    for part, messages in spam_split(protocol).items():
        assert [message.line for message in messages] == expected[part]


# --- instructions ------------------------------------------------------------------------------


def records(count: int) -> list[dict[str, str]]:
    return [
        {"instruction": f"Do {i}", "input": "\u201cx\u201d", "output": f"{i}.", "source": "s:t"}
        for i in range(count)
    ]


def test_sft_validation_is_the_end_of_the_file(
    mirror: Callable[[str, bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "SFT_VALIDATION_LINES", 3)
    mirror("sft", "".join(json.dumps(record) + "\n" for record in records(10)).encode())
    train = datasets.load_instructions("sft", "train")
    validation = datasets.load_instructions("sft", "validation")
    assert [task.instruction for task in train] == [f"Do {i}" for i in range(7)]
    assert [task.instruction for task in validation] == ["Do 7", "Do 8", "Do 9"]
    assert validation[0] == datasets.Instruction("Do 7", '"x"', "7.", "s:t")


def test_book_instructions_split_in_file_order(mirror: Callable[[str, bytes], Path]) -> None:
    mirror("instruction-data", json.dumps(records(1100)).encode())
    parts = {s: datasets.load_instructions("book", s) for s in ("train", "test", "validation")}
    assert [len(part) for part in parts.values()] == [935, 110, 55]
    together = [task.instruction for part in parts.values() for task in part]
    assert together == [f"Do {i}" for i in range(1100)]


def test_preferences(mirror: Callable[[str, bytes], Path]) -> None:
    answers = {"chosen": "yes", "rejected": "no"}
    data = json.dumps([record | answers for record in records(20)]).encode()
    mirror("instruction-data-with-preference", data)
    parts = {s: datasets.load_preferences(s) for s in ("train", "test", "validation")}
    assert [len(part) for part in parts.values()] == [17, 2, 1]
    chosen, rejected = parts["train"][0]
    assert (chosen.instruction, chosen.input, chosen.output) == ("Do 0", '"x"', "yes")
    assert rejected == replace(chosen, output="no")
    assert parts["test"][0][0].instruction == "Do 17"  # the same places as in "book"
