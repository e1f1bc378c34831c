"""What is drawn says what the numbers say."""

from __future__ import annotations

import msgspec
import pytest

from tieout.audit.report import charts, processmap
from tieout.audit.result import AuditResult, BridgeLine, BridgeRow, CycleTime, Edge, Milestone


def row(start: int, end: int, *amounts: int) -> BridgeRow:
    return BridgeRow(
        row="R2", title="", entity="DE01", currency="EUR", period="2026-06", from_name="Fulfilled", from_total=start,
        from_tied=True, to_name="Billed", to_total=end, to_tied=True, unexplained=end - start - sum(amounts),
        lines=tuple(BridgeLine(name=f"line {i}", amount=amount) for i, amount in enumerate(amounts)),
    )  # fmt: skip


def test_the_bridge_of_june_walks_from_2650_to_13450() -> None:
    # bridge-case R2: 2,650.00 + 11,000.00 in advance − 150.00 late − 50.00 concession = 13,450.00; 1,000 units are 13,650.00.
    steps = charts.waterfall(row(265_000, 1_345_000, 1_100_000, -15_000, -5_000))
    assert [(step.kind, step.x, step.width) for step in steps] == [
        ("total", 0, 194), ("line", 194, 806), ("line", 989, 11), ("line", 985, 5), ("residual", 985, 5), ("total", 0, 985),
    ]  # fmt: skip
    assert steps[2].share == "5.66 %", "150.00 of 2,650.00"


def test_the_residual_is_there_even_when_it_is_nothing() -> None:
    assert [step.kind for step in charts.waterfall(row(100, 100))] == ["total", "residual", "total"]
    assert charts.waterfall(row(100, 93, -5))[-2].amount == -2


@pytest.mark.parametrize("amounts", [(0, 0), (-500, 700, -900), (10**15, -1), (-7,), ()])
def test_no_bar_leaves_the_drawing_and_no_amount_is_invisible(amounts: tuple[int, ...]) -> None:
    for step in charts.waterfall(row(100, 40, *amounts)):
        assert 0 <= step.x <= step.x + step.width <= charts.WIDTH
        assert step.width > 0 or step.amount == 0


def test_bars_are_in_proportion_and_stand_on_zero() -> None:
    assert charts.bar(50, 100) == 500
    assert charts.bar(1, 10**9) == charts.LEAST
    assert charts.bar(0, 100) == charts.bar(-5, 100) == charts.bar(5, 0) == 0


def test_a_line_has_the_colour_of_the_state_it_names() -> None:
    assert charts.line_state("late: unbilled_service") == "risk"
    assert charts.line_state("Unposted") == "waiting"
    assert charts.line_state("duplicate") == "doubt"
    assert charts.line_state("tax") == charts.line_state("in advance") == "plain"


def test_a_distribution_shows_the_waiting_beside_the_done() -> None:
    bands = charts.histogram(CycleTime(flow="f", name="n", done=(8, 4), waiting=(0, 0, 2)))
    assert [(band.done_height, band.waiting_height) for band in bands[:3]] == [(64, 0), (32, 0), (0, 16)]
    assert len(bands) == 8


def drawn(*links: str) -> processmap.ProcessMap:
    names = dict.fromkeys(name for link in links for name in link.split(">"))
    return processmap.layout(
        "f",
        tuple(Milestone(flow="f", name=name, reached=1, due=1, late=0) for name in names),
        [Edge(flow="f", source=link.split(">")[0], target=link.split(">")[1], count=1) for link in links],
    )


def place(found: processmap.ProcessMap) -> dict[str, tuple[int, int]]:
    return {node.milestone.name: (node.x, node.y) for node in found.nodes}


def test_time_goes_from_left_to_right(group: AuditResult) -> None:
    for found in processmap.maps(group.milestones, group.edges):
        at = place(found)
        for link in found.links:
            assert at[link.edge.source][0] < at[link.edge.target][0]


def test_boxes_do_not_touch_each_other_and_stay_inside(group: AuditResult) -> None:
    for found in processmap.maps(group.milestones, group.edges):
        at = list(place(found).values())
        for index, (x, y) in enumerate(at):
            assert 0 < x < x + processmap.NODE_WIDTH < found.width
            assert 0 < y < y + processmap.NODE_HEIGHT < found.height
            assert all(x != other or abs(y - low) > processmap.NODE_HEIGHT for other, low in at[index + 1 :])


def test_an_edge_that_skips_a_step_goes_around_it() -> None:
    found = drawn("a>b", "b>c", "a>c")
    ((_, y),) = [place(found)["b"]]
    skip = next(link for link in found.links if link.edge.target == "c" and link.edge.source == "a")
    assert not y <= skip.y <= y + processmap.NODE_HEIGHT


def test_a_step_back_is_an_arc_below_and_does_not_hang_the_layout() -> None:
    found = drawn("a>b", "b>a", "b>b", "b>c")
    back = [link for link in found.links if link.back]
    assert [(link.edge.source, link.edge.target) for link in back] == [("b", "a"), ("b", "b")]
    assert all(link.y < found.height for link in back)


def test_an_edge_to_a_milestone_nobody_declared_still_has_a_box() -> None:
    (found,) = processmap.maps((), (Edge(flow="log", source="confirm", target="send", count=3),))
    assert set(place(found)) == {"confirm", "send"}


def test_long_names_are_wrapped_and_cut() -> None:
    found = processmap.layout(
        "f", (Milestone(flow="f", name="usage_plan_active_everywhere_at_last", reached=1, due=1, late=0),), []
    )
    (node,) = found.nodes
    assert node.lines == ("usage plan", "active everywh…")


def test_many_steps_are_laid_out_without_losing_any() -> None:
    links = [f"m{i}>m{j}" for i in range(30) for j in range(i + 1, min(i + 4, 30))]
    found = drawn(*links)
    assert len(found.links) == len(links)
    assert len(set(place(found).values())) == 30
    assert msgspec.structs.replace(found) == drawn(*links), "the same map every time"
