"""The judge, asked over real HTTP through the real huggingface_hub client."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from train.chat.judge import judge, score_of
from train.datasets import Instruction

TASKS = [
    Instruction("Name the opposite.", "cold", "hot", "book"),
    Instruction("Name a colour.", "", "Red.", "book"),
]


@dataclass
class Judge:
    """A chat-completion server that scores by a rule; `asked` has the requests' path and body."""

    rule: Callable[[str], str] = lambda prompt: "70"
    status: int = 200
    asked: list[tuple[str, dict[str, Any], str | None]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Judge]:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    state = Judge()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.asked.append((self.path, body, self.headers.get("Authorization")))
            message = {"role": "assistant", "content": state.rule(body["messages"][0]["content"])}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            answer = {"id": "1", "object": "chat.completion", "created": 0, "model": "judge"}
            data = json.dumps(answer | {"choices": [choice]}).encode()
            self.send_response(state.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        state.url = f"http://127.0.0.1:{http.server_port}"
        yield state
        http.shutdown()


def test_the_mean_of_the_scores(server: Judge) -> None:
    server.rule = lambda prompt: "100" if "response `hot`" in prompt else "Score: 40/100"
    assert judge(server.url, TASKS, ["hot", "house"]) == {"judge": 70.0, "judged": 2}
    paths = {path for path, _, _ in server.asked}
    assert paths == {"/v1/chat/completions"}
    first = server.asked[0][1]
    prompt = first["messages"][0]["content"]
    assert "input `Name the opposite.\ncold`" in prompt and "correct output `hot`" in prompt
    assert (first["temperature"], first["max_tokens"]) == (0.0, 16)


def test_the_hubs_login_does_not_go_to_other_servers(server: Judge) -> None:
    judge(server.url, TASKS, ["a", "b"])
    assert not any("hf_secret" in (header or "") for _, _, header in server.asked)


def test_a_reply_without_a_score_does_not_count(server: Judge) -> None:
    replies = iter(["I cannot say.", "30"])
    server.rule = lambda prompt: next(replies)
    assert judge(server.url + "/v1", TASKS, ["a", "b"]) == {"judge": 30.0, "judged": 1}


def test_a_judge_without_scores_or_service_is_one_sentence(server: Judge) -> None:
    server.rule = lambda prompt: "good"
    with pytest.raises(ValueError, match="gave no score from 0 to 100"):
        judge(server.url, TASKS, ["a", "b"])
    server.status = 403
    with pytest.raises(ValueError, match="gave no answer") as caught:
        judge(server.url, TASKS, ["a", "b"])
    assert "\n" not in str(caught.value)


def test_nobody_listens() -> None:
    with pytest.raises(ValueError, match=r"The judge http://127.0.0.1:9 gave no answer"):
        judge("http://127.0.0.1:9", TASKS, ["a", "b"])


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("85", 85),
        ("Score: 85/100", 85),
        ("**0**", 0),
        ("100.", 100),
        ("101", None),
        ("-5", None),
        ("0.5", None),
        ("none", None),
        ("", None),
    ],
)
def test_scores(reply: str, score: int | None) -> None:
    assert score_of(reply) == score
