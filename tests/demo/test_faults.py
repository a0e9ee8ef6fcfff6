"""What strangers do to a public server, over raw HTTP: too much, too fast, nonsense, or leaving.

Two servers. `tiny_app` is `python app.py` in a process of its own. `strict_app` is the same app in
this process, with a short line and a model that takes its time, so that what happens there can be
seen from both sides.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import App, served_here
from gradio_client import Client
from gradio_client.exceptions import AppError

import app as showcase
from gpt2_scratch.demo import limits
from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.registry import Registry
from gpt2_scratch.demo.serving import Serving
from gpt2_scratch.engine.engine import Engine

STEP_SECONDS = 0.02
JSON = {"Content-Type": "application/json"}


def connect(url: str) -> httpx.Client:
    """A client that opens a connection for each request: an idle one may be closed any time."""
    return httpx.Client(
        base_url=f"{url}/gradio_api",
        trust_env=False,
        verify=False,  # nothing to verify here, and certificates take longer to load than a call
        timeout=60,
        limits=httpx.Limits(max_keepalive_connections=0),
    )


def join(http: httpx.Client, endpoint: str, body: dict[str, Any]) -> httpx.Response:
    """The first half of a call: a place in the line."""
    return http.post(f"/call/v2/{endpoint}", json=body)


def outcome(http: httpx.Client, endpoint: str, event_id: str) -> tuple[str, Any]:
    """The second half: the last event, with its data."""
    lines = http.get(f"/call/{endpoint}/{event_id}").raise_for_status().text.splitlines()
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    return names[-1], json.loads(data[-1])


def call(http: httpx.Client, endpoint: str, body: dict[str, Any]) -> tuple[str, Any]:
    joined = join(http, endpoint, body).raise_for_status()
    return outcome(http, endpoint, joined.json()["event_id"])


# --- the limits -----------------------------------------------------------------------------------

N = limits
TURN = [{"role": "assistant", "content": "x"}, {"role": "user", "content": "x"}]
AT_AND_ABOVE: dict[str, list[tuple[str, dict[str, Any], dict[str, Any], str]]] = {
    # limit: endpoint, a body that is just let through, one that is not, and what is said
    "PROMPT_CHARS": [
        (
            endpoint,
            {"prompt": "x" * N.PROMPT_CHARS} | more,
            {"prompt": "x" * (N.PROMPT_CHARS + 1)} | more,
            "The prompt has 8,001 characters; at most 8,000 are allowed here.",
        )
        for endpoint, more in (("generate", {"max_new_tokens": 1}), ("next_token", {}))
    ],
    "NEW_TOKENS": [
        (
            endpoint,
            {argument: "a", "max_new_tokens": N.NEW_TOKENS},
            {argument: "a", "max_new_tokens": N.NEW_TOKENS + 1},
            "max_new_tokens must be a whole number from 1 to 256, not 257.",
        )
        for endpoint, argument in (("generate", "prompt"), ("chat", "messages"))
    ],
    "NEXT_TOKEN_ROWS": [
        (
            "next_token",
            {"prompt": "a", "rows": N.NEXT_TOKEN_ROWS},
            {"prompt": "a", "rows": N.NEXT_TOKEN_ROWS + 1},
            "rows must be a whole number from 1 to 50, not 51.",
        )
    ],
    "ATTENTION_TOKENS": [
        (
            "attention",
            {"text": " q" * (N.ATTENTION_TOKENS // 2)},  # two tokens each, with these weights
            {"text": " q" * (N.ATTENTION_TOKENS // 2 + 1)},
            "at most 64 can be shown",
        )
    ],
    "ATTENTION_CHARS": [
        (
            "attention",
            {"text": "x"},
            {"text": "x" * (N.ATTENTION_CHARS + 1)},
            "The text has 1,001 characters; at most 1,000 are allowed here.",
        )
    ],
    "TOKENIZE_CHARS": [
        (
            "tokenize",
            {"text": "x" * N.TOKENIZE_CHARS},
            {"text": "x" * (N.TOKENIZE_CHARS + 1)},
            "The text has 8,001 characters; at most 8,000 are allowed here.",
        )
    ],
    "MESSAGE_CHARS": [
        (
            endpoint,
            {"message": "x" * N.MESSAGE_CHARS},
            {"message": "x" * (N.MESSAGE_CHARS + 1)},
            "The message has 1,001 characters; at most 1,000 are allowed here.",
        )
        for endpoint in ("classify", "word_influence")
    ],
    "BATCH_ROWS": [
        (
            "classify_batch",
            {"messages": ["x"] * N.BATCH_ROWS},
            {"messages": ["x"] * 100_000},
            "That is 100,000 messages; at most 500 fit into one batch.",
        )
    ],
    "CHAT_MESSAGES": [
        (
            "chat",
            {"messages": TURN * (N.CHAT_MESSAGES // 2), "max_new_tokens": 1},
            {"messages": [{"role": "user", "content": "x"}] * (N.CHAT_MESSAGES + 1)},
            "The conversation has 101 messages; at most 100 are allowed: start a new one.",
        )
    ],
    "CHAT_MESSAGE_CHARS": [
        (
            "chat",
            {"messages": "x", "max_new_tokens": 1},
            {"messages": "x" * 50_000},
            "The message has 50,000 characters; at most 4,000 are allowed here.",
        )
    ],
    "CHAT_CHARS": [
        (
            "chat",
            {"messages": "x", "max_new_tokens": 1},
            {"messages": [{"role": "user", "content": "x" * 4_000}] * 9},
            "The conversation has 36,000 characters; at most 32,000 are allowed: start a new one.",
        )
    ],
}
# Tested below in ways of their own, or no limits of a request.
OTHERS = {"DEADLINE_SECONDS", "QUEUE_SIZE", "UPLOAD_BYTES", "INFLUENCE_SPANS"}
OTHERS |= {"SESSIONS", "STREAMS", "REMEMBERED", "CACHE_BYTES", "SLOW_SECONDS", "TOKEN_IDS"}
OTHERS |= {"FETCHED_PARAMETERS"}  # tests/test_registry.py
OTHERS |= {"BODY_BYTES", "UNFETCHED"}  # tests/test_hostile.py
OTHERS |= {"INSIDE_TOKENS", "INSIDE_CHARS", "ABLATED_HEADS", "ABLATION_TOKENS"}  # test_app.py


def test_every_limit_is_tested_here() -> None:
    named = {name for name, value in vars(limits).items() if type(value) in (int, float)}
    assert named <= set(AT_AND_ABOVE) | OTHERS


@pytest.mark.parametrize("name", AT_AND_ABOVE)
def test_a_limit_lets_through_and_refuses(tiny_app: App, name: str) -> None:
    with connect(tiny_app.url) as http:
        for endpoint, at, above, sentence in AT_AND_ABOVE[name]:
            event, data = call(http, endpoint, at)
            assert event == "complete", (endpoint, data)
            event, data = call(http, endpoint, above)
            assert event == "error" and sentence in data["error"], (endpoint, data)
            assert "\n" not in data["error"]


def test_many_words_are_taken_in_runs(tiny_app: App) -> None:
    message = "a " * (limits.MESSAGE_CHARS // 2)
    with connect(tiny_app.url) as http:
        event, (explained,) = call(http, "word_influence", {"message": message})
    assert event == "complete"
    assert limits.INFLUENCE_SPANS / 2 < len(explained["words"]) <= limits.INFLUENCE_SPANS
    assert "".join(word["text"] for word in explained["words"]) == message


def test_gradio_forgets_the_calls_it_has_answered(
    tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no option for it, so this reaches into what is not public: see `app.build`."""
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    monkeypatch.setattr(limits, "SESSIONS", 3)
    demo = showcase.build(Api(Registry()))
    with served_here(demo) as url, connect(url) as http:
        for _ in range(6):
            event, _ = call(http, "tokenize", {"text": "a"})
            assert event == "complete"
        assert 1 <= len(demo._queue.pending_event_ids_session) <= 3  # if 0, it forgets by itself
        assert len(demo._queue.event_analytics) <= 1
        assert not demo._queue.cached_event_analytics_summary["functions"]


