"""What gradio 6.31 does otherwise than this app promises, and how it is mended: all in one room.

`Page` is gr.Blocks that keeps nothing of what visitors write and has a sentence for wrong values.
`Door` stands before gradio's routes and turns away what they would choke on: bodies beyond a size,
before they are read; mistakes in an endpoint's name or arguments; what nobody needs, such as links
that gradio would write to a file; and the headers by which a stranger could name this host.
`Packed` compresses the page for its way to the browser.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qs

import gradio as gr
from gradio import state_holder
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from gpt2_scratch.demo import limits

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

API = "/gradio_api"
# What comes out of gradio's routes when a request is of another shape than they expect.
MISUNDERSTOOD = (LookupError, TypeError, ValueError, AttributeError, RecursionError)
WRONG_VALUES = "The values do not fit this request: the API page, a link at the foot, says what do."
# By these gradio takes another host for its own, and writes it into the page.
HOST_HEADERS = (b"x-forwarded-host", b"x-gradio-server")
PACKED = ("", "/config", f"{API}/info")
CLOSED = b'"close_stream"'
SETTLED_SECONDS = 0.2  # by then a page has read that its stream of answers is closed


# --- the page -------------------------------------------------------------------------------------


class Page(gr.Blocks):
    """gr.Blocks as this app wants it. Call `bound_memory` when its queue is set up."""

    def __init__(self, **options: Any) -> None:
        state_holder.SessionState = Session  # type: ignore[misc]  # no option says which class
        super().__init__(**options)

    def bound_memory(self) -> None:
        """gradio would never forget that a caller was here, nor an answer that nobody fetched."""
        queue: Any = self._queue
        queue.pending_event_ids_session = Visits(queue, limits.SESSIONS)
        queue.pending_messages_per_session = Visits(queue, limits.UNFETCHED)

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Too few values: gradio would log those that came."""
        wanted = len(block_fn.inputs)
        if len(inputs) < wanted:
            raise gr.Error(
                f"This request takes {wanted} values, not {len(inputs)}.", print_exception=False
            )

    async def preprocess_data(self, *args: Any, **options: Any) -> list[Any]:
        """A value that a component cannot take: gradio would log it."""
        try:
            return await super().preprocess_data(*args, **options)
        except gr.Error as error:
            error.print_exception = False
            raise
        except Exception as error:
            raise gr.Error(WRONG_VALUES, print_exception=False) from error

    async def call_function(self, block_fn: Any, *args: Any, **options: Any) -> dict[str, Any]:
        """Of gradio's own functions, such as that of examples; ours have their `boundary`."""
        try:
            return await super().call_function(block_fn, *args, **options)
        except MISUNDERSTOOD as error:
            if not getattr(block_fn.fn, "__module__", "").startswith("gradio."):
                raise
            raise gr.Error(WRONG_VALUES, print_exception=False) from error


class Visits(OrderedDict[str, Any]):
    """What the queue keeps by session: at most so many, and whose work is running keeps its place.

    A session with nothing left to fetch goes first, then the oldest.
    """

    def __init__(self, queue: Any, most: int) -> None:
        super().__init__()
        self._queue, self._most = queue, most

    def __setitem__(self, session: str, kept: Any) -> None:
        if session not in self and len(self) >= self._most:
            running = {event.session_hash for event in self._queue.event_ids_to_events.values()}
            idle = [other for other in self if other not in running]
            if idle:
                del self[next((other for other in idle if _is_fetched(self[other])), idle[0])]
        super().__setitem__(session, kept)


def _is_fetched(kept: Any) -> bool:
    """A queue of messages, or a set of events."""
    return kept.empty() if hasattr(kept, "empty") else not kept


class Session(state_holder.SessionState):
    """A visit. gradio keeps all inputs and outputs of the last visits, for its links to a state.

    This app has links of its own, so only what it keeps on purpose (gr.State) is left.
    """

    def __init__(self, blocks: gr.Blocks) -> None:
        super().__init__(blocks)
        self.config_values.clear()

    def _update_config(self, key: int) -> None:
        pass

    def _update_value_in_config(self, key: int, value: Any) -> None:
        pass


# --- descriptions -------------------------------------------------------------------------------


