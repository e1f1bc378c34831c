"""What a running Tieout tells about itself: logs, metrics and traces, none of which ever holds a field that was declared private.

`configure` is called once, by the program; everything else may be called from anywhere, at any time, also before it.
"""

from __future__ import annotations

from collections.abc import Mapping

from tieout.settings import Settings


def configure(settings: Settings, environment: Mapping[str, str], program: str) -> None:
    """Write logs as the settings say, and traces as the standard variables ``OTEL_…`` say, without the private fields.

    Raises MappingFault where a private field does not exist, or a variable names what there is not.
    """
    from . import logs, traces
    from .redaction import declared

    redaction = declared(settings.redact)
    logs.configure(redaction, settings.log_format, settings.log_level)
    traces.configure(environment, redaction, program)
