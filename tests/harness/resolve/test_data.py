from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ExitCode, InfrastructureError, UsageError
from harness.resolve.data import DataChoice, resolve_data
from harness.resolve.fetch import CHECKSUMS, cached_folder
from harness.tasks import Task, find_task, load_tasks
from tests.harness.glue import labelled, unlabelled, write_task
from tests.harness.resolve import servers
from tests.harness.resolve.published import (
    ARCHIVE,
    FILES,
    REQUIRED,
    sha256,
    task_with,
    with_diagnostic,
    with_downloads,
    zipped,
)


def write(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    folder.mkdir(parents=True)
    for name, body in files.items():
        (folder / name).write_bytes(body)
    return folder


def content(choice: DataChoice) -> str:
    assert choice.own is not None
    return choice.own.content_hash


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYBENCH_GLUE_URL", f"http://127.0.0.1:{servers.closed_port()}")


def test_data_root_holds_the_task_or_is_its_folder(tmp_path: Path) -> None:
    folder = write(tmp_path / "glue" / "SST-2")
    for root in (tmp_path / "glue", folder):
        choice = resolve_data(task_with(), root, tmp_path / "cache", strict=True)
        found = (choice.kind, choice.name, choice.origin, choice.path, choice.verified)
        assert found == ("directory", "SST-2", "DATA_ROOT", folder, True)
        assert choice.own is not None and choice.own.files["dev.tsv"].sha256 == sha256(FILES["dev.tsv"])
        assert not choice.resolution.fallback and choice.resolution.reason == "DATA_ROOT; checksums as published"


def test_the_real_glue_folder_is_verified(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[4] / "shared" / "glue"
    if not root.is_dir():
        pytest.skip("no GLUE copy beside the repository")
    assert resolve_data(find_task("SST-2"), root, tmp_path, strict=True).verified


def test_data_root_with_other_files_is_used_and_said_so(tmp_path: Path) -> None:
    write(tmp_path / "SST-2", FILES | {"dev.tsv": b"sentence\tlabel\nmine\t1\nyours\t0\n"})
    choice = resolve_data(task_with(), tmp_path, tmp_path / "cache", strict=True)
    assert not choice.verified
    assert choice.resolution.reason == (
        "DATA_ROOT; not the published dev.tsv: numbers do not compare with published ones; "
        "dev.tsv has 2 rows, the published one 1"
    )


def test_another_test_file_leaves_the_numbers_comparable(tmp_path: Path) -> None:
    write(tmp_path / "SST-2", FILES | {"test.tsv": b"index\tsentence\n"})
    choice = resolve_data(task_with(), tmp_path, tmp_path / "cache", strict=True)
    assert choice.verified and choice.resolution.reason == "DATA_ROOT; not the published test.tsv"


def test_where_no_checksum_is_published_nothing_is_called_wrong(tmp_path: Path) -> None:
    write(tmp_path / "SST-2", REQUIRED)
    choice = resolve_data(task_with(ARCHIVE, "bytes"), tmp_path, tmp_path / "cache", strict=True)
    assert choice.own is not None and set(choice.own.standings.values()) == {"none published"}
    assert not choice.verified
    assert choice.resolution.reason == (
        "DATA_ROOT; train.tsv, dev.tsv not verified: no checksum is published; no submission of test.tsv, which is not there"
    )


def test_an_md5_is_enough_to_know_a_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "SST-2")
    assert resolve_data(task_with(ARCHIVE, "md5"), tmp_path, tmp_path / "cache", strict=True).verified
    (folder / "train.tsv").write_bytes(FILES["train.tsv"].replace(b"good", b"evil"))
    choice = resolve_data(task_with(ARCHIVE, "md5"), tmp_path, tmp_path / "cache", strict=True)
    assert not choice.verified and "not the published train.tsv" in choice.resolution.reason


@pytest.mark.parametrize("name", load_tasks())
def test_every_task_is_found_with_its_tests_and_without(tmp_path: Path, name: str) -> None:
    task = find_task(name)
    write_task(tmp_path / "all", name, with_tests=True)
    write_task(tmp_path / "few", name)
    whole = resolve_data(task, tmp_path / "all", tmp_path / "cache", strict=True)
    few = resolve_data(task, tmp_path / "few", tmp_path / "cache", strict=True)
    assert whole.own is not None and set(whole.own.files) == set(task.published.files)
    assert few.own is not None and set(few.own.files) == set(task.required_files)
    assert ("no submission of" in few.resolution.reason) == bool(task.raw["test"])
    assert "no submission of" not in whole.resolution.reason
    assert (content(whole) == content(few)) == (not task.published.optional)
    assert "train.tsv has 40 rows, the published one" in whole.resolution.reason


def test_the_diagnostic_set_lies_beside_mnli(tmp_path: Path) -> None:
    folder = write_task(tmp_path, "MNLI", with_tests=True)
    for root in (tmp_path, folder):
        choice = resolve_data(find_task("MNLI"), root, tmp_path / "cache", strict=True)
        assert choice.diagnostic is not None and choice.diagnostic.path == tmp_path / "diagnostic"
        assert "diagnostic.tsv" not in (choice.own.files if choice.own else {})
    among = tmp_path / "MNLI" / "diagnostic.tsv"
    among.write_bytes((tmp_path / "diagnostic" / "diagnostic.tsv").read_bytes())
    found = resolve_data(find_task("MNLI"), tmp_path, tmp_path / "cache", strict=False).diagnostic
    assert found is not None and found.path == tmp_path / "MNLI" and set(found.files) == {"diagnostic.tsv"}
    among.unlink()
    (tmp_path / "diagnostic" / "diagnostic.tsv").unlink()
    choice = resolve_data(find_task("MNLI"), tmp_path, tmp_path / "cache", strict=True)
    assert choice.diagnostic is None and "no submission of diagnostic.tsv" in choice.resolution.reason


def test_content_hash_knows_contents_and_not_places(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one" / "SST-2"), write(tmp_path / "two" / "SST-2")
    first = resolve_data(task_with(), one, tmp_path / "cache", strict=True)
    assert content(resolve_data(task_with(), two, tmp_path / "cache", strict=True)) == content(first)
    for name in ("dev.tsv", "test.tsv"):
        before = content(resolve_data(task_with(), two, tmp_path / "cache", strict=True))
        (two / name).write_bytes(FILES[name] + b"x\t0\n")
        assert content(resolve_data(task_with(), two, tmp_path / "cache", strict=True)) != before


@pytest.mark.parametrize("strict", [False, True])
def test_a_broken_data_root_never_falls_through(tmp_path: Path, strict: bool) -> None:
    write(cached_folder(task_with().published, tmp_path / "cache"))
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


@pytest.mark.parametrize("name", [name for name in load_tasks() if name != "SST-2"])
@pytest.mark.parametrize("strict", [False, True])
def test_no_sample_stands_in_for_any_other_task(tmp_path: Path, name: str, strict: bool) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_data(find_task(name), None, tmp_path, strict)
    message = caught.value.message
    assert (
        f"{name} cannot be had and no sample stands in for it: DATA_ROOT is not set, the cache holds no copy" in message
    )
    assert f"Set DATA_ROOT to a folder with {name}/train.tsv and {name}/dev" in message
    assert caught.value.exit_code == ExitCode.BAD_INPUT and "\n" not in message


def test_download_then_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.serve(servers.give(ARCHIVE)) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url + "/")
        first = resolve_data(task_with(), None, tmp_path, strict=True)
    assert (first.kind, first.verified, first.origin) == ("download", True, f"{url}/SST-2.zip")
    second = resolve_data(task_with(), None, tmp_path, strict=True)
    assert (second.kind, second.path, content(second)) == ("cache", first.path, content(first))
    assert second.own is not None and set(second.own.files) == set(FILES)
    assert second.resolution.reason == "downloaded earlier; checksums as published"
    assert sorted(path.name for path in (tmp_path / "glue").iterdir() if path.is_dir()) == ["SST-2"]


def mnli_downloads() -> tuple[dict[str, bytes], bytes]:
    """MNLI's archive, and the diagnostic set."""
    task = find_task("MNLI")
    files = dict.fromkeys(task.required_files, labelled(task, 4))
    files |= {task.raw["test"][name]["file"]: unlabelled(task, name, 2) for name in ("MNLI-m", "MNLI-mm")}
    return {"MNLI.zip": zipped(files, "MNLI/*.tsv")}, unlabelled(task, "AX", 2)


def test_mnli_brings_its_diagnostic_set_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    downloads, diagnostic = mnli_downloads()
    task = with_diagnostic(with_downloads(find_task("MNLI"), downloads), diagnostic)
    with servers.serve(servers.by_name(downloads | {"AX.tsv": diagnostic})) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        first = resolve_data(task, None, tmp_path, strict=True)
    second = resolve_data(task, None, tmp_path, strict=True)
    for choice in (first, second):
        assert choice.verified and choice.diagnostic is not None
        assert (choice.diagnostic.path / "diagnostic.tsv").read_bytes() == diagnostic
        assert "no submission" not in choice.resolution.reason
    assert (first.kind, second.kind) == ("download", "cache")


def test_mnli_can_do_without_its_diagnostic_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    downloads, diagnostic = mnli_downloads()
    task = with_diagnostic(with_downloads(find_task("MNLI"), downloads), diagnostic)
    with servers.serve(servers.by_name(downloads)) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        choice = resolve_data(task, None, tmp_path, strict=True)
    assert choice.verified and choice.diagnostic is None
    assert "no submission of diagnostic.tsv" in choice.resolution.reason


def test_a_cache_from_before_there_were_test_files_still_serves(tmp_path: Path) -> None:
    write(cached_folder(task_with().published, tmp_path), REQUIRED)
    choice = resolve_data(task_with(), None, tmp_path, strict=True)
    assert (choice.kind, choice.verified) == ("cache", True)
    assert "no submission of test.tsv" in choice.resolution.reason


def test_a_damaged_cache_is_repaired_by_a_download_and_named_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(cached_folder(task_with().published, tmp_path), FILES | {"train.tsv": b"half"})
    choice = resolve_data(task_with(), None, tmp_path, strict=False)
    assert choice.kind == "sample"
    assert "a damaged copy (train.tsv)" in choice.resolution.reason
    with servers.serve(servers.give(ARCHIVE)) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        assert resolve_data(task_with(), None, tmp_path, strict=True).path == folder
    assert (folder / "train.tsv").read_bytes() == FILES["train.tsv"]


def test_a_file_of_which_nothing_is_published_is_known_by_what_was_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_with(ARCHIVE, "bytes")
    with servers.serve(servers.give(ARCHIVE)) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        folder = resolve_data(task, None, tmp_path, strict=True).path
    assert folder is not None
    (folder / "dev.tsv").write_bytes(FILES["dev.tsv"].replace(b"bad", b"sad"))
    assert "a damaged copy (dev.tsv)" in resolve_data(task, None, tmp_path, strict=False).resolution.reason
    (folder / CHECKSUMS).write_text("[1]")
    assert "a damaged copy" in resolve_data(task, None, tmp_path, strict=False).resolution.reason


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
    folder = write(cached_folder(task.published, tmp_path), {"train.tsv": FILES["train.tsv"]})
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


def test_a_task_of_the_table_needs_its_files_whatever_its_suite(tmp_path: Path) -> None:
    """The sample is the table's word, not the task's name."""
    with pytest.raises(UsageError, match="no sample stands in"):
        resolve_data(replace(task_with(), has_sample=False), None, tmp_path, strict=False)