def whole_arguments(doc: str) -> str:
    """A docstring with each argument on one line: gradio tells its clients the first line only."""
    before, args, described = inspect.cleandoc(doc).partition("\nArgs:\n")
    if not args:
        return before
    lines: list[str] = []
    for line in described.splitlines():
        if line.startswith(" " * 8) and lines:  # deeper than an argument: what was said goes on
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
    return before + args + "\n".join(lines)


# --- the door -------------------------------------------------------------------------------------


class Refused(Exception):
    """A request that goes no further.

    status    of HTTP
    sentence  for the caller
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


def door(page: gr.Blocks) -> dict[str, Any]:
    """`app_kwargs` of `page.launch`: what puts `Door` and `Packed` before its routes."""
    return {"middleware": [Middleware(Door, page=page), Middleware(Packed)]}


class Door:
    """The ASGI application before gradio's."""

    def __init__(self, app: Asgi, page: gr.Blocks) -> None:
        self.app, self.page = app, page
        self._closed: dict[str, float] = {}  # when the stream of a session's answers was closed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            scope["headers"] = _own_host(scope["headers"])
            receive = _bounded(scope, receive)
            receive = await self._checked(scope, receive)
            answer = _caller_s_fault(watched) if _is_run(scope) else watched
            if scope["path"].endswith(f"{API}/queue/data"):
                answer = self._noting_close(_session(scope), answer)
            elif "session" in scope:
                answer = self._after_close(scope["session"], answer)
            await self.app(scope, receive, answer)
        except Refused as refused:
            await _answer(send, refused.status, refused.sentence)
        except MISUNDERSTOOD:
            if started:
                raise
            await _answer(send, 400, "This request cannot be understood: see /gradio_api/info.")

    async def _checked(self, scope: Scope, receive: Receive) -> Receive:
        """Look at a request of the API; raises Refused. The body, if it was read, comes again."""
        path = _path(scope)
        parts = path.removeprefix(API + "/").split("/")
        if path == f"{API}/deep_link":
            raise Refused(404, "This app has links of its own: Copy a link, on the page.")
        if path == f"{API}/queue/data" and scope["method"] == "GET":
            return receive
        if parts[0] == "call" and path.startswith(API + "/"):
            named = parts[2:] if parts[1:2] == ["v2"] else parts[1:]
            if scope["method"] == "POST" and len(named) == 1:
                body, receive = await _read(receive)
                check = self._check_named if parts[1] == "v2" else self._check_listed
                check(self._endpoint(named[0]), named[0], body)
            elif scope["method"] == "GET" and len(named) == 2:
                self._endpoint(named[0])
                self._check_event(named[1])
        elif path == f"{API}/queue/join" and scope["method"] == "POST":
            body, receive = await _read(receive)
            if body.get("fn_index") not in self.page.fns or not isinstance(body.get("data"), list):
                raise Refused(422, "A place in the queue takes fn_index, one of /config, and data.")
            scope["session"] = str(body.get("session_hash"))
        return receive

    def _noting_close(self, session: str, send: Send) -> Send:
        async def noting(message: Message) -> None:
            if CLOSED in message.get("body", b""):
                now = time.monotonic()
                recent = self._closed.items()
                self._closed = {s: t for s, t in recent if t > now - SETTLED_SECONDS}
                self._closed[session] = now
            await send(message)

        return noting

    def _after_close(self, session: str, send: Send) -> Send:
        """A page opens a stream of answers for a place in the queue unless it believes it has one.

        gradio closes the stream when nothing is left to send. Should the place be told before the
        page has read that, the page waits for the answer on a stream that is gone, for good.
        """

        async def later(message: Message) -> None:
            closed = self._closed.get(session)
            if message["type"] == "http.response.start" and closed is not None:
                await asyncio.sleep(max(0.0, closed + SETTLED_SECONDS - time.monotonic()))
            await send(message)

        return later

    def _endpoint(self, name: str) -> inspect.Signature:
        public = {
            str(fn.api_name): fn.fn
            for fn in self.page.fns.values()
            if fn.api_visibility == "public" and fn.fn is not None
        }
        if name not in public:
            known = ", ".join(f"/{known}" for known in public)
            raise Refused(404, f"There is no endpoint /{name[:50]}; there are {known}.")
        return inspect.signature(public[name])

    def _check_named(self, signature: inspect.Signature, name: str, body: Mapping) -> None:
        """The body of /call/v2/NAME: arguments by name."""
        known = ", ".join(signature.parameters) or "none"
        for given in body:
            if given not in signature.parameters:
                raise Refused(
                    422, f"/{name} has no argument {given[:50]!r}; its arguments: {known}."
                )
        for wanted in signature.parameters.values():
            if wanted.default is wanted.empty and wanted.name not in body:
                raise Refused(422, f"/{name} needs the argument {wanted.name!r}.")

    def _check_listed(self, signature: inspect.Signature, name: str, body: Mapping) -> None:
        """The body of /call/NAME: {"data": [all arguments in their order]}."""
        known = ", ".join(signature.parameters) or "none"
        data = body.get("data")
        if not isinstance(data, list):
            raise Refused(422, f'/{name} takes {{"data": [...]}}, with these values: {known}.')
        if len(data) != len(signature.parameters):
            wanted = f"{len(signature.parameters)} values ({known})"
            raise Refused(422, f"/{name} takes {wanted}, not {len(data)}; /call/v2/{name} by name.")

    def _check_event(self, event_id: str) -> None:
        queue = self.page._queue
        sessions = queue.pending_event_ids_session
        waiting = (ids for session, ids in sessions.items() if event_id in ids)
        if event_id not in queue.event_ids_to_events and not any(waiting):
            raise Refused(404, "There is no such event: it was fetched already, or never began.")


