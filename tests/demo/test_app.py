"""`python app.py` as its clients see it: each endpoint over HTTP, its limits, and missing weights.

The server is a process of its own with tiny random checkpoints; a last part asks the same of the
committed weights, where what the models say means something.
"""

from __future__ import annotations

import inspect
import json
import math
import shutil
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from conftest import REPOSITORY, App
from gradio_client import Client
from gradio_client.exceptions import AppError

from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.demo import limits
from gpt2_scratch.demo.api import Api
from gpt2_scratch.engine.quantization import MODES, rounded
from gpt2_scratch.generation import generate
from gpt2_scratch.vocabulary.text import fold

ENDPOINTS = [
    "generate",
    "next_token",
    "classify",
    "classify_batch",
    "word_influence",
    "chat",
    "answer_tokens",
    "attention",
    "induction",
    "inside",
    "ablate",
    "tokenize",
    "models",
]
PROMPT = "def forward(self, x"


def connect(app: App) -> Client:
    return Client(app.url, verbose=False, analytics_enabled=False, ssl_verify=False)


@pytest.fixture(scope="module")
def client(tiny_app: App) -> Client:
    return connect(tiny_app)


def post(app: App, endpoint: str, body: dict[str, Any]) -> list[tuple[str, Any]]:
    """Call an endpoint as the README's curl example does: the events of its answer."""
    url = f"{app.url}/gradio_api/call"
    with httpx.Client(base_url=url, trust_env=False, verify=False, timeout=60) as http:
        event_id = http.post(f"/v2/{endpoint}", json=body).raise_for_status().json()["event_id"]
        lines = http.get(f"/{endpoint}/{event_id}").raise_for_status().text.splitlines()
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    data = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    return list(zip(names, data, strict=True))


# --- the endpoints --------------------------------------------------------------------------------


def test_the_api_is_these_endpoints_with_the_arguments_of_their_functions(client: Client) -> None:
    described = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert sorted(described) == sorted(f"/{name}" for name in ENDPOINTS)
    for name in ENDPOINTS:
        signature = inspect.signature(getattr(Api, name)).parameters.values()
        expected = [(p.name, p.default) for p in signature if p.name != "self"]
        found = [
            (
                p["parameter_name"],
                p["parameter_default"] if p["parameter_has_default"] else inspect.Parameter.empty,
            )
            for p in described[f"/{name}"]["parameters"]
        ]
        assert found == expected
        assert described[f"/{name}"]["returns"][0]["type"], name


def test_generate_streams_a_growing_text(client: Client) -> None:
    results = list(client.submit(PROMPT, max_new_tokens=60, seed=1, api_name="/generate"))
    texts = [result["text"] for result in results]
    assert len(results) >= 2
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert [result["finish_reason"] for result in results[:-1]] == [None] * (len(results) - 1)
    last = results[-1]
    assert last["finish_reason"] in ("length", "stop")
    assert 1 <= last["tokens"] <= 60
    assert last["tokens_per_second"] > 0 and last["time_to_first_token"] > 0
    assert (last["seed"], last["model"], last["window_moved"]) == (1, "base", False)


