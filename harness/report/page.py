"""The report as one HTML file: style and drawings inside, no script, nothing fetched. Every string is escaped by the template."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from harness.paths import REPORTS
from harness.report import download
from harness.report.document import Document

TEMPLATES = REPORTS / "templates"


def page(document: Document) -> str:
    return _template().render(document=document) + "\n"


@lru_cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["download"] = download
    return environment.get_template("report.html.j2")
