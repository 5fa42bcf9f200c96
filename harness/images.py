"""The commands on images, as the user sees them: `tinybench images ...`, `make images`, `make base`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from harness.console import narration
from harness.container import lock, shelf
from harness.container.base import known_stand_in, make_stand_in
from harness.container.build import ensure
from harness.container.catalog import Image, find_image, load_images, load_stand_ins
from harness.container.docker_engine import connect, presence
from harness.container.sbom import sbom_path

_COLOUR = {"built": "green", "stale": "yellow", "not built": "dim"}


def show_images(console: Console) -> None:
    """What is built, what is stale and why, on which base, and the size unpacked."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("image", "state", "base", "size", "tag"):
        table.add_column(column, overflow="fold")
    for each in shelf.inventory(connect()):
        state = f"[{_COLOUR[each.state]}]{each.state}[/]" + (f": {each.why}" if each.why else "")
        size = "" if each.size_bytes is None else f"{each.size_bytes / 1e9:.2f} GB"
        base = "" if each.tag is None else "local stand-in" if each.is_local else "official"
        table.add_row(each.name, state, base, size, each.tag or "")
    console.print(table)


def build_images(names: Sequence[str], strict: bool, console: Console) -> None:
    client = connect()
    for image in _chosen(names):
        with narration(console) as report:
            built = ensure(client, image, strict, report)
        console.print(f"{built.recipe.tag}  {built.image_id}", markup=False, soft_wrap=True)
        console.print(f"contents: {sbom_path(built.image_id)}", markup=False, soft_wrap=True)


def make_bases(console: Console) -> None:
    client = connect()
    for stand_in in load_stand_ins().values():
        with narration(console) as report:
            base = known_stand_in(client, stand_in) or make_stand_in(client, stand_in, report)
        console.print(base.reference, markup=False, soft_wrap=True)


def prune_images(console: Console) -> None:
    removed, removed_bytes = shelf.prune(connect())
    for tag in removed:
        console.print(f"removed {tag}", markup=False, soft_wrap=True)
    console.print(f"{len(removed)} images, {removed_bytes / 1e9:.2f} GB with what they share", markup=False)


def lock_images(names: Sequence[str], hashes_only: bool, console: Console) -> None:
    for image in [] if hashes_only else _chosen(names):
        with narration(console) as report:
            lock.write_lock(image, report)
    client = connect() if presence().answers else None
    for name in lock.write_hashes(client):
        console.print(f"{name}: images.yaml brought up to date", markup=False)


def pin_bases(names: Sequence[str], console: Console) -> None:
    client = connect()
    for image in _chosen(names):
        digest = lock.registry_digest(client, image.base)
        changed = lock.write_digest(image, digest) if digest != image.digest else []
        console.print(
            f"{image.name}: {image.base}@{digest} ({'pinned anew' if changed else 'as before'})", soft_wrap=True
        )


def _chosen(names: Sequence[str]) -> list[Image]:
    return [find_image(name) for name in names] or list(load_images().values())
