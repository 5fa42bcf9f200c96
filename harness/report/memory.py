"""What inference takes besides time: memory on host and device, energy, and what was read of the machine meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.report import figures
from harness.report.document import Block, Bullets, Group, Section, Span, Table, Text, noted, plain
from harness.report.facts import Cell, cells
from harness.report.measured import Measured, Subject
from harness.report.status import label, shown


def section(record: Mapping[str, Any]) -> Section:
    measured = [(cell, cell.measured) for cell in cells(record) if cell.measured]
    if not measured:
        return Section("memory", "Memory and energy", ())
    blocks: list[Block] = []
    memory = Table(
        "Memory of a process that runs this alone: the most that it held, what it held before loading the model, and the most that the "
        "device held beyond what was there before",
        ("model, runtime, precision", "host, peak", "host, before loading", "device, peak"),
        tuple(
            Group(tuple(_memory(each) for each in found.subjects), cell.name)
            for cell, found in measured
            if found.subjects
        ),
        frozenset({1, 2, 3}),
    )
    energy = Table(
        "Energy per row, beyond what the device draws when idle",
        ("model, runtime, precision, inputs", "J per row"),
        tuple(Group(rows, cell.name) for cell, found in measured if (rows := _energy(found))),
        frozenset({1}),
    )
    blocks += [table for table in (memory, energy) if table.groups]
    blocks.append(Bullets(tuple(text for cell, found in measured for text in _absences(cell, found))))
    readings = [(cell, found.readings) for cell, found in measured if found.readings]
    if readings:
        blocks.append(_readings(readings))
    return Section("memory", "Memory and energy", tuple(b for b in blocks if not isinstance(b, Bullets) or b.items))


THROTTLING = ("throttling", "thermal throttling", "throttling by CPU quota")
OF_THE_MACHINE = frozenset(
    {"energy", "device memory", "clock", "clock state", "load of the machine", "foreign GPU processes", *THROTTLING}
)
"""What `absent` may name that is no subject: this section tells about it."""


def _memory(subject: Subject) -> tuple[Text, ...]:
    values = (subject.host_peak_bytes, subject.host_before_bytes, subject.device_peak_bytes)
    name = f"{subject.model}, {subject.runtime}, {subject.precision}"
    return plain(name), *(plain("absent" if value is None else figures.memory(value)) for value in values)


def _energy(measured: Measured) -> tuple[tuple[Text, ...], ...]:
    rows = [each for each in measured.forward if each.energy_j_per_row is not None]
    return tuple((plain(label(each.workload)), shown(each.timing, f"{each.energy_j_per_row:.3g}")) for each in rows)


def _absences(cell: Cell, measured: Measured) -> list[Text]:
    """Why a column or a reading is empty."""
    absent = {what: why for what, why in measured.absent if what in OF_THE_MACHINE}
    empty = {
        "energy": all(each.energy_j_per_row is None for each in measured.forward),
        "device memory": all(each.device_peak_bytes is None for each in measured.subjects),
    }
    absent |= {what: measured.why_absent(what) for what, nothing in empty.items() if nothing}
    return [(Span(f"{cell.name}, no {what}: ", "strong"), Span(f"{why}.")) for what, why in absent.items()]


_READ: Mapping[str, tuple[str, str]] = {
    "clock_mhz": ("clock", "MHz"),
    "memory_clock_mhz": ("memory clock", "MHz"),
    "power_w": ("power", "W"),
    "temperature_c": ("temperature", "°C"),
    "foreign_cores": ("cores busy with other processes", "cores"),
}


_SAID: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "governors": lambda values: ", ".join(values.get("governors") or ()),
    "pages swapped in": lambda values: (
        figures.count(values["swapped_in_pages"]) if values.get("swapped_in_pages") else ""
    ),
}
"""Shown only where there is something to say."""


def _readings(readings: list[tuple[Cell, Mapping[str, Any]]]) -> Table:
    def cell_text(values: Mapping[str, Any], name: str, unit: str) -> Text:
        if values.get(name) is None:
            return plain("not read")
        low, median, high = (figures.measure(value) for value in values[name])
        return noted(f"{median} {unit}", f"{low} to {high}")

    rows: list[tuple[Text, ...]] = [
        (plain(what), *(cell_text(values, name, unit) for _, values in readings))
        for name, (what, unit) in _READ.items()
    ]
    rows.append((plain("throttling"), *(plain(_throttle(cell, values)) for cell, values in readings)))
    taken = (figures.count(values.get("samples", 0)) for _, values in readings)
    rows += [
        (plain(what), *(plain(show(values)) for _, values in readings))
        for what, show in _SAID.items()
        if any(show(values) for _, values in readings)
    ]
    rows.append((plain("readings taken"), *map(plain, taken)))
    return Table(
        "Read of the machine while it measured: median, and the least to the greatest",
        ("what", *(cell.name for cell, _ in readings)),
        (Group(tuple(rows)),),
        frozenset(range(1, len(readings) + 1)),
    )


def _throttle(cell: Cell, values: Mapping[str, Any]) -> str:
    """What slowed the device down; of what cannot be read, nothing is claimed."""
    hidden = cell.measured and [what for what, _ in cell.measured.absent if what in THROTTLING]
    nothing = "none seen where it can be read" if hidden else "none seen"
    return "; ".join(values.get("throttle") or ()) or nothing
