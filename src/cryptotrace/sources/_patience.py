"""A bound on how long headers may take: a server that drips a byte now and then must not hold a pull for ever."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

__all__ = ["PatientAdapter"]


class PatientAdapter(HTTPAdapter):
    """Closes a connection whose headers are not whole in time; the request then fails as a lost connection does.

    Parameters
    ----------
    seconds : float
        From the end of the request to the end of the headers.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make pools whose connections watch the clock."""
        super().init_poolmanager(*args, **kwargs)
        seconds = self._seconds

        class Plain(HTTPConnection):
            def getresponse(self) -> Any:
                with _closed_after(seconds, self):
                    return super().getresponse()

        class Tls(HTTPSConnection):
            def getresponse(self) -> Any:
                with _closed_after(seconds, self):
                    return super().getresponse()

        plain = type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": Plain})
        tls = type("TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": Tls})
        self.poolmanager.pool_classes_by_scheme = {"http": plain, "https": tls}


@contextmanager
def _closed_after(seconds: float, connection: HTTPConnection) -> Iterator[None]:
    timer = threading.Timer(seconds, _shut, (connection.sock,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut(sock: Any) -> None:
    """End both directions: whoever reads is told at once that nothing will come."""
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
