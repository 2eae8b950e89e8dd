"""Suite files: what `./vp regress` runs (docs/ci.md). Mistakes are told with file, line, column and key."""
import dataclasses
import difflib
import hashlib
import itertools
import json
import os
import re
import tomllib


class SuiteError(Exception):
    """A mistake of whoever wrote the suite or the command line: exit code 64."""


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of smmu-vp, whose result is kept by its name."""
    number: int
    name: str
    arguments: tuple  # of smmu-vp, without what regress adds
    time_limit: float  # seconds
    expect: str
    repeat: int
    coverage: bool


DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h)")
UNITS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600}
VERDICTS = ("pass", "fail", "config", "sim-timeout", "wall-timeout", "strict", "unsupported", "console-limit", "check")
LIMITS = {"runs": 100_000, "seeds": 100_000}
# Key: type, in words; dimensions of the product are lists.
COMMON = {"time_limit": "a time", "repeat": "a number", "options": "a list of texts", "coverage": "true or false"}
TOP = {"name": "a text", "runs": "a list of tables", **COMMON}
GROUP = {"name": "a text", "configs": "a list of texts", "kernels": "a list of texts", "inits": "a list of texts",
         "seed_parameter": "a text", "seeds": "numbers", "sets": "a table of lists", "variants": "a table of lists", "expect": "a verdict", **COMMON}
# What regress gives each run itself.
RESERVED = ("--json", "--junit", "--console-file", "--coverage", "--timeout-wall", "--name", "--quiet", "--console", "--color")


class Places:
    """Where keys stand in a TOML file; tomllib does not tell. Of keys that cannot be found, where their table begins."""

    HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]\[]+?)\s*\]\]?\s*(#.*)?$")
    KEY = re.compile(r"^(\s*)((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*=")

    def __init__(self, text):
        self.at = {}
        table, counts = (), {}
        for number, line in enumerate(text.splitlines(), 1):
            if m := self.HEADER.match(line):
                path = self.parts(m.group(2))
                # Of an array of tables inside of which this one is, the last.
                table = ()
                for i, part in enumerate(path):
                    table += (part,)
                    last = i + 1 == len(path)
                    if last and m.group(1) == "[[":
                        counts[table] = counts.get(table, -1) + 1
                    if table in counts:
                        table += (counts[table],)
                self.at.setdefault(table, (number, line.index("[") + 1))
            elif m := self.KEY.match(line):
                self.at.setdefault(table + tuple(self.parts(m.group(2))), (number, len(m.group(1)) + 1))

    @staticmethod
    def parts(dotted):
        return [a or b or c for a, b, c in re.findall(r"\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_-]+)", dotted)]

    def of(self, path):
        path = tuple(path)
        while path and path not in self.at:
            path = path[:-1]
        return self.at.get(path, (1, 1))


class Reader:
    def __init__(self, file):
        self.file = file
        try:
            with open(file, "rb") as f:
                data = f.read(1 << 20)
            text = data.decode("utf-8")
        except OSError as e:
            raise SuiteError(f"{file}: {e.strerror}") from e
        except UnicodeDecodeError as e:
            raise SuiteError(f"{file}: byte {e.start} is no UTF-8") from e
        try:
            self.data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as e:
            m = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", str(e))
            place, why = (f"{m.group(2)}:{m.group(3)}", m.group(1)) if m else (f"{max(1, len(text.splitlines()))}:1", str(e))
            raise SuiteError(f"{file}:{place}: no TOML: {why}") from e
        except RecursionError as e:
            raise SuiteError(f"{file}: nested too deeply") from e
        self.places = Places(text)

    def fail(self, path, text):
        line, column = self.places.of(path)
        key = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
        raise SuiteError(f"{self.file}:{line}:{column}: {key + ': ' if key else ''}{text}")

    def known(self, path, table, keys):
        for key in table:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, 1)
                self.fail([*path, key], f"there is no key '{key}'" + (f"; did you mean '{near[0]}'?" if near else f"; there are {', '.join(keys)}"))

    def texts(self, path, value, what="texts"):
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            self.fail(path, f"expected a list of {what}, as [\"...\"]")
        return value

    def text(self, path, value):
        if not isinstance(value, str) or not value:
            self.fail(path, "expected a text")
        return value

    def seconds(self, path, value):
        m = DURATION.fullmatch(value) if isinstance(value, str) else None
        if not m or float(m.group(1)) == 0:
            self.fail(path, f"{value!r} is no time (expected for example \"90s\" or \"5min\")")
        return float(m.group(1)) * UNITS[m.group(2)]

    def number(self, path, value, most):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            self.fail(path, f"{value!r} is no number from 1 to {most}")
        return value

    def seeds(self, path, value):
        """[1, 7] or "1-20"."""
        if isinstance(value, str) and (m := re.fullmatch(r"(\d+)-(\d+)", value)):
            first, last = int(m.group(1)), int(m.group(2))
            if first <= last < first + LIMITS["seeds"]:
                return list(range(first, last + 1))
        elif isinstance(value, list) and value and all(isinstance(v, int) and not isinstance(v, bool) and v >= 0 for v in value):
            return value
        return self.fail(path, f"{value!r} are no seeds (expected for example [1, 7] or \"1-20\")")

    def options(self, path, value):
        for option in self.texts(path, value):
            if option.split("=")[0] in RESERVED:
                self.fail(path, f"{option.split('=')[0]} is given to each run by regress itself")
        return value

    def common(self, path, table, above):
        c = dict(above)
        if "time_limit" in table:
            c["time_limit"] = self.seconds([*path, "time_limit"], table["time_limit"])
        if "repeat" in table:
            c["repeat"] = self.number([*path, "repeat"], table["repeat"], 100)
        if "options" in table:
            c["options"] = above["options"] + self.options([*path, "options"], table["options"])
        if "coverage" in table:
            if not isinstance(table["coverage"], bool):
                self.fail([*path, "coverage"], "expected true or false")
            c["coverage"] = table["coverage"]
        return c

    def dimensions(self, path, group):
        """Lists of (part of the name, words): a run takes one of each."""
        def files(key):
            values = self.texts([*path, key], group[key])
            if not values:
                self.fail([*path, key], "is empty")
            stems = [os.path.splitext(os.path.basename(v))[0] for v in values]
            for value in values:
                if not os.path.exists(os.path.join(os.path.dirname(self.file) or ".", value)):
                    self.fail([*path, key], f"there is no file {value} (names are relative to the suite file)")
            return values, stems if len(set(stems)) == len(stems) else values

        if "configs" not in group:
            self.fail(path, "has no \"configs\", the platforms to run")
        found = [[(stem, (value,)) for value, stem in zip(*files("configs"))]]
        for key, option in (("kernels", "--kernel"), ("inits", "--init")):
            if key in group:
                found.append([(f"{key[:-1]}={stem}", (option, value)) for value, stem in zip(*files(key))])
        if ("seeds" in group) != ("seed_parameter" in group):
            self.fail([*path, "seeds" if "seeds" in group else "seed_parameter"],
                      "\"seeds\" and \"seed_parameter\", the parameter that takes them such as \"smmu0.reset_fill\", go together")
        if "seeds" in group:
            parameter = self.text([*path, "seed_parameter"], group["seed_parameter"])
            found.append([(f"seed={s}", ("--set", f"{parameter}={s}")) for s in self.seeds([*path, "seeds"], group["seeds"])])
        for key, values in self.table([*path, "sets"], group.get("sets", {})).items():
            at = [*path, "sets", key]
            if not isinstance(values, list) or not values or not all(isinstance(v, (str, int, bool)) for v in values):
                self.fail(at, "expected a list of values, as [true, false]")
            words = [str(v).lower() if isinstance(v, bool) else str(v) for v in values]
            found.append([(f"{key}={w}", ("--set", f"{key}={w}")) for w in words])
        variants = self.table([*path, "variants"], group.get("variants", {}))
        if variants:
            found.append([(name, tuple(self.options([*path, "variants", name], words))) for name, words in variants.items()])
        return found

    def table(self, path, value):
        if not isinstance(value, dict):
            self.fail(path, "expected a table")
        return value

    def group(self, index, group, above):
        path = ["runs", index]
        self.known(path, group, list(GROUP))
        if "name" not in group:
            self.fail(path, "has no \"name\"")
        name = self.text([*path, "name"], group["name"])
        if not re.fullmatch(r"[\w.+-]+", name):
            self.fail([*path, "name"], f"'{name}' has other characters than letters, digits, '_', '.', '+' and '-'")
        expect = group.get("expect", "pass")
        if expect not in VERDICTS:
            near = difflib.get_close_matches(str(expect), VERDICTS, 1)
            self.fail([*path, "expect"], f"{expect!r} is no verdict" + (f"; did you mean '{near[0]}'?" if near else f"; there are {', '.join(VERDICTS)}"))
        c = self.common(path, group, above)
        for choice in itertools.product(*self.dimensions(path, group)):
            words = tuple(word for _, of in choice for word in of)
            yield name, "/".join([name, *(re.sub(r"[^ -~]", "?", part) for part, _ in choice)]), words + tuple(c["options"]), expect, c


class Suite:
    """@raises SuiteError"""

    def __init__(self, file):
        reader = Reader(file)
        data = reader.data
        reader.known([], data, list(TOP))
        self.file, self.folder = file, os.path.dirname(os.path.abspath(file))
        self.name = reader.text(["name"], data.get("name", os.path.splitext(os.path.basename(file))[0]))
        if not re.fullmatch(r"[\w.+-]+", self.name):
            reader.fail(["name"], f"'{self.name}' has other characters than letters, digits, '_', '.', '+' and '-'")
        above = reader.common([], data, {"time_limit": 600.0, "repeat": 1, "options": [], "coverage": False})
        groups = data.get("runs")
        if not isinstance(groups, list) or not groups or not all(isinstance(g, dict) for g in groups):
            reader.fail(["runs"], "there are no [[runs]]: a suite has one or more of these tables")
        self.runs, names = [], {}
        for index, group in enumerate(groups):
            for group_name, name, arguments, expect, c in reader.group(index, group, above):
                if name in names:
                    reader.fail(["runs", index, "name"], f"the run '{name}' is there twice")
                names[name] = group_name
                self.runs.append(Run(len(self.runs), name, arguments, c["time_limit"], expect, c["repeat"], c["coverage"]))
                if len(self.runs) > LIMITS["runs"]:
                    reader.fail(["runs", index], f"these are more than {LIMITS['runs']} runs")

    def fingerprint(self):
        """Of the plan: a run that was begun with another cannot go on."""
        return hashlib.sha256(json.dumps([dataclasses.astuple(r) for r in self.runs]).encode()).hexdigest()

    def shard(self, index, count):
        """The runs of one of several machines, 1 to `count`."""
        return [r for r in self.runs if r.number % count == index - 1]
