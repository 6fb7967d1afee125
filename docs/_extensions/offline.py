"""Fails the build when a page would fetch something from the network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.util import logging

#: Attributes of elements that a browser fetches without being asked; links that a reader follows are free.
_FETCHED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio)\b[^>]*?\bsrc=["']?(?:https?:)?//[^\s"'>]+"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preload|icon|preconnect))[^>]*\bhref=["']?(?:https?:)?//[^\s"'>]+"""
    r"""|@import\s+(?:url\()?["']?(?:https?:)?//[^\s"')]+|url\(["']?(?:https?:)?//[^\s"')]+""",
    re.IGNORECASE,
)


def _check(app: Any, failure: Exception | None) -> None:
    if failure is not None or app.builder.format != "html":
        return
    folder = Path(app.outdir)
    for path in sorted([*folder.rglob("*.html"), *folder.rglob("*.css")]):
        for fetched in _FETCHED.findall(path.read_text(encoding="utf-8")):
            logging.getLogger(__name__).warning("%s fetches %s", path.relative_to(folder), fetched)


def setup(app: Any) -> dict[str, Any]:
    """Register the check with Sphinx."""
    app.connect("build-finished", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
