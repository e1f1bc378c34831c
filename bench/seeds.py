"""Recall and precision of the audit against the independent truth, seed by seed, leaky and clean.

    python bench/seeds.py [FIRST-LAST] [--orders N]

Prints, for each seed, what the truth says is at risk, what the audit found, every subject that differs, and the bridge's residual.
Exit code 1 if a cent is missing or surplus, or if anything is found in a clean company.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tieout.audit.report.files import write_json
from tieout.audit.run import audit
from tieout.simulate.exports import company
from tieout.simulate.score import render, score


class Told(NamedTuple):
    """One company: whether it is as the truth says, and the words if it is not."""

    seed: int
    clean: bool
    perfect: bool
    found: int
    words: str


def one(job: tuple[int, bool, int]) -> Told:
    """Make a company, audit it, hold it against its truth."""
    seed, clean, orders = job
    with tempfile.TemporaryDirectory(prefix="tieout-seeds-") as folder:
        root = Path(folder) / "company"
        company(seed, orders, "rich", clean, [], root, lambda done, total: None)
        result = audit(root)
        write_json(result, Path(folder) / "found.json")
        scored = score(Path(folder) / "found.json", root / "truth.json")
    residual = [
        f"  bridge: {row.row} {row.entity} {row.currency} {row.basis}: unexplained {row.unexplained}"
        for row in result.bridge
        if row.unexplained
    ]
    refused = [f"  refused: {r.path}:{r.line} {r.field}: {r.what}" for r in result.rejections]
    unknown = [f"  not judged: {u.what} {u.document} {u.amount} {u.currency}" for u in result.unknown]
    perfect = scored.perfect and not refused and not unknown and not (clean and result.findings)
    words = "\n".join([*([] if scored.perfect else [render(scored, 40)]), *residual, *refused, *unknown])
    return Told(seed, clean, perfect and not residual, len(result.findings), words)


def main() -> int:
    """Run the seeds asked for, two processes at a time."""
    arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
    first, _, last = (arguments[0] if arguments else "1-50").partition("-")
    orders = int(sys.argv[sys.argv.index("--orders") + 1]) if "--orders" in sys.argv else 400
    jobs = [(seed, clean, orders) for seed in range(int(first), int(last or first) + 1) for clean in (False, True)]
    bad = 0
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for told in pool.imap(one, jobs):
            kind = "clean" if told.clean else "leaky"
            print(
                f"seed {told.seed:>3} {kind}: {told.found:>4} findings, {'exact' if told.perfect else 'NOT EXACT'}",
                flush=True,
            )
            if not told.perfect:
                bad += 1
                print(told.words, flush=True)
    print(f"{len(jobs) - bad} of {len(jobs)} companies exact to the cent")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
