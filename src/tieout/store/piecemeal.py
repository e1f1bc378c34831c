"""A batch with something in it that cannot be done: it is found by taking ever fewer, and set aside, and everything else goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable

from .errors import StoreError

log = logging.getLogger(__name__)


def piecemeal(work: Callable[[int], int], most: int, set_aside: Callable[[str], None]) -> int:
    """What ``work`` does with the next ``most`` of a queue: how many it was. Where it fails it is given fewer, and the one that it fails on
    by itself is given to ``set_aside``, with why. Each is a transaction of its own. Raises StoreError, which is nobody's fault.
    """
    while True:
        try:
            return work(most)
        except StoreError:
            raise
        except Exception as error:
            if most == 1:
                log.exception("set aside")
                set_aside(f"{type(error).__name__}: {error}")
                return 1
            most = max(1, most // 8)
