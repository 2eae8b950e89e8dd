"""What the scripts of benchmarks say of their work and of the machine."""
import platform
import re
import sys


class Progress:
    """One line on a terminal, nothing elsewhere."""

    def __init__(self):
        self.done, self.all, self.on = 0, 0, sys.stderr.isatty()

    def expect(self, n):
        self.all += n

    def step(self, what):
        self.done += 1
        self.show("%d of %d: %s" % (self.done, self.all, what))

    def show(self, text):
        if self.on:
            print("\r\033[K" + text[:100], end="", file=sys.stderr, flush=True)

    def end(self):
        self.show("")


def processor():
    try:
        with open("/proc/cpuinfo") as f:
            facts = re.findall(r"(?m)^(vendor_id|cpu family|model|model name|stepping|CPU implementer|CPU part)\s*: (.*)$", f.read())
        return ", ".join(dict.fromkeys("%s %s" % f for f in facts))
    except OSError:
        return platform.processor()
