"""Settings in words: what one takes, and what was wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from .fields import SECRETS

_BOUNDS = {"ge": " from {}", "gt": " above {}", "le": " to {}", "lt": " and below {}"}
_KINDS = {"int": "a whole number", "float": "a number", "Decimal": "a number", "bool": "yes or no"}


def takes(field: FieldInfo) -> str:
    """What a setting takes, in words."""
    kinds = [kind for kind in _plain(field.annotation) if kind is not type(None)]
    options = [str(value) for kind in kinds for value in get_args(kind)]
    if all(get_origin(kind) is Literal for kind in kinds):
        return f"{', '.join(options[:-1])} or {options[-1]}" if options[1:] else options[0]
    kind = _KINDS.get(getattr(kinds[0], "__name__", ""), "a text")
    bounds = [
        words.format(f"{getattr(limit, name):,}")
        for name, words in _BOUNDS.items()
        for limit in field.metadata
        if getattr(limit, name, None) is not None
    ]
    return "".join([kind, *bounds])


def told(problem: ValidationError, kind: type[BaseSettings], set_by: Mapping[str, str]) -> str:
    """What is wrong with some settings: what set each, its value, and what it takes."""
    return "; ".join(_told(error, kind, set_by) for error in problem.errors())


def _told(error: Any, kind: type[BaseSettings], set_by: Mapping[str, str]) -> str:
    name = str(error["loc"][0]) if error["loc"] else ""
    by = set_by.get(name, name)
    field = kind.model_fields.get(name)
    if field is None:
        return f"{by}: there is no such setting; `turnlog settings` shows those there are"
    if name in SECRETS:
        return f"{by} is not {takes(field)}"
    value = error["input"]
    return f"{by} is {value!r:.80}, but takes {takes(field)}"


def _plain(annotation: Any) -> tuple[Any, ...]:
    union = get_origin(annotation) in (Union, UnionType)
    return get_args(annotation) if union else (annotation,)
