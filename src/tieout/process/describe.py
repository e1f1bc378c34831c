"""A flow in words and a diagram, read off its class: for `tieout flows show`, the reference docs and the console."""

from __future__ import annotations

from tieout.canon.finding import RISKS, Risk

from .definition import Control, Flow, Related, Step


def as_text(flow: type[Flow]) -> str:
    """Plain text for a terminal: title, diagram, documents, steps, controls."""
    parts = [f"{flow.name} — {flow.title}", "", *diagram(flow), "", "Documents", *_documents(flow, "  ")]
    parts += ["", "Steps", *(f"  {line}" for step in flow.steps for line in _step(step))]
    parts += ["", "What can be found", *(f"  {line}" for line in _controls(flow))]
    return "\n".join(parts)


def as_markdown(flow: type[Flow]) -> str:
    """The same for the reference, with a Mermaid diagram."""
    parts = [f"## {flow.name}", "", flow.title, "", "```mermaid", *mermaid(flow), "```", "", "Documents:", ""]
    parts += [f"- {line}" for line in _documents(flow, "")]
    parts += ["", "| step | reached when | after | due within | owner |", "|---|---|---|---|---|"]
    for step in flow.steps:
        at = step.at.words() if step.at is not None else "all of them are reached"
        if step.when is not None:
            at += f" (only where {step.when.words()})"
        after = ", ".join(s.name for s in step.after)
        parts.append(f"| {step.name} | {at} | {after} | {step.within or ''} | {step.owner} |")
    risks = _risks(flow)
    if risks:
        parts += ["", "| class | what is wrong | exposure (net) | owner |", "|---|---|---|---|"]
        for risk in risks:
            row = RISKS[risk]
            parts.append(f"| {risk.value} ({row.group.value}) | {row.meaning} | {row.exposure} | {row.owner} |")
    return "\n".join(parts) + "\n"


def diagram(flow: type[Flow]) -> list[str]:
    """Steps from top to bottom, each under what it waits for; ● a milestone, ◇ a gate."""
    lines: list[str] = []
    depth: dict[str, int] = {}
    width = max((len(step.name) for step in flow.steps), default=0)
    for step in flow.steps:
        level = 1 + max((depth[before.name] for before in step.after), default=-1)
        depth[step.name] = level
        stem = "   " * (level - 1) + "└─▶ " if level else ""
        mark = "◇" if step.is_gate else "●"
        notes = []
        if step.within is not None:
            notes.append(f"within {step.within}")
        if len(step.after) > 1 or step.is_gate:
            notes.append("waits for " + ", ".join(before.name for before in step.after))
        lines.append(f"{stem}{mark} {step.name:<{width}}  {' · '.join(notes)}".rstrip())
    return lines


def mermaid(flow: type[Flow]) -> list[str]:
    """The diagram in Mermaid's language."""
    lines = ["flowchart LR"]
    for step in flow.steps:
        shape = f"{{{{{step.name}}}}}" if step.is_gate else f"[{step.name}]"
        lines.append(f"  {step.name}{shape}")
        for before in step.after:
            label = f"|{step.within}|" if step.within is not None else ""
            lines.append(f"  {before.name} -->{label} {step.name}")
    return lines


def _documents(flow: type[Flow], indent: str) -> list[str]:
    anchor = flow.anchor
    lines = [f"{indent}{anchor._name}: the {_noun(anchor._type)} that an instance is about (anchor)"]
    lines += [f"{indent}{name}: {_relation(relation)}" for name, relation in flow.relations.items()]
    return lines


def _relation(relation: Related) -> str:
    noun = _noun(relation._type)
    if relation._named_by:
        fields = " or ".join(f"{f.documents.phrase()}'s {f.name}" for f in relation._named_by)
        words = f"the {noun} that {fields} names"
    else:
        target = relation._of.phrase() if relation._of is not None else "the anchor"
        words = f"each {noun} whose {' or '.join(relation._paths)} leads to {target}"
    if relation._equal:
        words += ", with " + ", ".join(f"{k} {v!r}" for k, v in relation._equal.items())
    return words + (", and its views in other systems" if relation._views else "")


def _step(step: Step) -> list[str]:
    if step.is_gate:
        head = f"{step.name}: gate, open once {', '.join(s.name for s in step.after)} are reached"
    else:
        assert step.at is not None
        head = f"{step.name}: {step.at.words()}"
    notes = []
    if step.within is not None:
        notes.append(f"due within {step.within} of {', '.join(s.name for s in step.after)}")
    if step.when is not None:
        notes.append(f"only where {step.when.words()}")
    if step.owner:
        notes.append(f"owner {step.owner}")
    if step.risk is not None:
        worth = f" worth {step.exposure.words()}" if step.exposure is not None else ""
        notes.append(f"late: {step.risk.value}{worth}")
    return [head, *(f"    {note}" for note in notes)]


def _risks(flow: type[Flow]) -> list[Risk]:
    found = {step.risk for step in flow.steps if step.risk is not None}
    for control in (*flow.controls, *flow.strays):
        found.update(control.risks)
    return [risk for risk in Risk if risk in found]


def _controls(flow: type[Flow]) -> list[str]:
    lines = []
    for risk in _risks(flow):
        row = RISKS[risk]
        lines += [f"{risk.value} ({row.group.value}, {row.owner}): {row.meaning}", f"    exposure: {row.exposure}"]
    strays: list[Control] = list(flow.strays)
    lines += [f"{s.name}: looks at documents that belong to no {flow.anchor._name}" for s in strays]
    return lines or ["nothing in money: this flow only tells how far things are"]


def _noun(type_: type) -> str:
    return str(type_.__struct_config__.tag).replace("_", " ")  # type: ignore[attr-defined]
