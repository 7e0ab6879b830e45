"""Requests, checked against the SDK's own dataclasses and methods.

The API refuses what it does not know in some places and ignores it in others; here everything that
the SDK has no field for is refused, so that a typing error is found.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin

from databricks.sdk.service.jobs import JobsAPI, JobSettings

from jobs.server.errors import Refusal

Body = dict[str, Any]

# Airflow's Databricks provider 7.23 (`hooks/databricks.py`, `list_jobs`)
_OTHER_CLIENTS = {"list": ("include_user_names",)}


@cache
def _known(owner: Callable[..., Any]) -> dict[str, Any]:
    """Names and types of a dataclass's fields, or of a method's parameters."""
    found = typing.get_type_hints(owner)
    found.pop("return", None)
    return found


def parsed(body: Body, method: str) -> Body:
    """A body as the method of `JobsAPI` of that name would send it.

    Raises:
        Refusal: a field is unknown, is missing, or has another type.
    """
    return _checked(body, getattr(JobsAPI, method))


def job_settings(body: Body) -> Body:
    """The settings of a job, whole or in part."""
    return _checked(body, JobSettings)


def query(words: Body, method: str) -> Body:
    """The words of an address, with the types of the method's parameters.

    A word that another client is known to send is let through, and means nothing here.
    """
    known, others = _known(getattr(JobsAPI, method)), _OTHER_CLIENTS.get(method, ())
    return {
        name: _read(text, known.get(name, str), name)
        for name, text in words.items()
        if name not in others
    }


def _read(text: str, kind: Any, name: str) -> Any:
    kinds = {each for each in (*get_args(kind), kind) if isinstance(each, type)}
    try:
        return int(text) if int in kinds else text == "true" if bool in kinds else text
    except ValueError:
        msg = f"{name} is no number: {text!r}"
        raise Refusal(msg) from None


def _checked(body: Body, owner: Callable[..., Any]) -> Body:
    known = _known(owner)
    faults = [f"unknown field: {name}" for name in body if name not in known]
    for name in body.keys() & known.keys():
        faults += _faults(body[name], known[name], name)
    if not is_dataclass(owner):
        needed = inspect.signature(owner).parameters.values()
        names = [each.name for each in needed if each.default is each.empty and each.name != "self"]
        faults += [f"missing: {name}" for name in names if name not in body]
    if faults:
        raise Refusal("; ".join(sorted(faults)), "INVALID_PARAMETER_VALUE")
    return body


def _faults(value: Any, kind: Any, path: str) -> Iterator[str]:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is not None:
            yield from _faults(value, next(each for each in inner if each is not type(None)), path)
    elif origin is list:
        yield from _each(value, list, inner[0], path)
    elif origin is dict:
        yield from _each(value, dict, inner[1], path)
    elif is_dataclass(kind):
        yield from _members(value, kind, path)
    elif isinstance(kind, type) and issubclass(kind, Enum):
        if value not in {member.value for member in kind}:
            yield f"{path} is none of its values: {value!r}"
    elif kind is not Any and (not isinstance(value, kind) or (kind is int and value is True)):
        yield f"{path} is no {kind.__name__}: {value!r}"


def _each(value: Any, shape: type, kind: Any, path: str) -> Iterator[str]:
    items: Any = value
    if not isinstance(value, shape):
        yield f"{path} is no {shape.__name__}: {value!r}"
        return
    for key, item in items.items() if shape is dict else enumerate(items):
        yield from _faults(item, kind, f"{path}[{key}]")


def _members(value: Any, kind: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is no object: {value!r}"
        return
    known = _known(kind)
    for name, item in value.items():
        if name in known:
            yield from _faults(item, known[name], f"{path}.{name}")
        else:
            yield f"unknown field: {path}.{name}"
    for field in fields(kind):
        needed = field.default is MISSING and field.default_factory is MISSING
        if needed and field.name not in value:
            yield f"missing: {path}.{field.name}"
