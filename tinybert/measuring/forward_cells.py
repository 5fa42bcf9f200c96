"""The name of a cell of the forward timing, as benchmark ids and files carry it."""

from __future__ import annotations


def cell_id(batch_size: int, length: int | str) -> str:
    return f"batch{batch_size}-{length if length == 'real' else f'padded{length}'}"
