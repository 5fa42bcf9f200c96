"""Loopback servers that answer as real ones do on a bad day."""

from __future__ import annotations

import contextlib
import http.server
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

Handler = http.server.BaseHTTPRequestHandler
Answer = Callable[[Handler], None]


@contextlib.contextmanager
def serve(answer: Answer) -> Iterator[str]:
    """A web server on the loopback that answers every GET by `answer(handler)`; yields its address."""

    class Requests(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(ConnectionError):
                answer(self)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def give(body: bytes) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def truncate(body: bytes, at: int) -> Answer:
    """Announces all of `body`, sends `at` bytes, and closes in good order."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:at])
        handler.close_connection = True

    return answer


def reset(body: bytes, at: int) -> Answer:
    """Sends `at` bytes, then a TCP reset."""

    def answer(handler: Handler) -> None:
        if at:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body[:at])
            handler.wfile.flush()
            time.sleep(0.1)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.shutdown(socket.SHUT_RD)
        handler.connection.close()

    return answer


def refuse(status: int) -> Answer:
    return lambda handler: handler.send_error(status)


def trickle(body: bytes, pause_s: float) -> Answer:
    """One byte at a time."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        for index in range(len(body)):
            handler.wfile.write(body[index : index + 1])
            handler.wfile.flush()
            time.sleep(pause_s)

    return answer


def hang(after: bytes | None, seconds: float) -> Answer:
    """Silent for `seconds`: before the answer (`after` None), or after a first part of the body."""

    def answer(handler: Handler) -> None:
        if after is not None:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(after) + 1))
            handler.end_headers()
            handler.wfile.write(after)
            handler.wfile.flush()
        time.sleep(seconds)

    return answer


def closed_port() -> int:
    """A port of the loopback on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def by_name(bodies: dict[str, bytes]) -> Answer:
    """Each body under its own name, HTTP 404 for every other."""

    def answer(handler: Handler) -> None:
        name = handler.path.rpartition("/")[2]
        if name in bodies:
            give(bodies[name])(handler)
        else:
            handler.send_error(404)

    return answer
