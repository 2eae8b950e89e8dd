"""The reports of `smmu-vp run` (docs/report.md), where linux.py ends a run otherwise than the simulator has, or without it."""
import json
import os
import re
import shutil
import sys
import tempfile
import xml.etree.ElementTree as ET

EMPTY = {"digest": "", "sim_time_ps": 0, "instructions": 0, "statistics": {}, "statistics_by_part": {}, "event_count": 0, "events": [],
         "events_dropped": 0, "guest_errors": 0, "unimplemented": 0, "host_errors": 0, "diagnostics": [],
         "diagnostics_dropped": 0, "tests": {"passed": 0, "failed": 0, "skipped": 0, "problems": [], "cases": []}}
STANDARD_OUTPUT = "-"


def holds_report(kind, head):
    return ('"schema": "smmu-vp-report-' if kind == "json" else "<testsuite") in head


def xml_text(text):
    """Without what XML 1.0, 2.2, has no place for."""
    return re.sub("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


class Reports:
    """The files of --json and --junit among the words of a command line. Empties those that hold a report, before
    anything is known to be right."""

    def __init__(self, words):
        self.files, self.folder = [], None
        for i, word in enumerate(words):
            if word == "--":
                break
            found = re.fullmatch(r"--(json|junit)(?:=(.*))?", word, re.S)
            if found:
                path = found[2] if found[2] is not None else "".join(words[i + 1:i + 2])
                if path:
                    self.files.append((found[1], path))
        for kind, path in self.files:
            if path != STANDARD_OUTPUT and holds_report(kind, self.head(path)):
                try:
                    os.truncate(path, 0)
                except OSError:
                    pass  # the simulator tells that it cannot be written

    @staticmethod
    def head(path):
        """How the file begins, or "" for what is no file."""
        try:
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    return f.read(4096).decode(errors="replace")
        except OSError:
            pass
        return ""

    def on_standard_output(self):
        return any(path == STANDARD_OUTPUT for _, path in self.files)

    def place(self, kind):
        """Stands for standard output, so that what the simulator has written there can still change."""
        if self.folder is None:
            self.folder = tempfile.mkdtemp(prefix="smmu-vp-linux-")
        return os.path.join(self.folder, kind)

    def redirected(self, words):
        """The words for the simulator, which writes to a file instead of standard output."""
        words = list(words)
        for i, word in enumerate(words):
            kind = word.strip("-").partition("=")[0]
            if word in ("--json=-", "--junit=-"):
                words[i] = "--%s=%s" % (kind, self.place(kind))
            elif word in ("--json", "--junit") and words[i + 1:i + 2] == [STANDARD_OUTPUT]:
                words[i + 1] = self.place(kind)
        return words

    def tell(self, verdict, code, reason, config):
        """Makes each report say how this run ended; what it says of the guest stays."""
        for kind, path in self.files:
            if path == STANDARD_OUTPUT:
                path = self.place(kind)
            elif os.path.exists(path) and not (os.path.isfile(path) and
                                               (os.path.getsize(path) == 0 or holds_report(kind, self.head(path)))):
                continue  # an option that is a mistake destroys nothing
            try:
                (self.tell_json if kind == "json" else self.tell_junit)(path, verdict, code, reason, config)
            except OSError as e:
                print("linux: cannot write --%s %s: %s" % (kind, path, e.strerror), file=sys.stderr)

    @staticmethod
    def tell_json(path, verdict, code, reason, config):
        try:
            with open(path, encoding="utf-8") as f:
                report = json.load(f)
        except (OSError, ValueError):
            report = {"schema": "smmu-vp-report-1", "platform": os.path.splitext(os.path.basename(config))[0],
                      "verdict": "", "exit_code": 0, "reason": "", **EMPTY, "host": {"wall_seconds": 0.0, "config": config}}
        if verdict == "interrupted" and report["exit_code"] == code:
            return  # the simulator was, too, and says more
        report.update(verdict=verdict, exit_code=code, reason=reason)
        with open(path, "w", encoding="utf-8", errors="replace") as f:
            json.dump(report, f, indent=2, ensure_ascii=False)
            f.write("\n")

    @staticmethod
    def tell_junit(path, verdict, code, reason, config):
        try:
            root = ET.parse(path).getroot()
        except (OSError, ET.ParseError):
            counts = {"tests": "1", "failures": "0", "skipped": "0", "errors": "0", "time": "0.000000"}
            name = os.path.splitext(os.path.basename(config))[0]
            root = ET.Element("testsuites", counts)
            ET.SubElement(ET.SubElement(root, "testsuite", {"name": name, **counts}), "testcase",
                          {"classname": name, "name": "run", "time": "0.000000"})
        case = root.findall(".//testcase[@name='run']")[-1]
        failure = case.find("failure")
        if failure is None:
            failure = ET.SubElement(case, "failure")
            for counted in (root, root.find("testsuite")):
                counted.set("failures", str(int(counted.get("failures")) + 1))
        failure.set("message", xml_text(reason))
        ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)

    def close(self):
        """@return what is for standard output."""
        if self.folder is None:
            return b""
        text = b""
        for name in sorted(os.listdir(self.folder)):
            with open(os.path.join(self.folder, name), "rb") as f:
                text += f.read()
        shutil.rmtree(self.folder)
        return text