def test_generate_says_what_the_package_says(
    client: Client, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    model, tokenizer = load_model("base")
    mode = client.predict(api_name="/models")[0]["mode"]
    model = rounded(model, mode)  # how the app has the weights while it writes
    settings = {"temperature": 0.9, "top_k": 20, "top_p": 0.9, "repetition_penalty": 1.1, "seed": 3}
    expected = generate(model, tokenizer, PROMPT, max_new_tokens=30, **settings)
    answer = client.predict(PROMPT, max_new_tokens=30, **settings, api_name="/generate")
    assert answer["text"] == expected


def test_the_seed_that_generate_shows_repeats_the_text(client: Client) -> None:
    first = client.predict(PROMPT, max_new_tokens=12, api_name="/generate")
    for seed in (first["seed"], float(first["seed"])):
        again = client.predict(PROMPT, max_new_tokens=12, seed=seed, api_name="/generate")
        assert again["text"] == first["text"]
    others = {
        client.predict(PROMPT, max_new_tokens=12, seed=-1, api_name="/generate")["seed"]
        for _ in range(3)
    }
    assert len(others) == 3


def test_generate_says_when_the_context_window_moves(client: Client) -> None:
    # the window is 256 tokens, and the prompt takes some of them
    answer = client.predict(PROMPT, max_new_tokens=256, seed=5, api_name="/generate")
    if answer["finish_reason"] == "length":
        assert answer["window_moved"]
    answer = client.predict("q " * 2_000, max_new_tokens=1, api_name="/generate")
    assert answer["window_moved"]


def test_an_empty_prompt_generates(client: Client) -> None:
    assert client.predict("", max_new_tokens=3, api_name="/generate")["tokens"] >= 1


def test_next_token_follows_the_settings(client: Client) -> None:
    plain = client.predict(PROMPT, 1.0, 0, rows=50, api_name="/next_token")
    assert len(plain) == 50
    assert [row["probability"] for row in plain] == sorted(
        (row["probability"] for row in plain), reverse=True
    )
    assert all(row["probability"] == row["reshaped_probability"] for row in plain)
    greedy = client.predict(PROMPT, 0, api_name="/next_token")
    assert [row["reshaped_probability"] for row in greedy] == [1] + [0] * 9
    assert [row["probability"] for row in greedy] == [row["probability"] for row in plain[:10]]
    few = client.predict(PROMPT, 1.0, 3, api_name="/next_token")
    assert sum(row["reshaped_probability"] for row in few) == pytest.approx(1, abs=1e-5)
    assert [row["reshaped_probability"] > 0 for row in few] == [True] * 3 + [False] * 7


def test_next_token_is_what_greedy_generation_takes(client: Client) -> None:
    table = client.predict(PROMPT, 0, rows=1, api_name="/next_token")
    token = client.predict(PROMPT, 0, max_new_tokens=1, api_name="/generate")["text"]
    assert token == table[0]["token"]


def test_classify_and_its_batch_agree(client: Client) -> None:
    messages = ["Win a prize now", "See you at noon", "x" * limits.MESSAGE_CHARS]
    batch = client.predict(messages, api_name="/classify_batch")
    for message, verdict in zip(messages, batch, strict=True):
        alone = client.predict(message, api_name="/classify")
        assert alone["label"] == verdict["label"]
        assert alone["spam_probability"] == pytest.approx(verdict["spam_probability"], abs=1e-4)
        is_spam = verdict["spam_probability"] >= verdict["threshold"]
        assert is_spam == (verdict["label"] == "spam")
    assert [verdict["truncated"] for verdict in batch] == [False, False, True]


def test_word_influence_explains_the_verdict_of_classify(client: Client) -> None:
    message = "Win a prize,\n call now"
    explained = client.predict(message, api_name="/word_influence")
    words = explained.pop("words")
    alone = client.predict(message, api_name="/classify")
    assert explained.pop("spam_probability") == pytest.approx(alone.pop("spam_probability"), 1e-4)
    assert explained == alone
    assert "".join(word["text"] for word in words) == message
    without = client.predict("Win a call now", api_name="/classify")["spam_probability"]
    assert words[2]["spam_probability_without"] == pytest.approx(without, abs=1e-4)


def test_a_row_at_fault_leaves_the_others_their_verdicts(client: Client) -> None:
    good = client.predict(["Win a prize now", "See you"], api_name="/classify_batch")
    messages = ["Win a prize now", "\u200b\u200b", 7, "See you"]
    first, second, third, last = client.predict(messages, api_name="/classify_batch")
    for found, expected in ((first, good[0]), (last, good[1])):
        assert found["label"] == expected["label"] and found["problem"] is None
        assert found["spam_probability"] == pytest.approx(expected["spam_probability"], abs=1e-4)
    assert "message in row 2 is empty" in second["problem"]
    assert "message in row 3 must be a text" in third["problem"]
    assert second["label"] is second["spam_probability"] is None


def test_a_full_batch_is_classified(client: Client) -> None:
    messages = [f"message {number}" for number in range(limits.BATCH_ROWS)]
    assert len(client.predict(messages, api_name="/classify_batch")) == limits.BATCH_ROWS


def test_chat_streams_and_keeps_nothing(client: Client) -> None:
    parts = list(client.submit("Name a colour.", max_new_tokens=20, api_name="/chat"))
    assert all(isinstance(part, str) for part in parts)
    assert all(later.startswith(earlier) for earlier, later in pairwise(parts))
    conversation = [{"role": "user", "content": "Name a colour."}]
    again = client.predict(conversation, max_new_tokens=20, api_name="/chat")
    assert again == parts[-1]


def test_chat_reads_the_whole_conversation(client: Client) -> None:
    short = [{"role": "user", "content": "And another?"}]
    long = [
        {"role": "user", "content": "Name a colour."},
        {"role": "assistant", "content": "Red."},
        *short,
    ]
    blocks = [{**m, "content": [{"type": "text", "text": m["content"]}]} for m in long]
    answers = [
        client.predict(messages, max_new_tokens=20, api_name="/chat")
        for messages in (short, long, blocks)
    ]
    assert answers[0] != answers[1]
    assert answers[1] == answers[2]


def test_answer_tokens_say_how_sure_the_model_is(client: Client) -> None:
    asked = {"messages": "Name a colour.", "answer": "See you at noon"}
    found = client.predict(**asked, rows=3, api_name="/answer_tokens")
    *tokens, end = found["tokens"]
    assert "".join(token["token"] for token in tokens) == asked["answer"]
    assert end["token"] == "<|endoftext|>"
    mean = sum(token["probability"] for token in found["tokens"]) / len(found["tokens"])
    assert found["mean_probability"] == pytest.approx(mean, abs=1e-3)
    for token in found["tokens"]:
        assert len(token["alternatives"]) == 3
        best = token["alternatives"][0]["probability"]
        assert (token["rank"] == 1) == (token["probability"] == best)


def test_induction_gives_all_scores_and_a_story_that_the_maps_tell(client: Client) -> None:
    text = "the cat sat on the cat sat on the cat"
    found = client.predict(text, api_name="/induction")
    assert np.shape(found["scores"]) == (2, 2) and "".join(found["tokens"]) == text
    if story := found["story"]:
        maps = client.predict(text, api_name="/attention")["weights"]
        share = maps[story["layer"]][story["head"]][story["reader"]][story["read"]]
        assert share == pytest.approx(story["share"], abs=1e-3) and share >= 0.2
    assert client.predict("the cat", api_name="/induction")["story"] is None


def test_attention_gives_all_heads_or_one(client: Client) -> None:
    everything = client.predict("the cat sat", api_name="/attention")
    T = len(everything["tokens"])
    assert "".join(everything["tokens"]) == "the cat sat"
    assert len(everything["token_ids"]) == T
    assert (everything["n_layer"], everything["n_head"]) == (2, 2)
    assert (everything["layers"], everything["heads"]) == ([0, 1], [0, 1])
    for layer in everything["weights"]:
        for head in layer:
            for i, row in enumerate(head):
                assert sum(row) == pytest.approx(1, abs=1e-3)
                assert row[i + 1 :] == [0] * (T - 1 - i)
    one = client.predict("the cat sat", layer=1, head=0, api_name="/attention")
    assert (one["layers"], one["heads"]) == ([1], [0])
    assert one["weights"] == [[everything["weights"][1][0]]]


def test_attention_of_each_model_differs(client: Client) -> None:
    maps = [
        client.predict("the cat sat", model=model, api_name="/attention")["weights"]
        for model in ("base", "chat", "spam")
    ]
    assert maps[0] != maps[1] != maps[2] != maps[0]


def test_inside_shows_how_the_next_token_comes_about(client: Client) -> None:
    text = "the cat sat on"
    found = client.predict(text, layer=1, head=1, temperature=0.7, top_k=5, api_name="/inside")
    assert bytes.fromhex("".join(token["bytes"] for token in found["tokens"])).decode() == text
    T = len(found["tokens"])
    assert (found["layer"], found["head"], found["position"]) == (1, 1, T - 1)
    maps = client.predict(text, layer=1, head=1, api_name="/attention")
    np.testing.assert_allclose(found["matrices"]["weights"], maps["weights"][0][0], atol=2e-4)
    vectors = {name: np.array(vector) for name, vector in found["vectors"].items()}
    assert {vector.shape for vector in vectors.values()} == {(32,)}
    attended = vectors["stream"] + vectors["projection"]
    np.testing.assert_allclose(attended, vectors["after_attention"], atol=2e-4)
    np.testing.assert_allclose(attended + vectors["mlp"], vectors["after_mlp"], atol=2e-4)
    assert found["neurons"][0]["activation"] >= found["neurons"][-1]["activation"]
    asked = {"temperature": 0.7, "top_k": 5, "api_name": "/next_token"}
    for row, same in zip(found["next_tokens"], client.predict(text, **asked), strict=True):
        assert row["token_id"] == same["token_id"]
        assert row["reshaped_probability"] == pytest.approx(same["reshaped_probability"], abs=1e-5)
    first = client.predict(text, position=0, api_name="/inside")
    assert first["vectors"]["stream"] == pytest.approx(  # what enters layer 0 is the two embeddings
        [
            sum(pair)
            for pair in zip(
                first["vectors"]["token_embedding"],
                first["vectors"]["position_embedding"],
                strict=True,
            )
        ],
        abs=2e-4,
    )


def test_ablate_switches_off_and_names_what_matters(client: Client) -> None:
    whole = client.predict("the cat sat on", api_name="/ablate")
    assert whole["untouched"] == whole["ablated"]
    assert len(whole["effects"]) == len(whole["layer_effects"]) == 2
    layer, head = whole["most_important"][0]
    assert whole["effects"][layer][head] == min(min(row) for row in whole["effects"])
    off = client.predict("the cat sat on", heads=[[layer, head]], api_name="/ablate")
    assert off["untouched"] == whole["untouched"] != off["ablated"]
    rows = {row["token"]: row["probability"] for row in off["ablated"]["next_tokens"]}
    if whole["predicted"] in rows:
        change = math.log(rows[whole["predicted"]]) - whole["log_probability"]
        assert change == pytest.approx(whole["effects"][layer][head], abs=1e-3)
    skipped = client.predict("the cat sat on", layers=[1], new_tokens=0, api_name="/ablate")
    assert skipped["ablated"]["continuation"] == ""
    assert skipped["ablated"]["next_tokens"] != whole["untouched"]["next_tokens"]


def test_tokenize_gives_every_byte(client: Client) -> None:
    text = "Grüße, 世界 👩‍👩‍👧 <|endoftext|>\n\t \u202e"
    tokens = client.predict(text, api_name="/tokenize")
    read = bytes.fromhex("".join(token["bytes"] for token in tokens)).decode()
    assert read == fold(text), "what the model would read: nothing invisible is left of it"
    assert client.predict("", api_name="/tokenize") == []


def test_a_text_goes_on_from_what_is_written(client: Client) -> None:
    settings = {"temperature": 0, "max_new_tokens": 8}
    whole = client.predict(PROMPT, **settings, api_name="/generate")
    begun = whole["token_ids"][:3]
    again = client.predict(
        PROMPT, **settings | {"max_new_tokens": 5}, written=begun, api_name="/generate"
    )
    assert (again["text"], again["token_ids"]) == (whole["text"], whole["token_ids"])
    table = client.predict(PROMPT, temperature=0, rows=1, written=begun, api_name="/next_token")
    assert table[0]["token_id"] == whole["token_ids"][3]


def test_models_tells_what_is_there(client: Client) -> None:
    models = {model["name"]: model for model in client.predict(api_name="/models")}
    assert sorted(models) == ["base", "chat", "spam"]
    for model in models.values():
        assert model["available"] and model["problem"] is None
        assert model["config"]["n_layer"] == 2
        assert model["parameters"] > 10_000
        assert model["tokenizer"] == "tokenizer"
        assert model["mode"] is None if model["name"] == "spam" else model["mode"] in MODES


# --- over plain HTTP, with what no form would send ------------------------------------------------


def test_plain_http_streams(tiny_app: App) -> None:
    events = post(tiny_app, "generate", {"prompt": PROMPT, "max_new_tokens": 40, "seed": 1})
    assert [name for name, _ in events][-1] == "complete"
    assert {name for name, _ in events[:-1]} <= {"generating", "heartbeat"}
    assert events[-1][1][0]["finish_reason"] in ("length", "stop")


NAN = float("nan")
REFUSED = [
    ("generate", {"prompt": "x" * 50_000}, "prompt has 50,000 characters; at most 8,000"),
    ("generate", {"prompt": 7}, "prompt must be a text, not 7"),
    ("generate", {"prompt": None}, "prompt must be a text, not None"),
    ("generate", {"prompt": "a", "max_new_tokens": 257}, "whole number from 1 to 256, not 257"),
    ("generate", {"prompt": "a", "max_new_tokens": True}, "whole number from 1 to 256, not True"),
    ("generate", {"prompt": "a", "temperature": 5.1}, "temperature must be a number from 0 to 5"),
    ("generate", {"prompt": "a", "temperature": "1"}, "temperature must be a number from 0 to 5"),
    ("generate", {"prompt": "a", "temperature": None}, "temperature must be a number"),
    ("generate", {"prompt": "a", "top_k": -1}, "top_k must be a whole number"),
    ("generate", {"prompt": "a", "top_k": 1.5}, "top_k must be a whole number"),
    ("generate", {"prompt": "a", "top_p": 0}, "top_p must be a number above 0"),
    ("generate", {"prompt": "a", "repetition_penalty": 9}, "repetition_penalty must be"),
    ("generate", {"prompt": "a", "seed": "abc"}, "seed must be a whole number"),
    ("generate", {"prompt": "a", "seed": 2**40}, "seed must be a whole number"),
    ("generate", {"prompt": "a", "written": [1] * 256}, "The text has 256 tokens, and here it"),
    ("generate", {"prompt": "a", "written": [1] * 257}, "a list of at most 256 token ids"),
    ("generate", {"prompt": "a", "written": ["x"]}, "token id in written must be a whole number"),
    ("next_token", {"prompt": "a", "written": [99_999]}, "outside the model's vocabulary"),
    ("generate", {"prompt": "a", "model": "spam"}, "model must be one of base, chat, gpt2"),
    ("generate", {"prompt": "a", "model": "gpt2"}, "gpt2 is not here yet: choose it under Model"),
    ("generate", {"prompt": "a", "model": "../base"}, "model must be one of base, chat"),
    ("next_token", {"prompt": "a", "rows": 51}, "rows must be a whole number from 1 to 50"),
    ("next_token", {"prompt": ["a"]}, "prompt must be a text"),
    ("classify", {"message": "  \n"}, "message is empty"),
    ("classify", {"message": "x" * 1_001}, "message has 1,001 characters; at most 1,000"),
    ("classify", {"message": {"text": "a"}}, "message must be a text"),
    ("word_influence", {"message": "\u200b"}, "message is empty"),
    ("word_influence", {"message": "x" * 1_001}, "message has 1,001 characters"),
    ("classify_batch", {"messages": "a"}, "must be a list of texts"),
    ("classify_batch", {"messages": []}, "no messages"),
    ("classify_batch", {"messages": ["x"] * 501}, "501 messages; at most 500"),
    ("chat", {"messages": []}, "must be a text, or a list"),
    ("chat", {"messages": "x" * 4_001}, "4,001 characters; at most 4,000"),
    ("chat", {"messages": [{"role": "system", "content": "x"}]}, "role of message 1 must be one"),
    (
        "chat",
        {"messages": [{"role": "assistant", "content": "x"}]},
        "last message must be the user",
    ),
    ("chat", {"messages": "x", "max_new_tokens": 0}, "max_new_tokens must be"),
    ("chat", {"messages": "word " * 700}, "tokens long"),
    ("attention", {"text": ""}, "text is empty"),
    ("attention", {"text": "a b " * 60}, "at most 64"),
    ("attention", {"text": "x" * 1_001}, "text has 1,001 characters; at most 1,000"),
    ("attention", {"text": "a", "layer": 2}, "layer must be a whole number from 0 to 1"),
    ("attention", {"text": "a", "head": -1}, "head must be a whole number from 0 to 1"),
    ("attention", {"text": "a", "model": "gpt2"}, "model must be one of"),
    ("inside", {"text": " "}, "text is empty"),
    ("inside", {"text": "a b " * 17}, "tokens long, but at most 32 can be shown"),
    ("inside", {"text": "x" * 501}, "text has 501 characters; at most 500"),
    ("inside", {"text": "a", "layer": 2}, "layer must be a whole number from 0 to 1"),
    ("inside", {"text": "a", "head": 2.5}, "head must be a whole number from 0 to 1"),
    ("inside", {"text": "a", "position": 1}, "position must be a whole number from 0 to 0"),
    ("inside", {"text": "a", "model": "spam"}, "model must be one of base, chat, not 'spam'"),
    ("ablate", {"text": "a b " * 17}, "at most 32"),
    ("ablate", {"text": "a", "heads": [[0, 2]]}, "head must be a whole number from 0 to 1"),
    ("ablate", {"text": "a", "heads": [0, 1]}, "A head is [layer, head], as in [0, 3], not 0."),
    ("ablate", {"text": "a", "heads": "all"}, "heads must be a list of at most 144 pairs"),
    ("ablate", {"text": "a", "layers": [2]}, "layer must be a whole number from 0 to 1"),
    ("ablate", {"text": "a", "layers": 1}, "layers must be a list of numbers"),
    ("ablate", {"text": "a", "new_tokens": 21}, "new_tokens must be a whole number from 0 to 20"),
    ("tokenize", {"text": "x" * 8_001}, "text has 8,001 characters"),
    ("tokenize", {"text": False}, "text must be a text, not False"),
]


@pytest.mark.parametrize(("endpoint", "body", "sentence"), REFUSED)
def test_what_is_refused_gets_a_sentence(
    tiny_app: App, endpoint: str, body: dict[str, Any], sentence: str
) -> None:
    (name, data), *_ = post(tiny_app, endpoint, body)
    assert name == "error"
    assert sentence in data["error"]
    assert data["error"].count("\n") == 0


def test_a_client_gets_the_same_sentence(client: Client) -> None:
    with pytest.raises(AppError, match="message is empty"):
        client.predict(" ", api_name="/classify")


def test_the_server_survives_strange_text(tiny_app: App) -> None:
    for text in ("\u200b\u200d", "\u202eabc", "\x00\x07", "<|endoftext|>", "${1}`{{x}}", "﷽" * 300):
        name, (answer,) = post(tiny_app, "generate", {"prompt": text, "max_new_tokens": 2})[-1]
        assert (name, answer["tokens"] >= 1) == ("complete", True)


def test_nobody_skips_the_line(tiny_app: App) -> None:
    with httpx.Client(base_url=f"{tiny_app.url}/gradio_api", trust_env=False) as http:
        for route in ("/run/generate", "/api/generate"):
            assert http.post(route, json={"data": ["a"]}).status_code == 404


def test_many_clients_are_all_answered(tiny_app: App) -> None:
    def ask(seed: int) -> dict[str, Any]:
        body = {"prompt": PROMPT, "seed": seed, "max_new_tokens": 20}
        return post(tiny_app, "generate", body)[-1][1][0]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, [1, 2, 3, 4] * 4))
    for number in range(4):
        assert len({answer["text"] for answer in answers[number::4]}) == 1


