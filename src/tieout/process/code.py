"""Values of a flow's body, written out as one plain Python function: what is asked of every instance is asked without detours.

`expressions` say how each value reads as an expression; here the sets of documents that several of them look at are looked up once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .expressions import Documents, Value


class Code:
    """A function ``(instance, role)`` in the making, where ``role`` tells the role of a system."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._names: dict[str, Any] = {}
        self._lists: dict[int, str] = {}

    def constant(self, value: Any) -> str:
        """The name of a constant or a function of ours."""
        name = f"c{len(self._names)}"
        self._names[name] = value
        return name

    def variable(self) -> str:
        """A name that nothing else has."""
        return f"v{len(self._lines)}_{len(self._names)}_{len(self._lists)}"

    def documents(self, documents: Documents) -> str:
        """The name of a variable that holds a set of documents."""
        found = self._lists.get(id(documents))
        if found is None:
            listed = documents.source(self)
            found = self._lists[id(documents)] = f"d{len(self._lists)}"
            self._lines.append(f"{found} = {listed}")
        return found

    def values(self, values: Sequence[Value | None]) -> Callable[..., list[Any]]:
        """A function that gives all of these values, None for those that are none."""
        sources = [value.source(self) if value is not None else "None" for value in values]
        return self._function(f"[{', '.join(sources)}]")

    def value(self, value: Value) -> Callable[..., Any]:
        """A function that gives one value."""
        return self._function(value.source(self))

    def _function(self, result: str) -> Callable[..., Any]:
        body = "\n".join(f"    {line}" for line in (*self._lines, f"return {result}"))
        exec(
            f"def work(instance, role):\n    members = instance.members\n{body}", self._names
        )  # made of names that are checked
        return self._names["work"]
