"""Archives of repositories as GitHub serves them, on this machine."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from train.build_data.archives import BASE_VARIABLE


def zip_of(files: Mapping[str, str | bytes], top: str = "name-commit", commit: str = "") -> bytes:
    """What `git archive --format=zip --prefix=TOP/` makes, with the commit as comment."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = commit.encode()
        archive.writestr(f"{top}/", "")
        for name, content in files.items():
            archive.writestr(f"{top}/{name}", content)
    return buffer.getvalue()


class Server:
    """archives   origin -> bytes; requests   the paths that were asked for, in order
    cut_after  break the connection off after so many bytes"""

    def __init__(self) -> None:
        self.archives: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.cut_after: int | None = None

    def add(self, origin: str, files: Mapping[str, str | bytes]) -> None:
        repository, _, commit = origin.partition("@")
        top = f"{repository.split('/')[1]}-{commit}"
        self.archives[origin] = zip_of(files, top, commit)


@contextmanager
def serve(patch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that `train.build_data` downloads from."""
    running = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            running.requests.append(self.path)
            origin = self.path[1:].replace("/archive/", "@").removesuffix(".zip")
            body = running.archives.get(origin)
            self.send_response(200 if body is not None else 404)  # no Range, as GitHub's archives
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write((body or b"")[: running.cut_after])

        def log_message(self, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    patch.setenv("no_proxy", "127.0.0.1")
    patch.setenv(BASE_VARIABLE, f"http://127.0.0.1:{http.server_port}")
    try:
        yield running
    finally:
        http.shutdown()
        http.server_close()