def _own_host(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers without those in which a stranger could name this host.

    Behind the proxy of Hugging Face the environment tells the name.
    """
    kept = [(name, value) for name, value in headers if name.lower() not in HOST_HEADERS]
    if host := os.environ.get("SPACE_HOST"):
        kept.append((HOST_HEADERS[0], host.encode()))
    return kept


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """`receive` that ends a body beyond limits.BODY_BYTES; announced ones are refused unread."""
    most = limits.BODY_BYTES
    sentence = f"The request is larger than the maximum allowed size of {most:,} bytes."
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    if not announced.isdigit() or int(announced) > most:
        raise Refused(413, sentence)
    read = 0

    async def bounded() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            # gradio's routes hand this one through, and would call any other a bad request
            raise HTTPException(413, sentence)
        return message

    return bounded


async def _read(receive: Receive) -> tuple[Mapping[str, Any], Receive]:
    """A body as a JSON object, and a `receive` that gives it once more. Raises Refused."""
    messages: list[Message] = []
    while not messages or messages[-1].get("more_body"):
        try:
            messages.append(await receive())
        except HTTPException as error:
            raise Refused(error.status_code, error.detail) from error
    data = b"".join(message.get("body", b"") for message in messages)
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The body is no JSON in UTF-8 that could be read.") from error
    if not isinstance(body, dict):
        raise Refused(422, "The body must be a JSON object, with the arguments by name.")
    again = iter(messages)

    async def replayed() -> Message:
        return next(again, None) or await receive()

    return body, replayed


def _session(scope: Scope) -> str:
    return parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0]


def _is_run(scope: Scope) -> bool:
    return scope["path"].startswith((f"{API}/run/", f"{API}/api/"))


def _caller_s_fault(send: Send) -> Send:
    """An event of the page that does not wait in line: gradio calls each mistake a server's (500).

    With a sentence it was the caller's. Such an answer is one piece.
    """
    start: Message | None = None

    async def corrected(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start" and message["status"] == 500:
            start = message
            return
        if start is not None:
            if b'"error":null' not in message.get("body", b"").replace(b" ", b""):
                start["status"] = 422
            await send(start)
            start = None
        await send(message)

    return corrected


def _path(scope: Scope) -> str:
    """Of a request, as it is wherever the app is mounted; "" is the page."""
    return str(scope["path"]).removeprefix(scope.get("root_path", "")).rstrip("/")


async def _answer(send: Send, status: int, sentence: str) -> None:
    """A refusal, as gradio's own are: {"detail": sentence}."""
    body = json.dumps({"detail": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


# --- the way to the browser -----------------------------------------------------------------------


class Packed:
    """gradio compresses what has a file's ending; the page has none, and is half a megabyte."""

    def __init__(self, app: Asgi) -> None:
        self.app, self.compressed = app, GZipMiddleware(app, compresslevel=6)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        large = scope["type"] == "http" and _path(scope) in PACKED
        await (self.compressed if large else self.app)(scope, receive, send)