def test_the_app_reaches_for_no_network(tiny_app: App, client: Client) -> None:
    client.predict(PROMPT, max_new_tokens=2, api_name="/generate")
    log = tiny_app.network_log
    assert not log.exists(), log.read_text()


# --- missing and damaged weights ------------------------------------------------------------------


def test_the_other_endpoints_work_and_say_what_is_missing(
    incomplete_app: tuple[App, Path], tiny_weights: Path
) -> None:
    app, weights = incomplete_app
    assert post(app, "generate", {"prompt": "a", "max_new_tokens": 2})[-1][0] == "complete"

    (name, data), *_ = post(app, "classify", {"message": "a"})
    assert name == "error"
    assert "python -m train.finetune_spam" in data["error"]
    assert str(weights) not in data["error"], "visitors need not know the server's folders"
    (name, data), *_ = post(app, "chat", {"messages": "a"})
    assert name == "error"
    assert "git lfs pull" in data["error"]

    (models,) = post(app, "models", {})[-1][1]
    found = {model["name"]: (model["available"], model["problem"]) for model in models}
    assert found["base"] == (True, None)
    assert found["chat"] == (False, data["error"])
    assert not found["spam"][0]

    # weights that arrive later are found without a restart
    shutil.copy(tiny_weights / "spam.safetensors", weights)
    assert post(app, "classify", {"message": "a"})[-1][0] == "complete"