def test_others_do_not_push_a_running_text_out(
    tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    monkeypatch.setattr(limits, "SESSIONS", 3)
    monkeypatch.setattr(limits, "UNFETCHED", 3)
    step = Engine._step
    others_are_done = threading.Event()

    def waiting_step(engine: Engine) -> None:
        others_are_done.wait(60)
        step(engine)

    with served_here(showcase.build(Api(Registry()))) as url, connect(url) as http:
        unfetched = join(http, "tokenize", {"text": "kept"}).json()["event_id"]
        monkeypatch.setattr(Engine, "_step", waiting_step)
        long = join(http, "generate", LONG).raise_for_status().json()["event_id"]
        for _ in range(10):
            assert call(http, "tokenize", {"text": "a"})[0] == "complete"
        others_are_done.set()
        assert outcome(http, "generate", long)[0] == "complete"
        assert outcome(http, "tokenize", unfetched)[0] == "complete"  # those fetched went first


def test_uploads_are_bounded(tiny_app: App) -> None:
    with connect(tiny_app.url) as http:

        def upload(size: int) -> httpx.Response:
            return http.post("/upload", files={"files": ("messages.txt", b"x" * size)})

        assert upload(limits.UPLOAD_BYTES).status_code == 200
        for size in (limits.UPLOAD_BYTES + 1, 5_000_000):
            refused = upload(size)
            assert refused.status_code == 413
            assert "maximum allowed size" in refused.text


# --- nonsense -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'"prompt"',
        b"[1, 2]",
        b'{"prompt": "caf\xe9"}',  # Latin-1, not UTF-8
        b"\xff\xfe{\x00}\x00",  # UTF-16
        b'{"prompt": "a", "temperature": NaN}',
        b'{"prompt": "a", "top_k": Infinity}',
        b'{"prompt": "a", "max_new_tokens": 1e400}',
        b'{"prompt": "a", "temperature": true}',
        b'{"prompt": "a", "seed": "1; drop table"}',
        b'{"prompt": {"path": "/etc/passwd"}}',
        b'{"prompt": "a", "model": "/etc/passwd"}',
        b'{"prompt": "a", "temperature": ' + b"[" * 500 + b"]" * 500 + b"}",
    ],
)
def test_nonsense_is_refused_and_the_server_goes_on(tiny_app: App, body: bytes) -> None:
    with connect(tiny_app.url) as http:
        joined = http.post("/call/v2/generate", content=body, headers=JSON)
        if joined.status_code == 200:
            event, data = outcome(http, "generate", joined.json()["event_id"])
            assert event == "error"
            assert data["error"] and "\n" not in data["error"]
        else:
            assert 400 <= joined.status_code < 600
            assert "Traceback" not in joined.text
        assert call(http, "tokenize", {"text": "still here"})[0] == "complete"


