"""What is promised about strangers: their words are kept nowhere, and none fills the memory.

Over raw HTTP, against `python app.py` in a process of its own: its log, its files, its memory.
"""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from conftest import App, start_app
from test_faults import JSON, call, connect, join, memory, outcome

from gpt2_scratch.demo import limits

WORDS = "the secret words of a visitor"


def log_of(app: App) -> str:
    return app.log.read_text(errors="replace")


# --- the size of a body ---------------------------------------------------------------------------


def send_body(app: App, path: str, size: int, chunked: bool = False) -> int:
    """POST `size` bytes, or as many as the server takes; the status of its answer."""
    address = urlsplit(app.url)
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
    block = b'{"text": "' + b"x" * 99_990
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        try:
            connection.sendall(head.encode())
            for _ in range(size // len(block)):
                connection.sendall(b"%x\r\n%s\r\n" % (len(block), block) if chunked else block)
            if chunked:
                connection.sendall(b"0\r\n\r\n")
        except OSError:
            pass  # it has answered already, and listens no more
        return int(connection.recv(100).split()[1])


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
@pytest.mark.parametrize(
    "path", ["/gradio_api/call/v2/tokenize", "/gradio_api/queue/join", "/gradio_api/upload", "/"]
)
def test_a_body_beyond_the_limit_is_refused(tiny_app: App, path: str, chunked: bool) -> None:
    statuses = (405, 413) if path == "/" else (400, 413) if "upload" in path else (413,)
    assert send_body(tiny_app, path, 2 * limits.BODY_BYTES, chunked) in statuses
    if not chunked:
        assert send_body(tiny_app, path, 50_000_000) == 413


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_a_hundred_large_bodies_leave_the_memory_as_it_was(tiny_app: App) -> None:
    paths = [f"/gradio_api/{path}" for path in ("call/v2/classify", "call/classify", "queue/join")]
    for path in paths:
        send_body(tiny_app, path, 20_000_000)
    before = memory(tiny_app.process.pid)
    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(send_body, tiny_app, paths[i % 3], 20_000_000) for i in range(100)]
        assert {each.result() for each in sent} == {413}
    assert memory(tiny_app.process.pid) - before < 20_000_000


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_bodies_within_the_limit_are_not_remembered(tiny_app: App) -> None:
    """The largest that are read, and refused by the package: none is left with its session."""
    body = {"message": "x" * (limits.BODY_BYTES - 100)}
    with connect(tiny_app.url) as http:

        def refused(times: int) -> None:
            for _ in range(times):
                event, data = call(http, "classify", body)
                assert event == "error" and "at most 1,000" in data["error"]

        refused(5)
        before = memory(tiny_app.process.pid)
        refused(40)
    assert memory(tiny_app.process.pid) - before < 10 * limits.BODY_BYTES


def test_the_largest_batch_fits(tiny_app: App) -> None:
    """As JSON of the plainest kind, with six bytes for each character."""
    messages = ["é" * limits.MESSAGE_CHARS] * limits.BATCH_ROWS
    body = json.dumps({"messages": messages})
    assert len(body) < limits.BODY_BYTES


# --- a caller's mistakes --------------------------------------------------------------------------

FILE = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}, "orig_name": WORDS}
MISTAKES: list[tuple[str, Any, int, str]] = [
    # path behind /gradio_api, body, status, what is said
    ("/call/v2/tokenize", {}, 422, "/tokenize needs the argument 'text'."),
    ("/call/v2/tokenize", {"txt": WORDS}, 422, "/tokenize has no argument 'txt'; its arguments:"),
    ("/call/v2/models", {"text": WORDS}, 422, "/models has no argument 'text'"),
    ("/call/v2/tokenise", {"text": WORDS}, 404, "There is no endpoint /tokenise; there are"),
    ("/call/tokenise", {"data": [WORDS]}, 404, "There is no endpoint /tokenise"),
    ("/call/classify_file", {"data": [WORDS]}, 404, "There is no endpoint"),  # the page's own
    ("/call/tokenize", {"data": [WORDS]}, 422, "/tokenize takes 2 values (text, model), not 1;"),
    ("/call/tokenize", {"data": [WORDS] * 3}, 422, "not 3;"),
    ("/call/tokenize", {"text": WORDS}, 422, '/tokenize takes {"data": [...]}'),
    ("/call/v2/tokenize", [WORDS], 422, "must be a JSON object"),
    ("/queue/join", {"data": [WORDS], "fn_index": 999, "session_hash": "a"}, 422, "fn_index"),
    ("/queue/join", {"data": [WORDS], "session_hash": "a"}, 422, "fn_index"),
    ("/queue/join", {"fn_index": 0, "session_hash": "a"}, 422, "data"),
    ("/run/predict", {"data": [WORDS], "fn_index": 999}, 400, "cannot be understood"),
    ("/component_server", {"data": WORDS}, 400, "Invalid JSON"),
    (
        "/component_server",
        {"data": WORDS, "component_id": 9999, "session_hash": "a", "fn_name": "x"},
        400,
        "cannot be understood",
    ),
]


