"""Exec a program that dies with its parent: ``launch.py PARENT_PID SIGNAL UID:GID|- PROGRAM [ARGUMENT...]``.

A separate small program rather than ``preexec_fn``, which is unsafe (and warned about) in a process
with threads. The change of user is made here too: the other account may not be able to reach this
interpreter, and the kernel clears the parent-death signal when the user changes.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
EXIT_PARENT_GONE = 125


def main() -> None:
    parent_pid, death_signal, account, *command = sys.argv[1:]
    if account != "-":
        uid, gid = (int(part) for part in account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    # The parent may have died before the request above took effect.
    if os.getppid() != int(parent_pid):
        sys.exit(EXIT_PARENT_GONE)
    os.execv(command[0], command)  # noqa: S606 - replacing this process is the purpose


if __name__ == "__main__":
    main()
