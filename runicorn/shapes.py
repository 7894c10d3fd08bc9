"""Whether an answer has the shape its route promises.

Under the address of a portal something else may answer, with JSON of its own. It is found out here,
at one place, so that nobody who reads an answer trips over it: values of another type are refused
at once, and so is an object with no key of its shape. One that only lacks some (a portal may be
older) is refused where such a key is read.
"""

import types
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, is_typeddict
from typing import get_type_hints as hints_of

from runicorn.errors import ServerError

T = TypeVar("T")


@dataclass(frozen=True)
class Source:
    """Who answered what: the address of a server, and the method and path of a route."""

    url: str
    route: str

    def refuse(self, wrong: str) -> ServerError:
        """Return the error that says what is ``wrong``, in words that go on after "it"."""
        return ServerError(
            f"{self.url} does not answer as a Runicorn portal does: {self.route} {wrong}. "
            "Is it the address of one?"
        )


Take = Callable[[Any, Source], Any]  # JSON of any shape


class Answer(dict[str, Any]):
    """An object of an answer; reading a ``required`` key it lacks raises :class:`ServerError`.

    It is made as any dict, since whoever copies one (``dataclasses.asdict``) makes it so.
    """

    source: Source | None = None
    required: frozenset[str] = frozenset()

    def __missing__(self, key: str) -> Any:
        if self.source is None or key not in self.required:
            raise KeyError(key)
        raise self.source.refuse(f"answers without {key!r}")


def as_promised(shape: type[T], answer: Any, source: Source) -> T:  # JSON of any shape
    """Return ``answer`` as one of ``shape``, a type of :mod:`runicorn.payloads`.

    Raises :class:`ServerError`. Keys that are not of the shape are no harm.
    """
    return cast("T", _taker_of(cast("Any", shape))(answer, source))


@cache
def _taker_of(shape: Any) -> Take:
    origin, inner = get_origin(shape), get_args(shape)
    if is_typeddict(shape):
        return _take_object(shape)
    if origin in {Union, types.UnionType}:
        return _take_any(inner)
    if origin is list:
        return _take_list(_taker_of(inner[0]))
    if origin is dict:
        return _take_dict(_taker_of(inner[1]))
    if shape is Any:
        return _take_whatever
    return _take_value({float, int} if shape is float else {shape})


def _take_whatever(value: Any, source: Source) -> Any:  # the user's own
    return value


def _take_value(kinds: set[type]) -> Take:
    def take(value: Any, source: Source) -> Any:  # JSON of any shape
        if type(value) not in kinds:
            raise source.refuse(f"has {repr(value)[:80]} where {_name(kinds)} belongs")
        return value

    return take


def _take_any(shapes: tuple[Any, ...]) -> Take:
    kinds = {shape for shape in shapes if isinstance(shape, type) and not is_typeddict(shape)}
    others = [_taker_of(shape) for shape in shapes if shape not in kinds]

    def take(value: Any, source: Source) -> Any:  # JSON of any shape
        if type(value) in kinds or (float in kinds and type(value) is int):
            return value
        return (others[0] if others else _take_value(kinds))(value, source)

    return take


def _take_list(take_item: Take) -> Take:
    def take(value: Any, source: Source) -> Any:  # JSON of any shape
        return [take_item(item, source) for item in _take_value({list})(value, source)]

    return take


def _take_dict(take_value: Take) -> Take:
    def take(value: Any, source: Source) -> Any:  # JSON of any shape
        found = _take_value({dict})(value, source)
        return {key: take_value(one, source) for key, one in found.items()}

    return take


def _take_object(shape: Any) -> Take:  # a TypedDict
    takes = {key: _taker_of(hint) for key, hint in hints_of(shape).items()}

    def take(value: Any, source: Source) -> Any:  # JSON of any shape
        found = Answer(_take_value({dict})(value, source))
        found.source, found.required = source, shape.__required_keys__
        known = takes.keys() & found.keys()
        if not known:
            raise source.refuse(f"has {repr(value)[:80]} where {shape.__name__} belongs")
        for key in known:
            found[key] = takes[key](found[key], source)
        return found

    return take


def _name(kinds: set[type]) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
    return next((name for kind, name in names.items() if kind in kinds), "a number")
