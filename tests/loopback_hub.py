"""A Hugging Face Hub on this machine, for the real huggingface_hub client.

It speaks what the client asks of huggingface.co. For downloads: HEAD and GET of
/<repository>/resolve/<revision>/<file>, large files redirected to a storage address as the Hub does
with everything in LFS (X-Linked-ETag is their sha256), Range, and the errors with their codes. For
uploads: creating a repository, listing it, the question which files go into LFS, the LFS batch and
its uploads, and the commit. Spaces are repositories whose name here begins with "spaces/", datasets
those with "datasets/".
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

COMMIT = "607a30d783dfa663caf39e06633721c8d4cfcd7e"
LFS_SUFFIXES = (".safetensors", ".bin", ".xz")


@dataclass
class Hub:
    """What the server serves and has seen.

    files       repository -> file name -> content; put something in and it is there
    requests    (method, path, Range header or "") in order
    drop_after  file name -> bytes after which its next download loses the connection, once
    halt_after  file name -> bytes after which its next download waits for `go_on`
    tamper      file names of which a byte changes on the way
    created     the requests for new repositories
    uploads     content of LFS files by sha256
    refuse_creation  a status to answer those requests with
    """

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    drop_after: dict[str, int] = field(default_factory=dict)
    halt_after: dict[str, int] = field(default_factory=dict)
    go_on: threading.Event = field(default_factory=threading.Event)
    tamper: set[str] = field(default_factory=set)
    created: list[dict[str, Any]] = field(default_factory=list)
    uploads: dict[str, bytes] = field(default_factory=dict)
    refuse_creation: int = 0
    endpoint: str = ""
    storage: str = ""  # the same server by another name, as the Hub's storage is another host

    def add_folder(self, repository: str, folder: Path) -> None:
        self.files[repository] = {path.name: path.read_bytes() for path in folder.iterdir()}


class Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def answer(self, with_body: bool) -> None:
        path = unquote(self.path.partition("?")[0])
        self.hub.requests.append((self.command, path, self.headers.get("Range", "")))
        if path.startswith("/storage/"):
            repository, _, name = path.removeprefix("/storage/").partition("//")
            self.send_content(name, self.hub.files[repository][name], with_body)
            return
        if path.startswith("/api/"):
            repository = self.api_repository(path.partition("/tree/")[0])
            if repository not in self.hub.files:
                self.refuse(404, "RepoNotFound")
                return
            names = self.hub.files[repository]
            tree = [
                {"type": "file", "path": n, "size": len(c), "oid": "0"} for n, c in names.items()
            ]
            self.send_json(tree)
            return
        repository, _, rest = path[1:].partition("/resolve/")
        revision, _, name = rest.partition("/")
        content = self.hub.files.get(repository, {}).get(name)
        if repository not in self.hub.files:
            self.refuse(401, "RepoNotFound")
        elif revision not in ("main", COMMIT):
            self.refuse(404, "RevisionNotFound")
        elif content is None:
            self.refuse(404, "EntryNotFound")
        elif name.endswith(LFS_SUFFIXES):
            self.send_response(302)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("X-Linked-Size", str(len(content)))
            self.send_header("X-Linked-ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("Location", f"{self.hub.storage}/storage/{repository}//{name}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.send_content(name, content, with_body)

    @staticmethod
    def api_repository(path: str) -> str:
        """/api/spaces/a/b -> spaces/a/b; /api/models/a/b -> a/b."""
        return path.removeprefix("/api/").removeprefix("models/")

    def send_json(self, content: Any, status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert hashlib.sha256(body).hexdigest() == self.path.rsplit("/", 1)[-1]
        self.hub.uploads[self.path.rsplit("/", 1)[-1]] = body
        self.send_json({})

    def do_POST(self) -> None:
        path = unquote(self.path.partition("?")[0])
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.hub.requests.append(("POST", path, ""))
        if path == "/api/validate-yaml":
            self.send_json({"errors": [], "warnings": []})
        elif path == "/api/repos/create":
            self.create(json.loads(body))
        elif "/preupload/" in path:
            files = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(LFS_SUFFIXES) else "regular",
                    "shouldIgnore": False,
                }
                for file in json.loads(body)["files"]
            ]
            self.send_json({"files": files})
        elif path.endswith("/info/lfs/objects/batch"):
            objects = [
                {
                    **item,
                    "actions": {"upload": {"href": f"{self.hub.storage}/upload/{item['oid']}"}},
                }
                for item in json.loads(body)["objects"]
            ]
            self.send_json({"objects": objects, "transfer": "basic"})
        else:
            self.commit(self.api_repository(path.partition("/commit/")[0]), body)

    def create(self, request: dict[str, Any]) -> None:
        self.hub.created.append(request)
        name = f"{request['organization']}/{request['name']}"
        kind = request.get("type", "model")
        repository = name if kind == "model" else f"{kind}s/{name}"
        if self.hub.refuse_creation:
            self.send_json({"error": "not today"}, self.hub.refuse_creation)
            return
        status = 409 if repository in self.hub.files else 200
        self.hub.files.setdefault(repository, {".gitattributes": b""})
        self.send_json({"url": f"{self.hub.endpoint}/{repository}"}, status)

    def commit(self, repository: str, body: bytes) -> None:
        files = self.hub.files[repository]
        for line in body.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            if operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                files[value["path"]] = self.hub.uploads[value["oid"]]
            elif operation["key"] == "deletedFile":
                del files[value["path"]]
        self.send_json(
            {
                "success": True,
                "commitOid": COMMIT,
                "commitUrl": f"{self.hub.endpoint}/{repository}/commit/{COMMIT}",
            }
        )

    def refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_content(self, name: str, content: bytes, with_body: bool) -> None:
        start = int(self.headers.get("Range", "bytes=0-")[6:].split("-")[0])
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if not with_body:
            return
        if name in self.hub.tamper:
            content = content[:-1] + bytes([content[-1] ^ 1])
        if (halt := self.hub.halt_after.pop(name, 0)) > start:
            self.wfile.write(content[start:halt])
            self.hub.go_on.wait(60)
            start = halt
        limit = self.hub.drop_after.pop(name, None)
        self.wfile.write(content[start:limit])
        if limit is not None:
            self.close_connection = True

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextmanager
def serve() -> Iterator[Hub]:
    """A hub on a free port of this machine."""
    hub = Hub()
    handler = type("BoundHandler", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    hub.storage = f"http://localhost:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


def use(hub: Hub | None, cache: Path, patch: pytest.MonkeyPatch) -> None:
    """Point this process's huggingface_hub, which read its variables long ago, at a hub."""
    from huggingface_hub import constants

    endpoint = "http://127.0.0.1:9" if hub is None else hub.endpoint  # nobody listens at port 9
    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    patch.setattr(constants, "HF_HUB_CACHE", str(cache))
    patch.setattr(constants, "HF_HUB_OFFLINE", False)
    patch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # this hub is one without Xet
    patch.setattr(constants, "HF_TOKEN_PATH", str(cache / "no token"))
    patch.setattr(constants, "ENDPOINT", endpoint)
    patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    patch.setenv("NO_PROXY", "127.0.0.1,localhost")