def test_unknown_addresses_are_not_found(tiny_app: App) -> None:
    with connect(tiny_app.url) as http:
        unknown = http.post("/call/v2/launch", json={})
        assert unknown.status_code >= 400 and "Traceback" not in unknown.text
        for path in ("/file=app.py", "/file=/etc/passwd", "/file=weights/base.safetensors"):
            assert http.get(path).status_code in (403, 404), path


@pytest.mark.parametrize(
    "text",
    [
        "\u200b\u200d\u2060",
        "\u202ereversed\u202c",
        "\u0000\u0007",
        "﷽" * 200,
        "👩‍👩‍👧" * 50,
        "a\u0301" * 200,
    ],
    ids=["zero-width", "right-to-left", "controls", "ligatures", "emoji", "accents"],
)
def test_strange_text_gets_an_answer_or_a_sentence(tiny_app: App, text: str) -> None:
    with connect(tiny_app.url) as http:
        for endpoint, body in [
            ("generate", {"prompt": text, "max_new_tokens": 2}),
            ("next_token", {"prompt": text}),
            ("word_influence", {"message": text}),
            ("chat", {"messages": text, "max_new_tokens": 2}),
            ("tokenize", {"text": text}),
        ]:
            event, data = call(http, endpoint, body)
            if event == "error":
                assert (
                    "empty" in data["error"]
                    or "nothing to answer" in data["error"]
                    or ("tokens long" in data["error"])
                )


