"""Where the milestones of a flow stand in its map: layers from left to right, few crossings, no library.

A milestone's layer is the longest way to it. An edge that skips layers is led through free slots between them; one that goes
back (a retry) is drawn as an arc below. The order within a layer follows the neighbours' mean height, swept both ways.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

import msgspec

from tieout.audit.result import Edge, Milestone

NODE_WIDTH, NODE_HEIGHT = 118, 62
GAP, BEND, ROW_GAP, SLOT_HEIGHT = 84, 30, 22, 40
MARGIN = 8
_SWEEPS = 6
_LETTERS = 15


class Node(msgspec.Struct, frozen=True):
    """A milestone's box: left upper corner, name in at most two lines."""

    milestone: Milestone
    x: int
    y: int
    lines: tuple[str, ...]


class Link(msgspec.Struct, frozen=True):
    """An edge's path (SVG path data) and where its words stand."""

    edge: Edge
    path: str
    x: int
    y: int
    back: bool
    weight: int
    """1 to 5: how many take it, among the edges of this map."""


class ProcessMap(msgspec.Struct, frozen=True):
    """The map of one flow, in pixels at full size."""

    flow: str
    width: int
    height: int
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]


Point = tuple[int, int, bool]
"""Left edge, centre, and whether it is a box."""

Slot = tuple[str, int]
"""(milestone, -1) for a box; (edge's text, layer) for the place where an edge passes."""


def maps(milestones: Iterable[Milestone], edges: Iterable[Edge]) -> list[ProcessMap]:
    """A map for each flow, in the order in which flows first appear."""
    flows: dict[str, tuple[dict[str, Milestone], list[Edge]]] = {}
    for milestone in milestones:
        flows.setdefault(milestone.flow, ({}, []))[0][milestone.name] = milestone
    for edge in edges:
        names, found = flows.setdefault(edge.flow, ({}, []))
        found.append(edge)
        for name in (edge.source, edge.target):
            names.setdefault(name, Milestone(flow=edge.flow, name=name, reached=0, due=0, late=0))
    return [layout(flow, tuple(names.values()), found) for flow, (names, found) in flows.items()]


