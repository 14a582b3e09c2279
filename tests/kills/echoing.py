"""A server on this machine that answers GET and POST with what a test hands it, and knows everything that it was sent."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

__all__ = ["Reply", "Sent", "serving"]


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it came."""

    path: str
    params: Mapping[str, str]
    payload: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered; ``padding`` spaces follow the body."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    padding: int = 0


@contextmanager
def serving(answer: Callable[[Sent], Reply]) -> Iterator[str]:
    """Serve; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._reply("")

        def do_POST(self) -> None:
            self._reply(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _reply(self, payload: str) -> None:
            parts = urlsplit(self.path)
            params = dict(parse_qsl(parts.query, keep_blank_values=True))
            reply = answer(Sent(parts.path, params, payload, dict(self.headers.items())))
            try:
                self._write(reply)
            except OSError:
                self.close_connection = True  # the client went away

        def _write(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body) + reply.padding))
            self.end_headers()
            self.wfile.write(reply.body)
            for _ in range(0, reply.padding, 1 << 20):
                self.wfile.write(b" " * (1 << 20))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the name of the base class)
            """Stay silent."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def server_bind(self) -> None:
            socketserver.TCPServer.server_bind(self)
            self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(2)