# --- a busy server --------------------------------------------------------------------------------


@dataclass
class Work:
    """What the model of `strict_app` has done."""

    serving: Serving | None = None
    steps: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)
    answer: threading.Event = field(default_factory=threading.Event)


@pytest.fixture(scope="module")
def strict_app(tiny_weights: Path) -> Iterator[tuple[str, Work]]:
    """The address of the app, and what it does; `/models` waits there until it may answer."""
    work = Work()
    generate, models = Serving.generate, Api.models

    @wraps(models)
    def held(self: Api) -> Any:
        work.asked.set()
        assert work.answer.wait(60)
        return models(self)

    def slowly(self: Serving, *arguments: Any) -> Iterator[Any]:
        work.serving = self
        try:
            with closing(generate(self, *arguments)) as steps:
                for step in steps:
                    work.steps += 1
                    time.sleep(STEP_SECONDS)
                    yield step
        finally:
            work.ended.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
        patch.setattr(limits, "QUEUE_SIZE", 3)
        patch.setattr(Serving, "generate", slowly)
        patch.setattr(Api, "models", held)
        with served_here(showcase.build(Api(Registry()))) as url:
            yield url, work


LONG = {"prompt": "the cat", "max_new_tokens": 256, "temperature": 0}


def test_the_deadline_ends_a_text_with_a_reason(
    strict_app: tuple[str, Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = strict_app
    monkeypatch.setattr(limits, "DEADLINE_SECONDS", 0.001)
    with connect(url) as http:
        event, (generated,) = call(http, "generate", LONG)
    assert (event, generated["finish_reason"]) == ("complete", "deadline")
    assert 1 <= generated["tokens"] < 256


def test_the_deadline_ends_a_batch_and_keeps_its_verdicts(
    strict_app: tuple[str, Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = strict_app
    monkeypatch.setattr(limits, "DEADLINE_SECONDS", 0.0)
    with connect(url) as http:
        event, (rows,) = call(http, "classify_batch", {"messages": ["x"] * 300})
    assert (event, len(rows)) == ("complete", 300)
    done = [row["label"] is not None for row in rows]
    assert 1 <= sum(done) < 300 and done == sorted(done, reverse=True)  # the first of them
    assert "seconds were over before it: send it anew." in rows[-1]["problem"]
    assert rows[0]["problem"] is None


def test_a_full_line_refuses_in_words_and_answers_those_in_it(
    strict_app: tuple[str, Work],
) -> None:
    url, work = strict_app
    with connect(url) as http:
        first = join(http, "models", {}).json()["event_id"]
        assert work.asked.wait(30)  # it has left the line and runs
        waiting = [join(http, "tokenize", {"text": "a"}) for _ in range(limits.QUEUE_SIZE)]
        refused = join(http, "tokenize", {"text": "a"})
        assert refused.status_code == 503
        assert "Queue is full" in refused.text
        work.answer.set()
        assert outcome(http, "models", first)[0] == "complete"
        for place in waiting:
            assert outcome(http, "tokenize", place.json()["event_id"])[0] == "complete"
        assert call(http, "tokenize", {"text": "a"})[0] == "complete"


def test_a_client_that_leaves_ends_its_work(
    strict_app: tuple[str, Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, work = strict_app
    step = Engine._step

    def slow_step(engine: Engine) -> None:
        """The tiny model would have written all before the client has read its first line."""
        time.sleep(STEP_SECONDS)
        step(engine)

    monkeypatch.setattr(Engine, "_step", slow_step)
    work.steps = 0
    work.ended.clear()
    with connect(url) as http:
        event_id = join(http, "generate", LONG).json()["event_id"]
        with http.stream("GET", f"/call/generate/{event_id}") as answer:
            next(answer.iter_lines())  # something has come; now the client goes
            assert work.serving is not None
            engine = work.serving.served("base").engine
            assert engine.load == (1, 0)
    assert work.ended.wait(30)
    assert 1 <= work.steps < 256
    give_up = time.monotonic() + 30
    while engine.load != (0, 0):  # its place in the batch is free before its text would be done
        assert time.monotonic() < give_up
        time.sleep(0.01)
    with connect(url) as http:  # and the line moves on
        assert call(http, "tokenize", {"text": "a"})[0] == "complete"


# --- together -------------------------------------------------------------------------------------


def test_streams_and_other_requests_do_not_starve_each_other(tiny_app: App) -> None:
    """Verdicts and maps are answered while texts are being written, and these go on meanwhile."""
    done = threading.Event()
    received = [0] * 4  # parts of texts, by client
    others = [
        ("classify", {"message": "Win a prize, call now"}),
        ("attention", {"text": "the cat sat on the mat"}),
    ]

    def write(client: int) -> list[str]:
        events: list[str] = []
        with connect(tiny_app.url) as http:
            while not done.is_set():
                event_id = join(http, "generate", LONG).raise_for_status().json()["event_id"]
                with http.stream("GET", f"/call/generate/{event_id}") as answer:
                    for line in answer.iter_lines():
                        if line.startswith("event: "):
                            events.append(line.removeprefix("event: "))
                            received[client] += 1
        return events

    with connect(tiny_app.url) as http, ThreadPoolExecutor(len(received)) as pool:
        writing = [pool.submit(write, client) for client in range(len(received))]
        try:
            give_up = time.monotonic() + 60
            while not all(received):
                assert time.monotonic() < give_up
                time.sleep(0.01)
            before = list(received)
            for endpoint, body in others * 5:
                start = time.monotonic()
                assert call(http, endpoint, body)[0] == "complete"
                assert time.monotonic() - start < 20  # a fraction of a second on an idle machine
            after = list(received)
        finally:
            done.set()
        events = [event for texts in writing for event in texts.result(60)]
    assert all(now > then for now, then in zip(after, before, strict=True))
    assert "error" not in events and events.count("complete") >= len(received)


# --- a long day -----------------------------------------------------------------------------------


def memory(pid: int) -> int:
    """Resident memory of a process in bytes."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * 4096


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_mixed_requests_of_eight_clients(tiny_app: App) -> None:
    """None is lost, and once each kind has been seen, memory stays what it is."""
    requests: list[tuple[str, dict[str, Any]]] = [
        ("generate", {"prompt": "the cat", "max_new_tokens": 12, "seed": 1}),
        ("classify", {"message": "Win a prize, call now"}),
        ("next_token", {"prompt": "one day"}),
        ("chat", {"messages": "Name a colour.", "max_new_tokens": 8}),
        ("attention", {"text": "the cat sat on the mat"}),
        ("word_influence", {"message": "See you at noon"}),
        ("tokenize", {"text": "x" * 200}),
        ("classify", {"message": ""}),  # a mistake of the client's
        ("classify_batch", {"messages": ["a", "b c", "d"] * 10}),
        ("generate", {"prompt": "a", "temperature": 99}),
    ]

    with ThreadPoolExecutor(8) as pool:
        # as a program would: one client, which is one session, for all its calls
        clients = list(
            pool.map(lambda _: Client(tiny_app.url, verbose=False, ssl_verify=False), range(8))
        )

        def work(number: int, turns: int) -> list[str]:
            events = []
            for turn in range(turns):
                endpoint, body = requests[(number + turn) % len(requests)]
                try:
                    clients[number].predict(api_name=f"/{endpoint}", **body)
                    events.append("complete")
                except AppError:
                    events.append("error")
            return events

        def answered(turns: int) -> None:
            expected = [
                ["error" if (number + turn) % 10 in (7, 9) else "complete" for turn in range(turns)]
                for number in range(8)
            ]
            assert list(pool.map(work, range(8), [turns] * 8)) == expected

        answered(turns=20)
        before = memory(tiny_app.process.pid)
        answered(turns=20)
        grown = memory(tiny_app.process.pid) - before
    assert grown < 30_000_000
