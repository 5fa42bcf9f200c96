"""Downloads that arrive whole or not at all, and archives that cannot write outside their folder."""

from __future__ import annotations

import hashlib
import http.client
import queue
import stat
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import requests
import urllib3

from harness.errors import InfrastructureError

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes expected."""

CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 5.0
"""For name look-up, connection, TLS and the head of the answer together: so soon is being offline found out."""
SILENCE_TIMEOUT_S = 15.0
"""The longest pause within a download."""
TOTAL_TIMEOUT_S = 900.0

LARGEST_BYTES = 1 << 30
"""Of an archive's member whose size nobody has published."""

_BLOCK_BYTES = 1 << 16


def no_progress(done_bytes: int, total_bytes: int) -> None:
    """For callers without a progress bar."""


class UnreachableError(InfrastructureError):
    """The server gave no document at all: no network, a time-out, a refusal."""


class RefusedError(UnreachableError):
    """The server answered, and not with the document (HTTP 401, 403, 404, 5xx)."""


def open_url(
    url: str, answer_timeout_s: float = ANSWER_TIMEOUT_S, silence_timeout_s: float = SILENCE_TIMEOUT_S
) -> requests.Response:
    """The answer to GET `url`, its body not yet read. Raises UnreachableError within `answer_timeout_s`.

    A thread of its own bounds the time, because no socket time-out covers a name look-up.
    """
    answers: queue.Queue[requests.Response | Exception] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(
                requests.get(url, stream=True, timeout=(min(CONNECT_TIMEOUT_S, answer_timeout_s), silence_timeout_s))
            )
        except (requests.RequestException, OSError, ValueError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=answer_timeout_s)
    except queue.Empty:
        raise UnreachableError(f"{url}: no answer within {answer_timeout_s:g} s") from None
    if isinstance(answer, Exception):
        raise UnreachableError(f"{url}: {_reason(answer)}") from answer
    if answer.status_code != requests.codes.ok:
        answer.close()
        raise RefusedError(f"{url}: HTTP {answer.status_code} {answer.reason}".rstrip())
    return answer


def download(
    url: str,
    to: Path,
    size_bytes: int,
    sha256: str,
    progress: Progress,
    answer_timeout_s: float = ANSWER_TIMEOUT_S,
    silence_timeout_s: float = SILENCE_TIMEOUT_S,
    total_timeout_s: float = TOTAL_TIMEOUT_S,
) -> None:
    """Write the document at `url` to `to`, streaming; `size_bytes` and `sha256` are those of the published file.

    Raises UnreachableError when no document comes, InfrastructureError when another one, or only a part, does;
    `to` may then hold a part: give a temporary path.
    """
    digest = hashlib.sha256()
    done_bytes = 0
    end_s = time.monotonic() + total_timeout_s
    with open_url(url, answer_timeout_s, silence_timeout_s) as answer, to.open("wb") as file:
        try:
            # read1: one socket read at a time, so that the total time-out holds against a trickle too.
            while block := answer.raw.read1(_BLOCK_BYTES, decode_content=True):
                done_bytes += len(block)
                if done_bytes > size_bytes:
                    raise InfrastructureError(f"{url} is another file: larger than the published {size_bytes} bytes")
                if time.monotonic() > end_s:
                    raise InfrastructureError(
                        f"{url}: {done_bytes} of {size_bytes} bytes came in {total_timeout_s:g} s; try again"
                    )
                file.write(block)
                digest.update(block)
                progress(done_bytes, size_bytes)
        except (urllib3.exceptions.HTTPError, http.client.HTTPException) as error:
            raise InfrastructureError(
                f"{url}: the download broke off after {done_bytes} of {size_bytes} bytes ({_reason(error)}); try again"
            ) from error
    if done_bytes < size_bytes:
        raise InfrastructureError(f"{url}: the download is truncated, {done_bytes} of {size_bytes} bytes; try again")
    if digest.hexdigest() != sha256:
        raise InfrastructureError(
            f"{url} is another file, or damaged: its checksum is {digest.hexdigest()[:12]}…, not {sha256[:12]}…"
        )


@dataclass(frozen=True)
class Member:
    """A file of an archive. `name`: what it is saved as; `size_bytes`: the published size, None where nobody has published it."""

    path: str
    name: str
    size_bytes: int | None


def unpack(archive: Path, source: str, members: Sequence[Member], to: Path) -> None:
    """Write `members` of a zip file into the folder `to`. `source` names the archive in messages.

    The whole archive is refused when any entry has an absolute path, a `..`, or is a link. Raises InfrastructureError.
    """
    try:
        with zipfile.ZipFile(archive) as zip_file:
            for entry in zip_file.infolist():
                _refuse_unsafe(entry, source)
            entries = {entry.filename: entry for entry in zip_file.infolist()}
            for member in members:
                if member.path not in entries:
                    raise InfrastructureError(f"{source} holds no {member.path}")
                _extract(zip_file, entries[member.path], source, member, to / member.name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InfrastructureError(f"{source} is no readable zip file: {error}") from error


def _extract(zip_file: zipfile.ZipFile, entry: zipfile.ZipInfo, source: str, member: Member, to: Path) -> None:
    """The size in the archive's directory may lie: what comes is counted, and never read to its end."""
    limit_bytes = LARGEST_BYTES if member.size_bytes is None else member.size_bytes
    bomb = InfrastructureError(
        f"{source}: {member.path} unpacks to more than the {'allowed' if member.size_bytes is None else 'published'} "
        f"{limit_bytes} bytes: refused"
    )
    if entry.file_size > limit_bytes:
        raise bomb
    done_bytes = 0
    try:
        with zip_file.open(entry) as content, to.open("wb") as file:
            while block := content.read(_BLOCK_BYTES):
                done_bytes += len(block)
                if done_bytes > limit_bytes:
                    raise bomb
                file.write(block)
    except BaseException:
        to.unlink(missing_ok=True)
        raise


def _refuse_unsafe(entry: zipfile.ZipInfo, source: str) -> None:
    # `orig_filename`: zipfile itself cuts names at a NUL and turns the other system's separators round.
    path = PurePosixPath(entry.orig_filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in entry.orig_filename or "\0" in entry.orig_filename:
        raise InfrastructureError(f"{source}: {entry.orig_filename!r} points outside its folder: refused")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise InfrastructureError(f"{source}: {entry.filename!r} is a link: refused")


def _reason(error: Exception) -> str:
    """The innermost cause, in a few words: libraries wrap it in four layers of `repr`."""
    if isinstance(error, requests.ConnectTimeout):
        return "connection timed out"
    if isinstance(error, requests.Timeout):
        return "timed out"
    text = str(error).lower()
    if "name" in text and ("resol" in text or "known" in text):
        return "host name not found (no network?)"
    for known in ("connection refused", "connection reset", "network is unreachable", "timed out", "certificate"):
        if known in text:
            return known
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused"
    return f"{type(error).__name__}: {str(error)[:120]}"
