"""A program at a pseudo-terminal, for tests that type into it."""
import os
import pty
import re
import select
import signal
import sys
import time


class Terminal:
    """Waits for text, never for time alone; the limits are for what hangs. `shown` is all that came, with plain line
    ends."""

    def __init__(self, argv):
        self.shown, self.at = "", 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(argv[0], argv)

    def expect(self, pattern, limit=120):
        end = time.monotonic() + limit
        while True:
            m = re.compile(pattern).search(self.shown, self.at)
            if m:
                self.at = m.end()
                return m
            left = end - time.monotonic()
            if left <= 0 or not self.read(left):
                print("FAILED: the terminal does not show %r; it shows:\n%s" % (pattern, self.shown[self.at:][-3000:]))
                os.kill(self.pid, signal.SIGKILL)
                sys.exit(1)

    def read(self, limit):
        ready, _, _ = select.select([self.fd], [], [], limit)
        if not ready:
            return False
        try:
            data = os.read(self.fd, 4096)
        except OSError:
            return False
        # The terminal adds a carriage return to the guest's own.
        self.shown += data.decode(errors="replace").replace("\r", "")
        return bool(data)

    def type(self, text):
        os.write(self.fd, text.encode())

    def exit_code(self, limit=60):
        while self.read(limit):
            pass
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)
