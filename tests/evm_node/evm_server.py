"""The node on 127.0.0.1: JSON-RPC over HTTP, single requests and batches."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from evm_rpc import EvmRpc, RpcError

_BAD_REQUEST = -32600


class EvmNode:
    """Serves an :class:`EvmRpc` on a free port until it is closed; answers one request at a time.

    Parameters
    ----------
    rpc : EvmRpc
        ``rpc.limits`` can be changed, and ``rpc.asked`` read, while the node runs.
    """

    def __init__(self, rpc: EvmRpc) -> None:
        self.rpc = rpc
        self.defects: list[BaseException] = []
        self._turn = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.node = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving; raises what went wrong inside the node, which its client only saw as a broken connection."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(1)
        if self.defects:
            raise self.defects[0]

    def reply(self, request: Any) -> Any:
        """The answer to a parsed request or batch."""
        if isinstance(request, list):
            return [self.reply(one) for one in request]
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": request.get("id") if isinstance(request, dict) else None}
        if answer["id"] is None or not isinstance(request.get("method"), str):
            return answer | {"error": {"code": _BAD_REQUEST, "message": "invalid request"}}
        try:
            with self._turn:
                return answer | {"result": self.rpc.answer(request["method"], request.get("params") or [])}
        except RpcError as error:
            shown = {"code": error.code, "message": error.message}
            return answer | {"error": shown if error.data is None else {**shown, "data": error.data}}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    node: EvmNode


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave together: else each answer on a kept connection waits for a delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        node = self.server.node
        try:
            request = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
            body = json.dumps(node.reply(request)).encode()
        except BaseException as error:
            node.defects.append(error)
            raise
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""
