"""Asking before what cannot be taken back."""

from __future__ import annotations

import sys

import typer

from ...domain.errors import Refused

_OTHERWISE = "say --yes, or look at it first with --dry-run"


def sure(question: str, yes: bool, otherwise: str = _OTHERWISE) -> None:
    """Go on if the person says so.

    Args:
        yes: they have said so already.
        otherwise: what to do where there is nobody to ask.

    Raises:
        Refused: there is nobody to ask.
        Abort: they said no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused(f"this cannot be taken back, and there is nobody to ask: {otherwise}")
    typer.confirm(question, abort=True, err=True)
