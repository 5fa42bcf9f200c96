from __future__ import annotations

import hashlib
import io
import stat
import time
import zipfile
from pathlib import Path

import pytest

from harness.errors import ExitCode, InfrastructureError
from harness.resolve.download import LARGEST_BYTES, Member, UnreachableError, download, open_url, unpack
from tests.harness.resolve import servers

BODY = bytes(range(256)) * 1000


def fetch(url: str, to: Path, body: bytes = BODY, **limits: float) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []
    download(
        url, to, len(body), hashlib.sha256(body).hexdigest(), lambda done, total: seen.append((done, total)), **limits
    )
    return seen


def test_download_writes_the_document_and_reports_its_bytes(tmp_path: Path) -> None:
    with servers.serve(servers.give(BODY)) as url:
        seen = fetch(url, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


def test_truncated(tmp_path: Path) -> None:
    with (
        servers.serve(servers.truncate(BODY, 70_000)) as url,
        pytest.raises(InfrastructureError, match=r"70000 of 256000 bytes") as caught,
    ):
        fetch(url, tmp_path / "file")
    assert not isinstance(caught.value, UnreachableError)
    assert caught.value.exit_code == ExitCode.INFRASTRUCTURE


def test_wrong_checksum(tmp_path: Path) -> None:
    other = BODY[:-1] + b"x"
    with servers.serve(servers.give(other)) as url, pytest.raises(InfrastructureError, match="checksum"):
        fetch(url, tmp_path / "file")


def test_larger_than_published_stops_early(tmp_path: Path) -> None:
    with (
        servers.serve(servers.give(BODY * 20)) as url,
        pytest.raises(InfrastructureError, match="larger than the published"),
    ):
        fetch(url, tmp_path / "file")
    assert (tmp_path / "file").stat().st_size <= len(BODY)


@pytest.mark.parametrize("status", [403, 404, 500])
def test_refused(tmp_path: Path, status: int) -> None:
    with servers.serve(servers.refuse(status)) as url, pytest.raises(UnreachableError, match=f"HTTP {status}"):
        fetch(url, tmp_path / "file")


def test_connection_reset_before_and_within_the_body(tmp_path: Path) -> None:
    with servers.serve(servers.reset(BODY, 0)) as url, pytest.raises(UnreachableError, match="connection reset"):
        fetch(url, tmp_path / "file")
    with (
        servers.serve(servers.reset(BODY, 1000)) as url,
        pytest.raises(InfrastructureError, match="broke off") as caught,
    ):
        fetch(url, tmp_path / "file")
    assert not isinstance(caught.value, UnreachableError)


def test_nobody_listens() -> None:
    with pytest.raises(UnreachableError, match="connection refused"):
        open_url(f"http://127.0.0.1:{servers.closed_port()}/")


def test_host_name_unknown() -> None:
    with pytest.raises(UnreachableError, match="host name not found"):
        open_url("http://host.invalid/")


def test_hang_before_the_answer_ends_in_time() -> None:
    with servers.serve(servers.hang(None, 1.5)) as url:
        start_s = time.monotonic()
        with pytest.raises(UnreachableError, match=r"no answer within 0\.3 s"):
            open_url(url, answer_timeout_s=0.3)
        assert time.monotonic() - start_s < 1


def test_hang_within_the_body(tmp_path: Path) -> None:
    with (
        servers.serve(servers.hang(BODY[:500], 1.5)) as url,
        pytest.raises(InfrastructureError, match=r"broke off after 500 of 256000 bytes"),
    ):
        fetch(url, tmp_path / "file", silence_timeout_s=0.3)


def test_trickle_ends_at_the_total_time_out(tmp_path: Path) -> None:
    with (
        servers.serve(servers.trickle(BODY[:300], 0.01)) as url,
        pytest.raises(InfrastructureError, match=r"came in 0\.3 s"),
    ):
        fetch(url, tmp_path / "file", BODY[:300], total_timeout_s=0.3)


def archive(path: Path, *entries: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zip_file:
        for entry, content in entries:
            zip_file.writestr(entry, content)
    return path


GOOD = ("SST-2/train.tsv", b"sentence\tlabel\n")


def refused(
    tmp_path: Path, match: str, *entries: tuple[zipfile.ZipInfo | str, bytes], member: str = "SST-2/train.tsv"
) -> None:
    """Unpacking into `out` fails with `match`, and nothing lies outside `out`."""
    out = tmp_path / "deep" / "out"
    out.mkdir(parents=True)
    path = archive(tmp_path / "a.zip", *entries)
    with pytest.raises(InfrastructureError, match=match):
        unpack(path, "the archive", [Member(member, "train.tsv", 100)], out)
    assert sorted(file.name for file in tmp_path.rglob("*") if file.is_file()) == ["a.zip"]


def test_unpack_takes_the_named_members_alone(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", GOOD, ("SST-2/test.tsv", b"more"), ("SST-2/original/README", b"text"))
    out = tmp_path / "out"
    out.mkdir()
    unpack(path, "the archive", [Member("SST-2/train.tsv", "train.tsv", 100)], out)
    assert {file.name: file.read_bytes() for file in out.iterdir()} == {"train.tsv": GOOD[1]}


@pytest.mark.parametrize("name", ["../evil", "SST-2/../../evil", "/tmp/evil", "..\\evil", "C:\\evil", "C:evil"])
def test_path_traversal(tmp_path: Path, name: str) -> None:
    refused(tmp_path, "points outside", GOOD, (name, b"evil"))


def test_link(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("SST-2/train.tsv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    refused(tmp_path, "is a link", (link, b"/etc/passwd"))


def test_bomb_by_its_own_word(tmp_path: Path) -> None:
    refused(tmp_path, "unpacks to more", ("SST-2/train.tsv", bytes(50_000_000)))


def test_a_member_may_get_another_name_and_have_no_published_size(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("snli_1.0/snli_1.0_train.txt", b"text" * 100))
    unpack(path, "the archive", [Member("snli_1.0/snli_1.0_train.txt", "train.tsv", None)], tmp_path)
    assert (tmp_path / "train.tsv").read_bytes() == b"text" * 100


def test_bomb_without_a_published_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert LARGEST_BYTES >= 500_000_000, "MNLI's and SNLI's training files have about 400 MB"
    monkeypatch.setattr("harness.resolve.download.LARGEST_BYTES", 1000)
    path = archive(tmp_path / "a.zip", ("SST-2/train.tsv", bytes(5000)))
    with pytest.raises(InfrastructureError, match="more than the allowed 1000 bytes"):
        unpack(path, "the archive", [Member("SST-2/train.tsv", "train.tsv", None)], tmp_path)


def test_bomb_that_lies_about_its_size(tmp_path: Path) -> None:
    """Both size fields say 50 bytes, the stream holds 5 MB."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as zip_file:
        zip_file.writestr("SST-2/train.tsv", bytes(5_000_000))
    lying = content.getvalue().replace((5_000_000).to_bytes(4, "little"), (50).to_bytes(4, "little"))
    (tmp_path / "a.zip").write_bytes(lying)
    with pytest.raises(InfrastructureError, match=r"no readable zip file|more than the published"):
        unpack(tmp_path / "a.zip", "the archive", [Member("SST-2/train.tsv", "train.tsv", 100)], tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["a.zip"]


def test_member_missing(tmp_path: Path) -> None:
    refused(tmp_path, "holds no SST-2/dev.tsv", GOOD, member="SST-2/dev.tsv")


def test_no_zip_file(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"<html>proxy login</html>")
    with pytest.raises(InfrastructureError, match="no readable zip file"):
        unpack(tmp_path / "a.zip", "the archive", [Member("SST-2/train.tsv", "train.tsv", 100)], tmp_path)