def layout(flow: str, milestones: tuple[Milestone, ...], edges: list[Edge]) -> ProcessMap:
    """Place the milestones (given in the order of the flow) and lead the edges between them."""
    order = {milestone.name: index for index, milestone in enumerate(milestones)}
    forward = [edge for edge in edges if order[edge.source] < order[edge.target]]
    layer = _layers(list(order), forward)
    columns, ways = _columns(layer, forward)
    _uncross(columns, _neighbours(ways))
    centre = _heights(columns)
    height = max((y + (NODE_HEIGHT if slot[1] < 0 else SLOT_HEIGHT) // 2 for slot, y in centre.items()), default=0)
    back = len(edges) > len(forward)
    most = max((edge.count for edge in edges), default=1) or 1
    nodes = tuple(
        Node(m, _x(layer[m.name]), centre[m.name, -1] - NODE_HEIGHT // 2, _wrapped(m.name)) for m in milestones
    )
    fans_out = {name for name in order if sum(edge.source == name for edge in forward) > 1}
    links = []
    for edge in edges:
        weight = 1 + 4 * edge.count // most
        if order[edge.source] < order[edge.target]:
            points = [(_x(layer[name] if at < 0 else at), centre[name, at], at < 0) for name, at in ways[_text(edge)]]
            early = edge.source in fans_out
            links.append(Link(edge, _path(points, early), *_label(points, early), False, weight))
        else:
            links.append(_arc(edge, layer, centre, height, weight))
    width = _x(max(layer.values(), default=0)) + NODE_WIDTH + MARGIN
    return ProcessMap(flow, width, height + MARGIN + (40 if back else 12), nodes, tuple(links))


def _text(edge: Edge) -> str:
    return f"{edge.source}>{edge.target}"


def _x(layer: int) -> int:
    return MARGIN + layer * (NODE_WIDTH + GAP)


def _layers(names: list[str], forward: list[Edge]) -> dict[str, int]:
    layer = dict.fromkeys(names, 0)
    for name in names:
        for edge in forward:
            if edge.source == name:
                layer[edge.target] = max(layer[edge.target], layer[name] + 1)
    return layer


def _columns(layer: dict[str, int], forward: list[Edge]) -> tuple[list[list[Slot]], dict[str, list[Slot]]]:
    columns: list[list[Slot]] = [[] for _ in range(max(layer.values(), default=0) + 1)]
    for name, at in layer.items():
        columns[at].append((name, -1))
    ways: dict[str, list[Slot]] = {}
    for edge in forward:
        passed: list[Slot] = [(_text(edge), at) for at in range(layer[edge.source] + 1, layer[edge.target])]
        for slot in passed:
            columns[slot[1]].append(slot)
        ways[_text(edge)] = [(edge.source, -1), *passed, (edge.target, -1)]
    return columns, ways


def _neighbours(ways: dict[str, list[Slot]]) -> dict[Slot, list[Slot]]:
    near: dict[Slot, list[Slot]] = defaultdict(list)
    for way in ways.values():
        for left, right in pairwise(way):
            near[left].append(right)
            near[right].append(left)
    return near


def _uncross(columns: list[list[Slot]], near: dict[Slot, list[Slot]]) -> None:
    for sweep in range(_SWEEPS):
        place = {slot: index - len(column) / 2 for column in columns for index, slot in enumerate(column)}
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            means = {
                slot: sum(place[other] for other in near[slot]) / len(near[slot]) if near[slot] else place[slot]
                for slot in column
            }
            column.sort(key=means.__getitem__)
            place.update({slot: index - len(column) / 2 for index, slot in enumerate(column)})


def _heights(columns: list[list[Slot]]) -> dict[Slot, int]:
    def tall(slot: Slot) -> int:
        return NODE_HEIGHT if slot[1] < 0 else SLOT_HEIGHT

    totals = [sum(map(tall, column)) + ROW_GAP * (len(column) - 1) for column in columns]
    centre: dict[Slot, int] = {}
    for column, total in zip(columns, totals, strict=True):
        y = MARGIN + (max(totals) - total) // 2
        for slot in column:
            centre[slot] = y + tall(slot) // 2
            y += tall(slot) + ROW_GAP
    return centre


def _path(points: list[Point], early: bool) -> str:
    """A curve through the points that bends at the beginning of each gap, or at its end; the rest of a gap is straight."""
    x, y, _ = points[0]
    x += NODE_WIDTH
    parts = [f"M{x} {y}"]
    for next_x, next_y, is_box in points[1:]:
        start = x if early else next_x - BEND
        middle, end = start + BEND // 2, start + BEND
        parts.append(
            f"H{start}C{middle} {y} {middle} {next_y} {end} {next_y}H{next_x if is_box else next_x + NODE_WIDTH}"
        )
        x, y = next_x + NODE_WIDTH, next_y
    return "".join(parts)


def _label(points: list[Point], early: bool) -> tuple[int, int]:
    """In the straight part of the gap beside the box that no other edge of this kind shares."""
    half = (GAP - BEND) // 2
    if early:
        return points[1][0] - half - 3, points[1][1]
    return points[0][0] + NODE_WIDTH + half, points[0][1]


def _arc(edge: Edge, layer: dict[str, int], centre: dict[Slot, int], height: int, weight: int) -> Link:
    start, end = (_x(layer[name]) + NODE_WIDTH // 2 for name in (edge.source, edge.target))
    top, bottom = (centre[name, -1] + NODE_HEIGHT // 2 for name in (edge.source, edge.target))
    low = height + 30
    return Link(
        edge, f"M{start} {top}C{start} {low} {end} {low} {end} {bottom}", (start + end) // 2, low - 6, True, weight
    )


def _wrapped(name: str) -> tuple[str, ...]:
    words, lines = name.replace("_", " ").split(), [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > _LETTERS and len(lines) < 2:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return tuple(line if len(line) <= _LETTERS else line[: _LETTERS - 1] + "…" for line in lines)
