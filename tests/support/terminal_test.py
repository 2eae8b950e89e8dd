#!/usr/bin/env python3
"""terminal.py on a machine without pseudo-terminals, such as a folder that debootstrap has made. 77: that cannot be tried
here, and it said why."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
HIDE = "mount -t tmpfs none /dev/pts && { [ ! -e /dev/ptmx ] || mount --bind /dev/null /dev/ptmx; }"
UNSHARE = ["unshare", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"]), "sh", "-c"]

if subprocess.run([*UNSHARE, HIDE], capture_output=True).returncode != 0:
    print("skipped: this machine does not let us mount anything")
    sys.exit(77)
for code in ("Terminal(['true'])", "start(['true'])", "open_pair()"):
    program = "import sys; sys.path.insert(0, '%s'); from terminal import *; %s" % (HERE, code)
    r = subprocess.run([*UNSHARE, HIDE + ' && exec "$0" -c "$1"', sys.executable, program], capture_output=True, text=True)
    if r.returncode != 77 or not r.stdout.startswith("skipped: this machine has no pseudo-terminals (/dev/ptmx, /dev/pts): "):
        sys.exit("FAILED: %s: exit code %d\n%s%s" % (code, r.returncode, r.stdout, r.stderr))
    r = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    if r.returncode != 0 and not r.stdout.startswith("skipped: "):
        sys.exit("FAILED: %s where there may be one: exit code %d\n%s%s" % (code, r.returncode, r.stdout, r.stderr))
