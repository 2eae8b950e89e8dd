"""Reads value change dumps (IEEE 1364-2005, 18.2) strictly."""
import re


class Dump:
    """Raises ValueError with what is wrong with the form.

    signals: by "scope.scope.name", a list of (time, value), the first at time 0; widths: by the same names.
    """

    def __init__(self, text):
        head, end, body = text.partition("$enddefinitions $end\n")
        self._expect(end, "there is no $enddefinitions")
        self.signals, self.widths, self.timescale, self.end = {}, {}, None, 0
        names, scopes = {}, []
        for command in re.findall(r"\$.*?\$end", head, re.S):
            words = command.split()[:-1]
            kind, rest = words[0], words[1:]
            if kind == "$scope":
                self._expect(len(rest) == 2 and rest[0] == "module" and re.fullmatch(r"[A-Za-z_]\w*", rest[1]), command)
                scopes.append(rest[1])
            elif kind == "$upscope":
                self._expect(scopes and not rest, command)
                scopes.pop()
            elif kind == "$var":
                self._expect(len(rest) == 4 and rest[0] in ("wire", "integer") and re.fullmatch(r"[A-Za-z_]\w*", rest[3]), command)
                name = ".".join(scopes + [rest[3]])
                self._expect(re.fullmatch(r"[!-~]+", rest[2]) and rest[2] not in names and name not in self.signals, command)
                names[rest[2]], self.signals[name], self.widths[name] = name, [], int(rest[1])
            elif kind == "$timescale":
                self.timescale = " ".join(rest)
            else:
                self._expect(kind == "$version", command)
        self._expect(not scopes and not re.sub(r"\$.*?\$end", "", head, flags=re.S).strip(), "scopes or text are left over")
        self._body(body, names)

    @staticmethod
    def _expect(condition, text):
        if not condition:
            raise ValueError(text)

    def _body(self, body, names):
        time, dumping = None, False
        for line in body.splitlines():
            if line.startswith("#"):
                now = int(line[1:])
                self._expect(time is None or now > time, "time goes from %s to %d" % (time, now))
                time = now
                continue
            self._expect(time is not None, "a change before the first time")
            if line in ("$dumpvars", "$end"):
                self._expect(dumping == (line == "$end") and time == 0, line)
                dumping = not dumping
                continue
            m = re.fullmatch(r"([01])([!-~]+)|b([01]+) ([!-~]+)", line)
            self._expect(m, "no value change: %r" % line)
            code, value = m[2] or m[4], int(m[1] or m[3], 2)
            self._expect(code in names, "%r is not declared" % code)
            name = names[code]
            self._expect((self.widths[name] == 1) == (m[1] is not None) and value < 1 << self.widths[name], line)
            changes = self.signals[name]
            self._expect(bool(changes) != dumping, "%s has no value at time 0, or two" % name)
            self._expect(not changes or changes[-1][1] != value, "%s changes to what it is" % name)
            changes.append((time, value))
        self._expect(not dumping and all(self.signals.values()), "$dumpvars does not give each signal a value")
        self.end = time
