from __future__ import annotations

import hashlib
import io
import os
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ExitCode, InfrastructureError, UsageError
from harness.resolve.data import cached_folder, resolve_data
from harness.tasks import Archive, PublishedFile, Task, find_task
from tests.harness.resolve import servers

FILES = {
    "train.tsv": b"sentence\tlabel\ngood\t1\nbad\t0\n",
    "dev.tsv": b"sentence\tlabel\nnot bad\t1\n",
}


def zipped(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as zip_file:
        for name, body in files.items():
            zip_file.writestr(f"SST-2/{name}", body)
    return content.getvalue()


ARCHIVE = zipped(FILES)


def task_with(archive: bytes = ARCHIVE) -> Task:
    """SST-2 as the table has it, its published files being FILES and its published archive `archive`."""
    return replace(
        find_task("SST-2"),
        files={name: PublishedFile(1, len(body), hashlib.sha256(body).hexdigest()) for name, body in FILES.items()},
        archive=Archive("https://host.invalid/SST-2.zip", len(archive), hashlib.sha256(archive).hexdigest()),
    )


def write(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    folder.mkdir(parents=True)
    for name, body in files.items():
        (folder / name).write_bytes(body)
    return folder


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYBENCH_GLUE_URL", f"http://127.0.0.1:{servers.closed_port()}/SST-2.zip")


def test_data_root_holds_the_task_or_is_its_folder(tmp_path: Path) -> None:
    folder = write(tmp_path / "glue" / "SST-2")
    for root in (tmp_path / "glue", folder):
        choice = resolve_data(task_with(), root, tmp_path / "cache", strict=True)
        assert (choice.kind, choice.name, choice.origin, choice.path, choice.verified) == (
            "directory",
            "SST-2",
            "DATA_ROOT",
            folder,
            True,
        )
        assert choice.files["dev.tsv"].sha256 == hashlib.sha256(FILES["dev.tsv"]).hexdigest()
        assert not choice.resolution.fallback


def test_the_real_glue_folder_is_verified(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[4] / "shared" / "glue"
    if not root.is_dir():
        pytest.skip("no GLUE copy beside the repository")
    assert resolve_data(find_task("SST-2"), root, tmp_path, strict=True).verified


def test_data_root_with_other_files_is_used_and_said_so(tmp_path: Path) -> None:
    write(tmp_path / "SST-2", FILES | {"dev.tsv": b"sentence\tlabel\nmine\t1\n"})
    choice = resolve_data(task_with(), tmp_path, tmp_path / "cache", strict=True)
    assert not choice.verified
    assert "not the published dev.tsv" in choice.resolution.reason


def test_content_hash_knows_contents_and_not_places(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one" / "SST-2"), write(tmp_path / "two" / "SST-2")
    first = resolve_data(task_with(), one, tmp_path / "cache", strict=True)
    assert resolve_data(task_with(), two, tmp_path / "cache", strict=True).content_hash == first.content_hash
    (two / "dev.tsv").write_bytes(FILES["dev.tsv"] + b"x\t0\n")
    assert resolve_data(task_with(), two, tmp_path / "cache", strict=True).content_hash != first.content_hash


@pytest.mark.parametrize("strict", [False, True])
def test_a_broken_data_root_never_falls_through(tmp_path: Path, strict: bool) -> None:
    write(cached_folder(task_with(), tmp_path / "cache"))
    half = write(tmp_path / "half" / "SST-2", {"train.tsv": FILES["train.tsv"]})
    empty = write(tmp_path / "empty" / "SST-2", FILES | {"dev.tsv": b""})
    for root, match in (
        (tmp_path / "absent", "no folder"),
        (half.parent, r"dev\.tsv missing"),
        (empty.parent, "is empty"),
    ):
        with pytest.raises(UsageError, match=match) as caught:
            resolve_data(task_with(), root, tmp_path / "cache", strict)
        assert caught.value.exit_code == ExitCode.BAD_INPUT


def test_unreadable_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "SST-2", {"train.tsv": FILES["train.tsv"]})
    (folder / "dev.tsv").symlink_to("dev.tsv")
    with pytest.raises(UsageError, match=r"dev\.tsv"):
        resolve_data(task_with(), tmp_path, tmp_path / "cache", strict=False)


def test_offline_gives_the_sample_and_strict_forbids_it(tmp_path: Path) -> None:
    choice = resolve_data(task_with(), None, tmp_path, strict=False)
    assert (choice.kind, choice.name, choice.path, choice.verified) == ("sample", "embedded sample", None, False)
    assert choice.resolution.fallback
    assert "connection refused" in choice.resolution.reason
    assert "SST-2" not in choice.resolution.choice
    with pytest.raises(UsageError, match="STRICT=1"):
        resolve_data(task_with(), None, tmp_path, strict=True)


def test_download_then_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.serve(servers.give(ARCHIVE)) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        first = resolve_data(task_with(), None, tmp_path, strict=True)
    assert (first.kind, first.verified, first.origin) == ("download", True, url)
    second = resolve_data(task_with(), None, tmp_path, strict=True)
    assert (second.kind, second.path, second.content_hash) == ("cache", first.path, first.content_hash)
    assert sorted(path.name for path in (tmp_path / "glue").iterdir() if path.is_dir()) == ["SST-2"]


def test_a_damaged_cache_is_repaired_by_a_download_and_named_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(cached_folder(task_with(), tmp_path), FILES | {"train.tsv": b"half"})
    choice = resolve_data(task_with(), None, tmp_path, strict=False)
    assert choice.kind == "sample"
    assert "a damaged copy (train.tsv)" in choice.resolution.reason
    with servers.serve(servers.give(ARCHIVE)) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        assert resolve_data(task_with(), None, tmp_path, strict=True).path == folder
    assert (folder / "train.tsv").read_bytes() == FILES["train.tsv"]


WRONG = zipped(FILES | {"dev.tsv": b"sentence\tlabel\nnot sad\t1\n"})


@pytest.mark.parametrize(
    ("answer", "task", "match"),
    [
        (servers.truncate(ARCHIVE, 50), task_with(), "truncated|broke off"),
        (servers.give(ARCHIVE[:-1] + b"x"), task_with(), "checksum"),
        (servers.give(WRONG), task_with(WRONG), r"a damaged copy \(dev\.tsv\)"),
        (servers.reset(ARCHIVE, 50), task_with(), "broke off"),
    ],
    ids=["truncated", "archive checksum", "member checksum", "reset"],
)
def test_a_broken_download_is_one_message_and_leaves_the_cache_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: servers.Answer, task: Task, match: str
) -> None:
    folder = write(cached_folder(task, tmp_path), {"train.tsv": FILES["train.tsv"]})
    with servers.serve(answer) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        with pytest.raises(InfrastructureError, match=match) as caught:
            resolve_data(task, None, tmp_path, strict=False)
    assert "\n" not in caught.value.message
    assert [path.name for path in (tmp_path / "glue").iterdir() if path.is_dir()] == ["SST-2"]
    assert [path.name for path in folder.iterdir()] == ["train.tsv"]


def test_a_refusing_server_gives_the_sample_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.serve(servers.refuse(403)) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        assert "HTTP 403" in resolve_data(task_with(), None, tmp_path, strict=False).resolution.reason


def test_two_at_once_download_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[str] = []

    def answer(handler: servers.Handler) -> None:
        served.append(handler.path)
        servers.give(ARCHIVE)(handler)

    paths: list[Path | None] = []
    with servers.serve(answer) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        threads = [
            threading.Thread(target=lambda: paths.append(resolve_data(task_with(), None, tmp_path, strict=True).path))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert paths == [cached_folder(task_with(), tmp_path)] * 4
    assert len(served) == 1


def test_an_unwritable_cache_is_an_infrastructure_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(InfrastructureError, match="TINYBENCH_CACHE"):
        resolve_data(task_with(), None, tmp_path / "cache", strict=False)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_disk_is_an_infrastructure_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The archive's temporary file is a link to /dev/full, which answers every write as a full disk does."""
    from harness.resolve import data

    def download_to_full_disk(url: str, to: Path, *rest: object) -> None:
        to.symlink_to("/dev/full")
        real(url, to, *rest)  # type: ignore[arg-type]

    real = data.download
    monkeypatch.setattr(data, "download", download_to_full_disk)
    with servers.serve(servers.give(ARCHIVE)) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        with pytest.raises(InfrastructureError, match="No space left on device"):
            resolve_data(task_with(), None, tmp_path, strict=False)
    assert not cached_folder(task_with(), tmp_path).exists()
