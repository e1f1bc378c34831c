"""A group of commands one of which is meant when none is named."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class ImpliedRun(TyperGroup):
    """``tieout audit DIR`` means ``tieout audit run DIR``; ``tieout audit init DIR`` is what it says.

    Use it as ``typer.Typer(cls=ImpliedRun)``; the group's implied command is called ``run``. A directory that has a command's
    name is written ``./init``.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put ``run`` before arguments that name no command of this group."""  # ctx: Typer keeps its type private
        if args and args[0] not in self.commands:
            args = ["run", *args]
        return super().parse_args(ctx, args)
