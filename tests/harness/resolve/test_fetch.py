"""Filling the cache: several downloads, files made from them, a mirror, and everything that can go wrong with a disk."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from harness.errors import InfrastructureError
from harness.resolve.data import resolve_data
from harness.resolve.download import UnreachableError, no_progress
from harness.resolve.fetch import CHECKSUMS, address, cached_folder, damage, fetch
from harness.tasks import find_task
from tests.harness.resolve import servers
from tests.harness.resolve.published import ARCHIVE, task_with, with_downloads, zipped

MRPC_HEADER = "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n"
MRPC = {
    "msr_paraphrase_train.txt": (MRPC_HEADER + "1\t11\t12\tSo .\tSo so .\n0\t21\t22\tOne .\tTwo .\n").encode(),
    "msr_paraphrase_test.txt": (MRPC_HEADER + "1\t31\t32\tThree .\t3 .\n").encode(),
    "mrpc_dev_ids.tsv": b"21\t22\n",
}
SNLI_HEADER = (
    "gold_label\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\tsentence1\tsentence2\t"
    "captionID\tpairID\tlabel1\n"
)
SNLI_ROWS = "neutral\t\t\t\t\tA dog.\tA cat.\tc\tc#1\tneutral\n-\t\t\t\t\tA dog.\tA cat.\tc\tc#2\tneutral\n"


def test_a_mirror_holds_the_downloads_under_their_own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    (zip_file,) = find_task("QNLI").published.downloads
    monkeypatch.delenv("TINYBENCH_GLUE_URL", raising=False)
    assert address(zip_file) == "https://dl.fbaipublicfiles.com/glue/data/QNLIv2.zip"
    for mirror in ("http://mirror.invalid/glue", "http://mirror.invalid/glue/"):
        monkeypatch.setenv("TINYBENCH_GLUE_URL", mirror)
        assert address(zip_file) == "http://mirror.invalid/glue/QNLIv2.zip"


def test_mrpc_is_made_from_three_downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = with_downloads(find_task("MRPC"), MRPC)
    seen: list[tuple[int, int]] = []
    with servers.serve(servers.by_name(MRPC)) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        choice = resolve_data(task, None, tmp_path, strict=True, progress=lambda *done: seen.append(done))
    assert choice.verified and choice.path is not None
    assert {path.name for path in choice.path.iterdir()} == {"train.tsv", "dev.tsv", "test.tsv", CHECKSUMS}
    assert (choice.path / "train.tsv").read_text(encoding="utf-8") == MRPC_HEADER + "1\t11\t12\tSo .\tSo so .\n"
    assert (choice.path / "dev.tsv").read_text(encoding="utf-8") == MRPC_HEADER + "0\t21\t22\tOne .\tTwo .\n"
    assert {total for _, total in seen} == {len(body) for body in MRPC.values()}
    again = resolve_data(task, None, tmp_path, strict=True)
    assert (again.kind, again.verified) == ("cache", True)


def test_one_download_of_several_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = with_downloads(find_task("MRPC"), MRPC)
    without_ids = {name: body for name, body in MRPC.items() if name != "mrpc_dev_ids.tsv"}
    with servers.serve(servers.by_name(without_ids)) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        with pytest.raises(UnreachableError, match=r"mrpc_dev_ids\.tsv: HTTP 404"):
            fetch(task.published, tmp_path, no_progress)
    with servers.serve(servers.by_name(MRPC | {"mrpc_dev_ids.tsv": b"21\t23\n"})) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        with pytest.raises(InfrastructureError, match="checksum"):
            fetch(task.published, tmp_path, no_progress)
    assert not any(path.is_dir() for path in (tmp_path / "glue").iterdir())


def test_snli_comes_from_stanford_and_gets_glues_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (SNLI_HEADER + SNLI_ROWS).encode()
    archive = zipped({"train.tsv": rows, "dev.tsv": rows, "test.tsv": rows}, "snli_1.0/snli_1.0_*.txt")
    task = with_downloads(find_task("SNLI"), {"snli_1.0.zip": archive})
    with servers.serve(servers.by_name({"snli_1.0.zip": archive})) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        choice = resolve_data(task, None, tmp_path, strict=True)
    assert choice.path is not None
    header, first, second = (choice.path / "train.tsv").read_text().splitlines()
    assert header.split("\t")[7:9] == ["sentence1", "sentence2"]
    assert (first.split("\t")[-1], second.split("\t")[-1]) == ("neutral", "-")


def test_what_was_unpacked_is_remembered_by_its_checksums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = task_with(ARCHIVE, "bytes")
    with servers.serve(servers.give(ARCHIVE)) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        fetch(task.published, tmp_path, no_progress)
    folder = cached_folder(task.published, tmp_path)
    assert set(json.loads((folder / CHECKSUMS).read_text())) == set(task.published.files)
    assert damage(task.published, folder, tmp_path) is None


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
    assert paths == [cached_folder(task_with().published, tmp_path)] * 4
    assert served == ["/SST-2.zip"]


def test_an_unwritable_cache_is_an_infrastructure_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYBENCH_GLUE_URL", f"http://127.0.0.1:{servers.closed_port()}")
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(InfrastructureError, match="TINYBENCH_CACHE"):
        fetch(task_with().published, tmp_path / "cache", no_progress)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_disk_is_an_infrastructure_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The download's temporary file is a link to /dev/full, which answers every write as a full disk does."""
    from harness.resolve import fetch as module

    def download_to_full_disk(url: str, to: Path, *rest: object) -> None:
        to.symlink_to("/dev/full")
        real(url, to, *rest)  # type: ignore[arg-type]

    real = module.download
    monkeypatch.setattr(module, "download", download_to_full_disk)
    with servers.serve(servers.give(ARCHIVE)) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        with pytest.raises(InfrastructureError, match="No space left on device"):
            fetch(task_with().published, tmp_path, no_progress)
    assert not cached_folder(task_with().published, tmp_path).exists()
