"""Whose CPU time is ours, also of what starts and ends between two looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tinybert.measuring.machine import Machine
from tinybert.measuring.process_tree import ProcessTree, parse_stat, read_processes


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Ourselves (10), with 5 s behind us, and a stranger (77)."""
    machine = Machine(tmp_path)
    machine.process(10, parent=1, own_s=5, reaped_s=3)
    machine.process(77, parent=1, own_s=100)
    return machine


class Looking:
    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.tree = ProcessTree(10)
        self.total_s()

    def total_s(self) -> float:
        return round(self.tree.update(read_processes(self.machine.proc)), 3)


def test_name_with_spaces_and_parentheses() -> None:
    fields = "S 7 0 0 0 0 0 0 0 0 0 100 50 30 20 20 0 1 0 4711 0 0"
    process = parse_stat(f"42 (a (b) c) {fields}")
    assert (process.pid, process.parent, process.name, process.started_ticks) == (42, 7, "a (b) c", 4711)


def test_time_before_the_first_look_does_not_count(machine: Machine) -> None:
    looking = Looking(machine)
    assert looking.total_s() == 0
    machine.process(10, parent=1, own_s=5.5, reaped_s=3)
    machine.process(77, parent=1, own_s=200)
    assert looking.total_s() == 0.5


def test_descendants_count_from_their_birth(machine: Machine) -> None:
    looking = Looking(machine)
    machine.process(11, parent=10, own_s=2)
    machine.process(12, parent=11, own_s=1)
    assert looking.total_s() == 3


def test_child_that_lived_between_two_looks(machine: Machine) -> None:
    looking = Looking(machine)
    machine.process(10, parent=1, own_s=5, reaped_s=3.75)
    assert looking.total_s() == 0.75


def test_child_that_ended_is_not_counted_twice(machine: Machine) -> None:
    looking = Looking(machine)
    machine.process(11, parent=10, own_s=2)
    assert looking.total_s() == 2
    machine.end(11)
    machine.process(10, parent=1, own_s=5, reaped_s=5.5)
    assert looking.total_s() == 2.5


def test_child_that_vanished_before_its_parent_shows_it(machine: Machine) -> None:
    looking = Looking(machine)
    machine.process(11, parent=10, own_s=2)
    looking.total_s()
    machine.end(11)
    assert looking.total_s() == 2
    machine.process(10, parent=1, own_s=5, reaped_s=5.25)
    assert looking.total_s() == 2.25


def test_child_and_grandchild_that_ended_together(machine: Machine) -> None:
    looking = Looking(machine)
    machine.process(11, parent=10, own_s=2, reaped_s=0.5)
    machine.process(12, parent=11, own_s=1)
    assert looking.total_s() == 3.5
    machine.end(11)
    machine.end(12)
    machine.process(10, parent=1, own_s=5, reaped_s=3 + 3.5 + 0.25)
    assert looking.total_s() == 3.75


def test_orphan_stays_ours(machine: Machine) -> None:
    looking = Looking(machine)
    machine.process(11, parent=10, own_s=1)
    machine.process(12, parent=11, own_s=1)
    looking.total_s()
    machine.end(11)
    machine.process(12, parent=1, own_s=4)
    assert looking.total_s() == 5


def test_pid_used_again_by_a_stranger_is_not_ours(machine: Machine) -> None:
    looking = Looking(machine)
    machine.process(11, parent=10, own_s=1, started=5)
    looking.total_s()
    machine.process(11, parent=1, own_s=50, started=900)
    assert looking.total_s() == 1
    assert looking.tree.pids == {10}


def test_followed_process_is_ours_wherever_its_parent_is(machine: Machine) -> None:
    looking = Looking(machine)
    looking.tree.follow(90)
    machine.process(90, parent=1, own_s=1)
    machine.process(91, parent=90, own_s=1)
    assert looking.total_s() == 2


def test_nothing_to_read(tmp_path: Path) -> None:
    assert read_processes(tmp_path / "nowhere") == {}
