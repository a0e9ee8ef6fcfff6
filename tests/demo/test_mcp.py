"""Each endpoint as a tool, asked by the real MCP client over HTTP."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from conftest import App
from test_app import ENDPOINTS

from gpt2_scratch.demo.api import Api

mcp = pytest.importorskip("mcp", reason="the mcp extra is not installed")

CALLS: dict[str, tuple[dict[str, Any], str]] = {
    # endpoint: arguments, and what stands in its answer
    "generate": ({"prompt": "The cat", "max_new_tokens": 3, "seed": 1}, "finish_reason"),
    "next_token": ({"prompt": "The cat", "rows": 2}, "reshaped_probability"),
    "classify": ({"message": "Call now"}, "spam_probability"),
    "classify_batch": ({"messages": ["Call now", "See you"]}, "spam_probability"),
    "word_influence": ({"message": "Call now"}, "influence"),
    "chat": ({"messages": "Name a colour.", "max_new_tokens": 3}, ""),
    "answer_tokens": ({"messages": "Name a colour.", "answer": "Red."}, "mean_probability"),
    "attention": ({"text": "The cat", "layer": 0, "head": 0}, "weights"),
    "induction": ({"text": "The cat"}, "scores"),
    "inside": ({"text": "The cat", "layer": 1}, "after_attention"),
    "ablate": ({"text": "The cat", "heads": [[0, 1]]}, "most_important"),
    "tokenize": ({"text": "The cat"}, "token_id"),
    "models": ({}, "parameters"),
}


def session(app: App, work: Callable[[Any], Any]) -> Any:
    """The result of `work`, a coroutine function, on a session with the app."""
    from mcp.client.streamable_http import streamablehttp_client

    def direct(**options: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(trust_env=False, follow_redirects=True, **options)

    async def run() -> Any:
        address = f"{app.url}/gradio_api/mcp/"
        async with (
            streamablehttp_client(address, httpx_client_factory=direct) as (read, write, _),
            mcp.ClientSession(read, write) as client,
        ):
            await client.initialize()
            return await work(client)

    with ThreadPoolExecutor(1) as pool:  # in this thread a browser may have its own loop
        return pool.submit(lambda: asyncio.run(run())).result()


def test_each_endpoint_is_a_tool_with_its_arguments(tiny_app: App) -> None:
    async def listed(client: Any) -> Any:
        return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in session(tiny_app, listed)}
    assert sorted(tools) == sorted(ENDPOINTS) == sorted(CALLS)
    for name, tool in tools.items():
        signature = inspect.signature(getattr(Api, name)).parameters
        assert list(tool.inputSchema["properties"]) == [p for p in signature if p != "self"]
        said = inspect.getdoc(getattr(Api, name))
        assert said.split("\n")[0] in tool.description
        # All that is said of the arguments, and not the first line of each alone.
        told = " ".join(p.get("description", "") for p in tool.inputSchema["properties"].values())
        arguments = said.partition("Args:")[2]
        assert set(arguments.replace(":", " ").split()) - set(signature) <= set(
            told.replace(":", " ").split()
        )


def test_each_tool_answers_and_refuses_in_a_sentence(tiny_app: App) -> None:
    async def called(client: Any) -> Any:
        answers = {name: await client.call_tool(name, asked) for name, (asked, _) in CALLS.items()}
        return answers, await client.call_tool("classify", {"message": " "})

    answers, refused = session(tiny_app, called)
    for name, (_, expected) in CALLS.items():
        assert not answers[name].isError, name
        assert expected in answers[name].content[0].text, name
    assert not tiny_app.network_log.exists(), tiny_app.network_log.read_text()
    assert refused.isError
    assert "The message is empty: write some text first." in refused.content[0].text
