"""Asking before what cannot be taken back."""

from __future__ import annotations

import sys

import typer

from ...domain.errors import Refused


def sure(question: str, yes: bool) -> None:
    """Go on if the person says so.

    Args:
        yes: they have said so already.

    Raises:
        Refused: there is nobody to ask.
        Abort: they said no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused("this cannot be taken back, and there is nobody to ask: say --yes, or look "
                      "at it first with --dry-run")  # fmt: skip
    typer.confirm(question, abort=True, err=True)
