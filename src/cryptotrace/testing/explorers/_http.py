"""HTTP on 127.0.0.1 for answers that can also fail on the wire."""

from __future__ import annotations

import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptotrace.testing.explorers._replies import Answer, html

_CHUNK = 64 * 1024
_MOST_PARAMETERS = 100
_LONGEST_POST = 1 << 20


class LoopbackServer:
    """Serves answers on a free port until it is closed.

    Parameters
    ----------
    answer : callable
        Takes parameters and ``path=``.
    report : callable
        Takes an exception that is a defect of the fake.
    clock : callable
        Returns POSIX seconds, for the ``Date`` header.
    sleep : callable or None
        Waits so many seconds while an answer is held back.
    hold_seconds : float
        For how long, where the answer does not say.
    posts : bool
        Whether POST is served; then ``answer`` also takes ``payload=``.
    key_header : str
        A header that is handed on to ``answer`` as ``key=``; empty for none.
    """

    def __init__(
        self,
        answer: Callable[..., Answer],
        report: Callable[[BaseException], object],
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], object] | None,
        hold_seconds: float,
        posts: bool = False,
        key_header: str = "",
    ) -> None:
        self._closing = threading.Event()
        self._server = _Server(answer, report, clock=clock, sleep=sleep or self._closing.wait, hold_seconds=hold_seconds)
        self._server.posts = posts
        self._server.key_header = key_header
        self.root = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, wake every answer that is held back, and drop every connection."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.drop_connections()
        self._thread.join(1)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    posts = False
    key_header = ""

    def __init__(
        self,
        answer: Callable[..., Answer],
        report: Callable[[BaseException], object],
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], object],
        hold_seconds: float,
    ) -> None:
        self.answer = answer
        self.report = report
        self.clock = clock
        self.sleep = sleep
        self.hold_seconds = hold_seconds
        self.to_reset: set[Any] = set()
        self._open: set[Any] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        # HTTPServer would ask the name service for the name of 127.0.0.1, which can take seconds
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
            reset = request in self.to_reset
            self.to_reset.discard(request)
        if reset:
            self.close_request(request)  # without the FIN that would make it a normal end
        else:
            super().shutdown_request(request)

    def drop_connections(self) -> None:
        with self._lock:
            still_open = tuple(self._open)
        for request in still_open:
            try:
                request.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # its own thread was faster

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  (the signature is given)
        error = sys.exc_info()[1]
        # a client that went away is no defect
        if error is not None and not isinstance(error, OSError):
            self.report(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "fake-explorer"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        size = self.headers.get("Content-Length", "")
        if not self.server.posts or not size.isdecimal() or int(size) > _LONGEST_POST:
            self._send(html(501))
            return
        self._answer(payload=self.rfile.read(int(size)).decode(errors="replace"))

    def _answer(self, **posted: str) -> None:
        parts = urlsplit(self.path)
        try:
            pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
        except ValueError:
            self._send(html(400))
            return
        params: dict[str, str] = {}
        for name, value in pairs:
            # a parameter that is given twice is refused as one that is unknown
            params[f"{name} (again)" if name in params else name] = value
        if self.server.key_header:
            posted["key"] = self.headers.get(self.server.key_header, "")
        self._send(self.server.answer(params, path=parts.path, **posted))

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the time of the explorer's clock, so that a client can compare it with its own."""
        return super().date_time_string(int(self.server.clock()) if timestamp is None else int(timestamp))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the signature is given)
        """Stay silent: requests stand in the explorer's log."""

    def _send(self, answer: Answer) -> None:
        seconds = self.server.hold_seconds if answer.seconds is None else answer.seconds
        if answer.wire == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.server.to_reset.add(self.request)
            self.close_connection = True
        elif answer.wire == "hold":
            self.server.sleep(seconds)
            self.close_connection = True
        else:
            self._write(answer, seconds)

    def _write(self, answer: Answer, seconds: float) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.wire == "unannounced":
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(answer.body) + answer.padding))
        self.end_headers()
        half = answer.wire in ("half", "cut")
        self.wfile.write(answer.body[: len(answer.body) // 2] if half else answer.body)
        left = 0 if half else answer.padding
        while left > 0:
            self.wfile.write(b" " * min(left, _CHUNK))
            left -= _CHUNK
        self.wfile.flush()
        if half:
            if answer.wire == "half":
                self.server.sleep(seconds)
            self.close_connection = True
