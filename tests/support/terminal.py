"""A program at a pseudo-terminal, for tests that type into it."""
import codecs
import os
import pty
import re
import select
import signal
import sys
import time


SKIP = 77


def open_pair():
    """The two ends of a pseudo-terminal. Where the machine has none, as in a folder that debootstrap made, the test is
    skipped: 77, which CMake calls SKIP_RETURN_CODE."""
    try:
        return os.openpty()
    except OSError as e:
        print("skipped: this machine has no pseudo-terminals (/dev/ptmx, /dev/pts): %s" % e.strerror)
        sys.exit(SKIP)


def decoder():
    """Of bytes that come in pieces, which may end within a character."""
    return codecs.getincrementaldecoder("utf-8")(errors="replace")


def start(argv):
    """A program at a pseudo-terminal of its own: its process id, and our end. Skips as open_pair()."""
    for descriptor in open_pair():
        os.close(descriptor)
    pid, fd = pty.fork()
    if pid == 0:
        try:
            os.execvp(argv[0], argv)
        finally:
            os._exit(127)
    return pid, fd


class Terminal:
    """Waits for text, never for time alone; the limits are for what hangs. `shown` is all that came, with plain line
    ends."""

    def __init__(self, argv):
        self.shown, self.at = "", 0
        self.decoder = decoder()
        self.pid, self.fd = start(argv)

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
        self.shown += self.decoder.decode(data).replace("\r", "")
        return bool(data)

    def type(self, text):
        os.write(self.fd, text.encode())

    def exit_code(self, limit=60):
        while self.read(limit):
            pass
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)
