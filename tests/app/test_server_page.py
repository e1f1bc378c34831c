"""docs/server.md, followed to the letter: its commands run, in their order, and answer what it says that they answer."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .process import Tieout

PAGE = Path(__file__).resolve().parents[2] / "docs" / "server.md"


@pytest.mark.long
def test_every_command_of_the_page_answers_what_the_page_says(folder: Path, tmp_path: Path) -> None:
    missing = [name for name in ("curl", "openssl", "gzip") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not here: {', '.join(missing)}")
    script = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
    promised = re.findall(r"^# → (.*)$", script, re.MULTILINE)
    assert len(promised) >= 5
    with Tieout(folder, "serve", "--workers", "0") as tieout:
        script = script.replace("localhost:8080", f"127.0.0.1:{tieout.port}")
        command = f'tieout() {{ {shlex.join([sys.executable, "-m", "tieout"])} "$@"; }}\nset -euo pipefail\n{script}'
        followed = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env={**os.environ, "TIEOUT_DATA": str(folder)}, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip
        assert followed.returncode == 0, followed.stderr
        assert tieout.end() == 0
    missed = [answer for answer in promised if answer not in followed.stdout]
    assert not missed, followed.stdout