# --- the committed weights ------------------------------------------------------------------------


def test_committed_weights_answer_every_endpoint(app: App) -> None:
    client = connect(app)
    parts = list(client.submit("Once upon a time", max_new_tokens=30, api_name="/generate"))
    assert len(parts) >= 2 and len(parts[-1]["text"].split()) >= 5
    assert len(client.predict("Once upon a", api_name="/next_token")) == 10
    assert client.predict("Name three colours.", api_name="/chat").strip()
    maps = client.predict("The cat sat on the mat.", api_name="/attention")
    assert len(maps["weights"]) == maps["n_layer"]
    assert all(model["available"] for model in client.predict(api_name="/models"))
    text = "Tom had a red ball and a blue ball. He gave the red ball to Lily. " * 2
    while len(client.predict(text, api_name="/tokenize")) > limits.INSIDE_TOKENS:
        text = text[1:]
    for endpoint in ("/inside", "/ablate"):
        assert len(json.dumps(client.predict(text, api_name=endpoint))) < 1_000_000


def test_committed_model_knows_how_a_tale_begins(app: App) -> None:
    rows = connect(app).predict("Once upon a", 1.0, 0, api_name="/next_token")
    assert rows[0]["token"] == " time" and rows[0]["probability"] > 0.5


def test_committed_classifier_tells_spam_from_ham(app: App) -> None:
    messages = [
        "WINNER!! You have won a £900 prize. Call 09061701461 to claim. Valid 12 hours only.",
        "Free entry in a weekly competition! Text WIN to 80086 now. 150p per msg.",
        "Hey, are we still on for lunch tomorrow?",
        "Sorry, I'll call you later, in a meeting.",
    ]
    verdicts = connect(app).predict(messages, api_name="/classify_batch")
    assert [verdict["label"] for verdict in verdicts] == ["spam", "spam", "ham", "ham"]


def test_app_py_is_a_page_long() -> None:
    assert len((REPOSITORY / "app.py").read_text(encoding="utf-8").splitlines()) < 150
