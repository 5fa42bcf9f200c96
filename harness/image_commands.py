"""The commands on container images: `tinybench images ...`."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.arguments import Strict, console

images_app = typer.Typer(help="The container images: list, build, prune; and for maintainers lock and pin.")
ImageNames = Annotated[list[str] | None, typer.Argument(help="Names from containers/images.yaml; by default all.")]


@images_app.callback(invoke_without_command=True)
def images(context: typer.Context) -> None:
    """Show the images: what is built, what is stale and why, how large.

    \b
    Examples:
      tinybench images
      tinybench images build torch-2-cpu
      tinybench images prune
    """
    if context.invoked_subcommand is None:
        from harness.images import show_images

        show_images(console())


@images_app.command()
def build(names: ImageNames = None, strict: Strict = False) -> None:
    """Build images that are not there or stale. --strict takes no stand-in for a base."""
    from harness.images import build_images

    build_images(names or [], strict, console())


@images_app.command()
def base() -> None:
    """Make the local stand-ins for the official bases, for a machine that reaches no registry. Needs mmdebstrap."""
    from harness.images import make_bases

    make_bases(console())


@images_app.command()
def prune() -> None:
    """Remove this project's images that today's recipes do not name and no container uses."""
    from harness.images import prune_images

    prune_images(console())


@images_app.command()
def lock(names: ImageNames = None, hashes_only: Annotated[bool, typer.Option("--hashes-only")] = False) -> None:
    """Resolve requirements.in into requirements.lock, and write the hashes into images.yaml. For maintainers."""
    from harness.images import lock_images

    lock_images(names or [], hashes_only, console())


@images_app.command()
def pin(names: ImageNames = None) -> None:
    """Pin the bases to what their registry serves today. For maintainers."""
    from harness.images import pin_bases

    pin_bases(names or [], console())