@pytest.mark.parametrize(("path", "body", "status", "sentence"), MISTAKES)
def test_a_mistake_gets_a_sentence_and_no_line_in_the_log(
    tiny_app: App, path: str, body: Any, status: int, sentence: str
) -> None:
    before = log_of(tiny_app)
    with connect(tiny_app.url) as http:
        answer = http.post(path, json=body)
    assert answer.status_code == status, answer.text
    detail = answer.json()["detail"]
    assert sentence in detail and "\n" not in detail
    assert WORDS not in detail
    assert log_of(tiny_app) == before


@pytest.mark.parametrize(
    "content", [b"{", b"", b"\xff\xfe{\x00", b'{"text": ' + b"[" * 100_000], ids=repr
)
def test_what_is_no_json_gets_a_sentence(tiny_app: App, content: bytes) -> None:
    before = log_of(tiny_app)
    with connect(tiny_app.url) as http:
        answer = http.post("/call/v2/tokenize", content=content, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["detail"] == "The body is no JSON in UTF-8 that could be read."
    assert log_of(tiny_app) == before


def test_an_unknown_event_is_not_found(tiny_app: App) -> None:
    before = log_of(tiny_app)
    with connect(tiny_app.url) as http:
        for path in ("/call/tokenize/nonsense", "/call/v2/tokenize/nonsense"):
            answer = http.get(path)
            assert answer.status_code == 404
            assert "no such event" in answer.json()["detail"]
        assert http.get("/call/nothing/nonsense").status_code == 404
        joined = join(http, "tokenize", {"text": "a"}).json()["event_id"]
        assert outcome(http, "tokenize", joined)[0] == "complete"
        assert http.get(f"/call/tokenize/{joined}").status_code == 404  # it was fetched
    assert log_of(tiny_app) == before


@pytest.mark.parametrize("value", [FILE, [FILE], {"text": FILE}])
def test_values_in_the_shape_of_a_file_get_a_sentence(tiny_app: App, value: Any) -> None:
    before = log_of(tiny_app)
    with connect(tiny_app.url) as http:
        for body in ({"text": value}, {"text": "a", "model": value}):
            event, data = call(http, "tokenize", body)
            assert event == "error"
            assert data["error"] and "\n" not in data["error"]
    assert log_of(tiny_app) == before


def test_events_of_the_page_take_what_anybody_sends(tiny_app: App) -> None:
    """Every event that the page has, with too few values, with none that fit, and with files."""
    before = log_of(tiny_app)
    with connect(tiny_app.url) as http:
        events = http.get(f"{tiny_app.url}/config").json()["dependencies"]
        ours = [event for event in events if event["backend_fn"]]
        with ThreadPoolExecutor(8) as pool:  # each waits for its answer most of the time
            asked = sum(pool.map(lambda event: send_anything(http, event), ours))
    assert asked > 100
    assert log_of(tiny_app) == before


def send_anything(http: httpx.Client, event: dict[str, Any]) -> int:
    """Send one event values that it does not expect; how many times."""
    values = (WORDS, None, FILE, -1, [WORDS], {"index": "x"})
    session = f"h{event['id']}"
    for value in values:
        data = [value] * len(event["inputs"])
        body = {"data": data, "fn_index": event["id"], "session_hash": session}
        body["event_data"] = {"text": value} if value == WORDS else None
        if event["queue"]:
            http.post("/queue/join", json=body).raise_for_status()
            ended = http.get("/queue/data", params={"session_hash": session}).text
            assert "process_completed" in ended
        else:
            answer = http.post("/run/predict", json=body)
            assert answer.status_code in (200, 422), answer.text
    body = {"data": [], "fn_index": event["id"], "session_hash": session}
    if event["inputs"] and not event["queue"]:
        answer = http.post("/run/predict", json=body)
        assert answer.status_code == 422
        assert "values, not 0" in answer.json()["error"]
    return len(values)


# --- what is kept ---------------------------------------------------------------------------------


def test_a_link_to_a_state_is_written_to_no_file(tiny_app: App) -> None:
    with connect(tiny_app.url) as http:
        body = {"data": [WORDS, "base"], "session_hash": "linked"}
        config = http.get(f"{tiny_app.url}/config").json()
        body["fn_index"] = next(
            d["id"] for d in config["dependencies"] if d["api_name"] == "tokenize"
        )
        http.post("/queue/join", json=body).raise_for_status()
        http.get("/queue/data", params={"session_hash": "linked"})
        for path in ("/deep_link", "/deep_link/"):
            answer = http.get(path, params={"session_hash": "linked"})
            assert answer.status_code == 404, answer.text
    assert not list(tiny_app.folder.rglob("deep_links"))


@pytest.mark.slow
def test_after_its_end_nothing_is_left(tiny_weights: Path, tmp_path: Path) -> None:
    """A service is ended by SIGTERM. Neither uploads, nor verdicts, nor a line of the log."""
    app = start_app(tiny_weights, tmp_path)
    with connect(app.url) as http:
        rows = "\n".join([WORDS] * 3).encode()
        (path,) = http.post("/upload", files={"files": ("m.txt", rows)}).json()
        file = {"path": path, "meta": {"_type": "gradio.FileData"}, "orig_name": "m.txt"}
        config = http.get(f"{app.url}/config").json()
        files = [part["id"] for part in config["components"] if part["type"] == "file"]
        [event] = [d for d in config["dependencies"] if d["inputs"][:1] == files]
        body = {"data": [file, 0.5], "fn_index": event["id"], "session_hash": "h"}
        http.post("/queue/join", json=body).raise_for_status()
        assert "verdicts.csv" in http.get("/queue/data", params={"session_hash": "h"}).text
        kept = [p for p in tmp_path.rglob("*") if p.is_file() and WORDS.encode() in p.read_bytes()]
        assert len(kept) >= 2  # the upload and the verdicts, as long as the app runs
    app.process.terminate()
    assert app.process.wait(timeout=60) == 0
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or WORDS.encode() not in path.read_bytes(), path
    assert not [path for path in (tmp_path / "gradio").rglob("*") if path.is_file()]
    log = log_of(app)
    assert "Running on local URL" in log and "Traceback" not in log


def test_a_start_is_told_at_once(tiny_app: App) -> None:
    """Into a file, as under systemd: Python would keep such lines until it has many."""
    assert f"Running on local URL:  {tiny_app.url}" in log_of(tiny_app)


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Gradio-Server"])
def test_a_stranger_does_not_name_the_host(tiny_app: App, header: str) -> None:
    evil = {header: "http://evil.example" if "Server" in header else "evil.example"}
    with httpx.Client(base_url=tiny_app.url, trust_env=False, verify=False) as http:
        for path in ("/", "/config", "/gradio_api/info", "/gradio_api/openapi.json"):
            answer = http.get(path, headers=evil)
            assert answer.status_code == 200
            assert "evil.example" not in answer.text


# --- all of it at once ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_a_bad_hour_leaves_flat_memory_and_an_empty_log(tiny_app: App) -> None:
    deep = b'{"prompt": ' + b"[" * 1_000 + b"]" * 1_000 + b"}"
    nonsense = [
        b'{"prompt": "a", "temperature": "1"}',
        b'{"prompt": "a", "temperature": NaN}',
        b'{"prompt": "a", "max_new_tokens": "1e9"}',
        deep,
    ]

    def one(number: int) -> None:
        with connect(tiny_app.url) as http:
            for body in nonsense:
                joined = http.post("/call/v2/generate", content=body, headers=JSON)
                refused = (400, 503) if body is deep else (503,)
                assert joined.status_code in (200, *refused)
                if joined.status_code == 200:
                    assert outcome(http, "generate", joined.json()["event_id"])[0] == "error"
            gone = join(http, "attention", {"text": f"{number} the cat sat on the mat " * 3})
            assert gone.status_code in (200, 503)  # and nobody fetches it
            long = join(http, "generate", {"prompt": str(number), "max_new_tokens": 256})
            if long.status_code == 200:
                event_id = long.json()["event_id"]
                with http.stream("GET", f"/call/generate/{event_id}") as answer:
                    next(answer.iter_lines(), None)  # and is gone
        assert send_body(tiny_app, "/gradio_api/call/v2/generate", 50_000_000) == 413

    def hour() -> None:
        with ThreadPoolExecutor(60) as pool:
            list(pool.map(one, range(100)))

    hour()
    before, log = memory(tiny_app.process.pid), log_of(tiny_app)
    hour()
    assert memory(tiny_app.process.pid) - before < 40_000_000
    assert log_of(tiny_app) == log
    with connect(tiny_app.url) as http:
        assert call(http, "tokenize", {"text": "still here"})[0] == "complete"
