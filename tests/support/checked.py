"""What `smmu-vp check` says of a configuration."""
import os
import re
import struct
import subprocess
import sys


def kernel():
    """The least that is a kernel."""
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 183, 1, 0x40080000, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0x80, 0x40080000, 0x40080000, 16, 16, 8)
    return (header + segment).ljust(0x80, b"\0") + b"\x14" * 16


class Checked:
    """`text` is a configuration whose kernel is kernel.elf and whose SMMU is [smmu0]."""

    def __init__(self, program, folder, text):
        self.text = text
        config = os.path.join(folder, "platform.toml")
        with open(os.path.join(folder, "kernel.elf"), "wb") as f:
            f.write(kernel())
        with open(config, "w", encoding="utf-8") as f:
            f.write(self.text)
        r = subprocess.run([program, "check", config], capture_output=True, text=True, check=False)
        self.code, self.said = r.returncode, r.stderr

    def line_with(self, *starts):
        return 1 + next(i for i, line in enumerate(self.text.splitlines()) if line.startswith(starts))

    def line_of(self, parameter):
        return self.line_with("params.%s " % parameter, "interrupts.%s " % parameter)

    def expect(self, code, *patterns):
        for pattern in patterns:
            if not re.search(pattern, self.said, re.M):
                sys.exit(f"'{pattern}' is not in\n{self.said}")
        if self.code != code:
            sys.exit(f"exit code {self.code}, expected {code}\n{self.said}")

    def expect_at(self, parameter, *texts):
        """Refused, with a line of output at the parameter's line for each text."""
        self.expect(64, *(r"platform\.toml:%d:\d+: \[smmu0\] %s" % (self.line_of(parameter), text) for text in texts))
