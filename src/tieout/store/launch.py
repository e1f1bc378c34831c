"""A process that gives up root's rights, ties its life to its parent's and becomes another program.

Run as a file of its own (``python -I -S launch.py PARENT UID GID PROGRAM ...``), so that nothing of ours runs between fork and exec
in a process with threads. Three things depend on their order: rights are dropped first, because dropping them clears the tie;
the tie is made by the process that becomes the server, because it is not inherited; and a parent that died meanwhile is noticed after it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Become the program of the command line."""
    parent, uid, gid = (int(word) for word in sys.argv[1:4])
    command = sys.argv[4:]
    if uid != os.getuid():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # SIGINT is PostgreSQL's fast shutdown: it ends its sessions, writes a checkpoint and leaves.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
    if os.getppid() != parent:
        sys.exit("the process that started this one is gone")
    os.umask(0o077)
    os.chdir("/")
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
