"""Flows by name: those that Tieout ships, those of installed packages (entry points ``tieout.flows``), those in a file."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from tieout.canon.faults import FlowFault, nearest
from tieout.process.definition import Flow
from tieout.process.flows import FLOWS

GROUP = "tieout.flows"
"""The entry-point group in which a package names its flows."""


def names() -> list[str]:
    """Every flow that can be asked for by name."""
    return [*FLOWS, *(point.name for point in entry_points(group=GROUP))]


@cache
def load(spec: str) -> type[Flow]:
    """The flow of a name (``order_to_bill``) or of a file (``flows.py`` or ``flows.py:OrderToCash``).

    Raises FlowFault for an unknown name, a file that is not there or cannot be run, and one without or with several flows.
    """
    if spec in FLOWS:
        return FLOWS[spec]
    for point in entry_points(group=GROUP):
        if point.name == spec:
            return _flow(point.load(), spec)
    path, _, wanted = spec.partition(":")
    if path.endswith(".py"):
        return _from_file(Path(path), wanted)
    raise FlowFault(f"there is no flow {spec!r}", mend=nearest(spec, names()) or f"flows: {', '.join(names())}")


def _from_file(path: Path, wanted: str) -> type[Flow]:
    if not path.is_file():
        raise FlowFault("no such file", where=str(path), mend="name a Python file with a Flow class")
    name = f"tieout_flow_{path.stem}_{abs(hash(str(path.resolve())))}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except FlowFault as fault:
        raise FlowFault(fault.what, where=f"{path}:{_line(path)} {fault.where}".strip(), mend=fault.mend) from None
    except Exception as error:
        raise FlowFault(
            f"{type(error).__name__}: {error}", where=f"{path}:{_line(path)}", mend="mend the file"
        ) from error
    found = {k: v for k, v in vars(module).items() if isinstance(v, type) and issubclass(v, Flow) and v is not Flow}
    own = {k: v for k, v in found.items() if v.__module__ == name}
    if wanted:
        if wanted not in own:
            raise FlowFault(f"no flow class {wanted!r}", where=str(path), mend=nearest(wanted, own))
        return own[wanted]
    if len(own) != 1:
        mend = f"say which: {path}:{next(iter(own))}" if own else "declare a class that derives from tieout.flow.Flow"
        raise FlowFault(f"{len(own)} flow classes", where=str(path), mend=mend)
    return next(iter(own.values()))


def _line(path: Path) -> int:
    """The last line of ``path`` in the present traceback: where the author has to look."""
    _, _, trace = sys.exc_info()
    lines = [frame.lineno for frame in traceback.extract_tb(trace) if Path(frame.filename) == path]
    return lines[-1] or 0 if lines else 0


def _flow(found: object, spec: str) -> type[Flow]:
    if not (isinstance(found, type) and issubclass(found, Flow)):
        raise FlowFault(f"entry point {spec!r} is no Flow class", mend="let it name a class that derives from Flow")
    return found
