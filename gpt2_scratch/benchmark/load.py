"""Load: many clients of `python app.py` at a time, through HTTP, with requests of all kinds.

Each client asks for one thing after the other, as fast as it gets its answers: texts, replies,
verdicts, attention maps and next tokens, in proportions that lean towards text. Only the standard
library is used, and Gradio's two requests per call: one that gives an id, one that streams events.

A server that remembers grows until it remembers as much as it ever will. So before its memory is
read and the clients' time begins, all of it is filled: Gradio has `limits.SESSIONS` visitors to
keep, and each place of the engines' caches has held a text longer than those of the clients.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from gpt2_scratch.demo import limits

APP = Path(__file__).resolve().parents[2] / "app.py"
START_SECONDS = 180
ANSWER_SECONDS = 120
FILLING_WORDS = 400  # tokens as well: a single letter is one in any vocabulary

Request = tuple[str, dict[str, Any]]  # an endpoint and its arguments
ATTENTION = {"text": "The cat sat on the mat.", "layer": 0}
KINDS: list[Request] = [
    ("generate", {"prompt": "Once upon a time", "max_new_tokens": 100}),
    ("generate", {"prompt": "The harbour was quiet. " * 20, "max_new_tokens": 60}),
    ("chat", {"messages": "Name three colours.", "max_new_tokens": 60}),
    ("classify", {"message": "You have won a prize! Call now"}),
    ("attention", ATTENTION),
    ("next_token", {"prompt": "The heart is a muscle that"}),
]

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never by a proxy


@dataclass(frozen=True)
class Answer:
    """One request as its client saw it.

    first, last  seconds from asking to the first result and to the end
    outcome      "complete", or what went wrong
    """

    endpoint: str
    first: float
    last: float
    outcome: str


def load(model: str, clients: int, seconds: float) -> list[dict[str, Any]]:
    """Start the app, let the clients loose on it, and tell what came of it; one row per endpoint.

    "nano" and "base" are the app as it is; another model takes the place of its `base`.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(APP), "--host", "127.0.0.1", "--port", str(port)]
    if model not in ("nano", "base"):
        command += ["--model", model]
    environment = os.environ | {"NO_PROXY": "127.0.0.1,localhost"}
    process = subprocess.Popen(command, cwd=APP.parent, env=environment, stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, process)
        for endpoint, body in KINDS:  # loads the models
            if (outcome := ask(url, endpoint, body).outcome) != "complete":
                raise ValueError(
                    f"The app does not answer {endpoint} ({outcome}); start it by hand."
                )
        requests = filling()
        all_of_them(url, [requests[n::clients] for n in range(clients)])
        before = resident_megabytes(process.pid)
        ends_at = time.monotonic() + seconds
        answers = all_of_them(url, [until(ends_at, number) for number in range(clients)])
        return summary(answers, seconds, before, resident_megabytes(process.pid))
    finally:
        process.terminate()
        process.wait()


def filling() -> list[Request]:
    """Requests after which the server remembers as much as it ever will."""
    texts = []
    for number in range(limits.STREAMS + limits.REMEMBERED):
        letters = random.Random(number).choices("abcdefghijklmnopqrstuvwxyz", k=FILLING_WORDS)
        texts.append(" ".join(letters))  # no two begin alike, so none takes the other's place
    return [
        *(("generate", {"prompt": text, "max_new_tokens": 1}) for text in texts),
        *(("chat", {"messages": text, "max_new_tokens": 1}) for text in texts),
        *[("attention", ATTENTION)] * limits.SESSIONS,  # the largest answers
    ]


def until(ends_at: float, number: int) -> Iterator[Request]:
    """What a client asks for, up to a moment of `time.monotonic`; each number its own sequence."""
    chance = random.Random(number)
    while time.monotonic() < ends_at:
        yield chance.choice(KINDS)


def all_of_them(url: str, clients: Iterable[Iterable[Request]]) -> list[Answer]:
    """What the clients were answered. Each asks for one thing after the other, all side by side."""
    answers: list[Answer] = []

    def client(requests: Iterable[Request]) -> None:
        for endpoint, body in requests:
            answers.append(ask(url, endpoint, body))

    threads = [threading.Thread(target=client, args=(requests,)) for requests in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def ask(url: str, endpoint: str, body: dict[str, Any]) -> Answer:
    """One call of an endpoint, to its end."""
    start = time.perf_counter()
    first, outcome = 0.0, "broken off"
    try:
        request = urllib.request.Request(
            f"{url}/gradio_api/call/v2/{endpoint}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with _opener.open(request, timeout=ANSWER_SECONDS) as answer:
            event_id = json.load(answer)["event_id"]
        events = f"{url}/gradio_api/call/{endpoint}/{event_id}"
        with _opener.open(events, timeout=ANSWER_SECONDS) as stream:
            for line in stream:
                event = line.decode().removeprefix("event: ").strip()
                if event in ("generating", "complete") and not first:
                    first = time.perf_counter() - start
                if event in ("complete", "error"):
                    outcome = event
    except (OSError, urllib.error.URLError, KeyError, ValueError) as error:
        outcome = f"{type(error).__name__}: {error}"
    return Answer(endpoint, first, time.perf_counter() - start, outcome)


def summary(
    answers: list[Answer], seconds: float, before: float, after: float
) -> list[dict[str, Any]]:
    """One row per endpoint, and one for all with the memory of the server in megabytes."""
    rows = []
    for name in [*dict.fromkeys(endpoint for endpoint, _ in KINDS), "all"]:
        chosen = [a for a in answers if name in (a.endpoint, "all")]
        good = [a for a in chosen if a.outcome == "complete"]
        row: dict[str, Any] = {
            "endpoint": name,
            "answered": len(good),
            "failed": len(chosen) - len(good),
            "per second": len(good) / seconds,
        }
        if good:
            row["first ms, p50"] = 1000 * median(a.first for a in good)
            row["first, p95"] = 1000 * at_share([a.first for a in good], 0.95)
            row["end ms, p50"] = 1000 * median(a.last for a in good)
            row["end, p95"] = 1000 * at_share([a.last for a in good], 0.95)
            row["end, p99"] = 1000 * at_share([a.last for a in good], 0.99)
        if name == "all":
            row["MB before"], row["MB after"] = before, after
        rows.append(row)
    return rows


def at_share(values: list[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(1000 * share) // 1000) - 1)]


def resident_megabytes(pid: int) -> float:
    """Memory of a process; 0 where the system does not tell it as Linux does."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        try:
            with _opener.open(f"{url}/gradio_api/startup-events", timeout=10):
                return
        except OSError:
            time.sleep(0.2)
    raise ValueError("app.py did not start; run it by hand to see why.")
