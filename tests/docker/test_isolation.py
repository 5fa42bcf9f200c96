"""What a stage can see and do, told from inside a real container."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from harness.container.docker_engine import connect
from harness.executor.isolation import PIDS, SHM_BYTES
from tests.docker.conftest import Bench

pytestmark = pytest.mark.docker


def test_the_fence_seen_from_inside(bench: Bench) -> None:
    bench.limits = replace(bench.limits, cpus=(0,))
    ended = bench.run(facts=True)
    assert (ended.code, ended.message) == (0, "")
    seen = json.loads((bench.out / "facts.json").read_text())
    assert seen["uid"] == os.getuid() and seen["gid"] == os.getgid()
    assert {int(each, 16) for each in seen["capabilities"]} == {0}
    assert seen["no_new_privileges"] == "1"
    assert [name for name in seen["interfaces"] if name != "lo" and not name.startswith(("tunl", "sit", "ip6"))] == []
    assert seen["connect"] == "Network is unreachable"
    assert seen["write_root"] == seen["write_input"] == seen["write_spec"] == "Read-only file system"
    assert seen["write_tmp"] == "allowed"
    assert seen["writable"] == sorted(["/tmp", str(bench.out).replace(" ", "\\040")])
    assert not seen["socket"]
    assert int(seen["memory"]) == bench.limits.memory_bytes
    assert int(seen["pids"]) == PIDS
    assert seen["cpus"] == [0]
    assert seen["shm_bytes"] == SHM_BYTES
    assert seen["first_process"] == "docker-init"
    assert seen["input"] == "through a link", "what an input's links lead to is there too"
    assert seen["home"] == "/tmp"


def test_what_is_written_belongs_to_the_caller(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = os.getuid()
    if caller == 0:  # as another user would run it, in folders that others can enter
        caller = 23456
        for name in ("getuid", "getgid"):
            monkeypatch.setattr(os, name, lambda: caller)
    with tempfile.TemporaryDirectory() as folder:
        bench.folder = Path(folder)
        bench.folder.chmod(0o755)
        bench.command()
        os.chown(bench.out, caller, -1)
        ended = bench.run()
        assert (ended.code, ended.message) == (0, "")
        assert (bench.out / "done").stat().st_uid == caller


def test_events_come_in_order_and_the_rest_goes_to_the_log(bench: Bench) -> None:
    assert bench.run().code == 0
    assert [event["done"] for event in bench.events] == [1, 10]
    assert (bench.folder / "stage.log").read_text() == "a word for the log\n"
    assert (bench.out / "done").read_text() == "done"


def test_a_stage_may_be_silent_for_longer_than_the_engine_is_waited_for(bench: Bench) -> None:
    bench.client = connect()
    bench.client.api.timeout = 2
    assert bench.run(sleep_s=5).code == 0
    bench.client.close()
