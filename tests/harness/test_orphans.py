"""Telling a harness that runs from one that is no more."""

from __future__ import annotations

import subprocess

import pytest

from harness.orphans import fingerprint, is_alive


def test_a_process_is_alive_until_it_ends() -> None:
    process = subprocess.Popen(["sleep", "60"])
    label = fingerprint(process.pid)
    assert is_alive(label)
    process.kill()
    process.wait()
    assert not is_alive(label)
    assert not is_alive(fingerprint(process.pid)), "the label of what was never there"


def test_a_number_given_to_another_process_does_not_deceive() -> None:
    boot, namespace, pid, start = fingerprint().split()
    assert is_alive(" ".join([boot, namespace, pid, start]))
    assert not is_alive(" ".join([boot, namespace, pid, str(int(start) + 1)]))


@pytest.mark.parametrize(("change", "alive"), [("boot", False), ("namespace", True)])
def test_another_boot_is_over_and_another_namespace_cannot_be_seen(change: str, alive: bool) -> None:
    boot, namespace, pid, start = fingerprint().split()
    label = f"other {namespace} {pid} {start}" if change == "boot" else f"{boot} pid:[1] 1 1"
    assert is_alive(label) is alive


@pytest.mark.parametrize("label", ["", "garbage", "a b c d e"])
def test_what_is_no_label_names_nobody(label: str) -> None:
    assert not is_alive(label)
