#!/usr/bin/env python3
"""Faults that are injected (docs/fault-injection.md): what hardware reports, and what the bundled drivers make of it.

usage: inject.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import json
import os
import re

from e2e import EXIT, check, main

INJECTION = 72

# What the drivers do again when they have met faults once: in the second round there are none, unless a plan says so.
TWICE = """coldplug
settle
-dmatest --device a000000.dma --all --size 1
-dmatest --device a000000.dma --all --size 1
%s
rmmod -a
lsmod
poweroff
"""


# Two tests that wait for reports of faults, in rounds of their own.
REPORTS = """coldplug
settle
-dmatest --device a000000.dma --test fault-read
-dmatest --device a000000.dma --test fault-write
rmmod -a
poweroff
"""


class Outcome:
    """A run with a plan."""

    def __init__(self, b, config, rules, init=None, options=()):
        b.config = os.path.join(b.source, "vp-configs", config)
        plan = b.write("plan.toml", "".join(
            "[[inject]]\nname = \"rule %d\"\n" % i + "".join("%s = %s\n" % (key, json.dumps(value)) for key, value in rule.items())
            for i, rule in enumerate(rules)))
        report = os.path.join(b.folder, "report.json")
        path = b.variant(init=init) if init else b.config
        self.run = b.run(path, "--inject", plan, "--json", report, *options, timeout=600)
        check(os.path.exists(report), "expected a report", self.run)
        with open(report, encoding="utf-8") as f:
            self.report = json.load(f)
        self.injections = self.report.get("injections", [])
        self.rounds = self.run.stdout.split("KTAP version 1\n")[1:]

    def all_fired(self):
        check(self.injections and all(i["complete"] for i in self.injections), "not all has fired: %s" % self.injections, self.run)
        for i in self.injections:
            check(len(i["hits"]) == i["fired"], "hits are missing: %s" % i, self.run)
        return self

    def passes(self):
        check(self.run.returncode == EXIT["pass"], "expected a run that passes", self.run)
        return self.all_fired()

    def ends(self):
        """The guest has gone on to the end of its script, and has let go of all its modules."""
        check("Power down" in self.run.stdout, "expected that the guest powers off", self.run)
        return self.all_fired()

    def failed(self, which, least=1, most=1):
        n = len(re.findall(r"(?m)^not ok ", self.rounds[which]))
        check(least <= n <= most, "%d tests failed in round %d, expected %d to %d" % (n, which + 1, least, most), self.run)
        return self

    def shows(self, *patterns):
        for pattern in patterns:
            check(re.search(pattern, self.run.stdout), "the console does not show: %s" % pattern, self.run)
        return self

    def has_event(self, name):
        check(any(e["event"] == name for e in self.report["events"]), "no event %s is recorded" % name, self.run)
        return self


# ---- faults that drivers get over unnoticed

UNNOTICED = [
    {"at": "command", "do": "abort", "nth": 50, "every": 100, "count": 3},  # 7.1: CERROR_ABT, and read again
    {"at": "MSI", "of": "eventq", "do": "abort", "count": 2},  # 7.5: MSI_EVENTQ_ABT_ERR, and the queue is looked at
    {"at": "MSI", "of": "eventq", "do": "delay", "time": "200us", "nth": 9},
    {"at": "MSI", "of": "cmdq_sync", "do": "delay", "time": "50us", "nth": 20, "count": 2},
    {"at": "sync", "do": "delay", "time": "2ms", "nth": 30},
    {"at": "TTD", "do": "delay", "time": "3us", "stream": 0x100, "every": 50},
]


def case_a_driver_of_an_smmuv3_gets_over_aborts_and_delays_and_the_run_is_repeatable(b):
    init = TWICE % "disk check"
    r = Outcome(b, "gki-smmuv3.toml", UNNOTICED, init, ["--trace", "inject.fired"]).passes()
    r.shows("command queue: CERROR_ABT at index 0x31; read again", "global error: MSI_EVENTQ_ABT_ERR")
    hits = [h for i in r.injections for h in i["hits"]]
    check(r.run.stderr.count(" smmu0 inject.fired ") == len(hits) > 8, "expected a trace record for each of %d" % len(hits), r.run)
    check(r.injections[0]["hits"][0]["address"].startswith("0x") and r.injections[1]["hits"][0]["of"] == "eventq"
          and r.injections[5]["hits"][0]["stream_id"] == 0x100, "expected what was hit", r.run)
    check("injected        'rule 0': abort at command, 3 of " in r.run.stderr, "expected it in the summary", r.run)
    again = Outcome(b, "gki-smmuv3.toml", UNNOTICED, init)
    check(again.report["digest"] == r.report["digest"] and again.injections == r.injections, "the same plan gave another run", again.run)


def case_a_driver_of_an_smmuv2_gets_over_delays_and_a_conflict_in_the_tlb(b):
    rules = [
        {"at": "sync", "of": "TLBSYNC", "do": "delay", "time": "2ms", "nth": 20},  # IHI 0062 5.4: SACTIVE stays 1
        {"at": "interrupt", "do": "delay", "time": "1ms", "nth": 2},
        {"at": "lookup", "do": "conflict", "stream": 0x100, "nth": 100},  # 16.5.9: FSR.TLBMCF
    ]
    r = Outcome(b, "gki-smmuv2.toml", rules, TWICE % "disk check").ends().failed(0).failed(1, 0, 0)
    r.shows("context fault: TLBMCF client a000000.dma sid 0x100")
    check(r.injections[1]["hits"][0]["of"].startswith("context_irq"), "expected the line", r.run)


# ---- a run whose faults did not happen

def case_a_run_whose_fault_did_not_happen_is_invalid_and_says_how_near_it_was(b):
    rules = [
        {"at": "STE", "do": "delay", "time": "1us", "stream": 0x110},
        {"at": "CD", "do": "abort", "stream": 0x110, "substream": 0x1234},
        {"at": "command", "do": "abort", "nth": 1000000},
        {"at": "page request", "do": "abort"},
    ]
    r = Outcome(b, "gki-smmuv3.toml", rules, "coldplug\nsettle\ndisk check\npoweroff\n")
    check(r.run.returncode == INJECTION and r.report["verdict"] == "injection", "expected a verdict of its own", r.run)
    check(re.search(r"'rule 1' did not fire: \d+ came to CD, \d+ of them stream 0x110, none of them substream 0x1234; and 2 more",
                    r.report["reason"]), "the reason does not say how near it was: %s" % r.report["reason"], r.run)
    check(re.search(r"'rule 2' did not fire: \d+ came to command; match 1000000 was needed", r.run.stderr), "expected it in the summary", r.run)
    check("'rule 3' did not fire: nothing came to page request" in r.run.stderr, "expected it in the summary", r.run)
    near = r.injections[1]
    check([c["condition"] for c in near["conditions"]] == ["stream 0x110", "substream 0x1234"] and near["conditions"][0]["passed"] > 0
          and near["conditions"][1]["passed"] == 0 and near["candidates"] > 0 == near["matches"], "conditions: %s" % near, r.run)
    check(r.injections[0]["complete"] and not near["complete"], "expected that one has fired", r.run)


def case_a_plan_that_the_platform_cannot_follow_is_refused_with_its_place(b):
    def refused(rule, *patterns):
        plan = b.write("plan.toml", "[[inject]]\nname = \"a\"\n" + rule + "\n")
        r = b.run(os.path.join(b.source, "vp-configs/gki-dual.toml"), "--inject", plan)
        check(r.returncode == EXIT["config"] and r.stdout == "", "expected a refusal", r)
        for pattern in patterns:
            check(re.search(pattern, r.stderr), "the message does not say: %s" % pattern, r)

    refused('at = "STEE"\ndo = "abort"', r"plan\.toml:3:6: 'a': .* no place 'STEE' .*did you mean 'STE'\?")
    refused('smmu = "smmu9"\nat = "STE"\ndo = "abort"', r"plan\.toml:3:8: 'a': 'smmu9' is no SMMU")
    refused('at = "STE"\ndo = "drop"', r"plan\.toml:4:6: 'a': at = \"STE\" takes do = \"abort\" or \"flip\" or \"delay\", not \"drop\"")
    refused('at = "command"\ndo = "abort"\nstream = 1', r"plan\.toml:5:10: 'a': at = \"command\" knows no stream")
    refused('at = "MSI"\nof = "event"\ndo = "abort"', r"plan\.toml:4:6: 'a': no MSI is of 'event'; did you mean 'eventq'\?")
    refused('at = "STE"\ndo = "abort"\nstreem = 1', r"plan\.toml:5:1: unknown key 'streem' .* did you mean 'stream'\?")
    r = b.run(os.path.join(b.source, "vp-configs/gki-none.toml"), "--inject", b.write("p.toml", '[[inject]]\nname = "a"\nat = "STE"\ndo = "abort"\n'))
    check(r.returncode == EXIT["config"] and "no SMMU to inject faults into" in r.stderr, "expected a refusal", r)
    r = b.run(None, "--inject", os.path.join(b.folder, "nothing.toml"))
    check(r.returncode == EXIT["config"] and "nothing.toml" in r.stderr, "expected a refusal", r)


def case_the_examples_of_the_documentation_do_what_it_says(b):
    with open(os.path.join(b.source, "docs/fault-injection.md"), encoding="utf-8") as f:
        text = f.read()
    examples = re.findall(r"(?s)```toml\n(.*?)```.*?```\nsmmu-vp run (\S+) .*?  verdict +(\S+ \(exit code (\d+)\))", text)
    check(len(examples) == 2, "expected two examples")
    for plan, config, verdict, code in examples:
        r = b.run(os.path.join(b.source, config), "--inject", b.write("plan.toml", plan))
        check(r.returncode == int(code) and verdict in r.stderr, "expected %s" % verdict, r)
        told = re.findall(r"(?m)^\[.*\] injected '(.*)': ", r.stderr)
        check(told == re.findall(r'name = "(.*)"', plan) or code == "72", "expected each of the plan", r)


# ---- all kinds, one by one

def case_nightly_an_smmuv3_reports_each_abort_and_its_driver_goes_on(b):
    """One test of dmatest meets the fault, and fails; nothing else does."""
    stream = {"stream": 0x100}
    for rule, event, name in [
        ({"at": "L1STD", "do": "abort", **stream}, "F_STE_FETCH", "7.3.4"),
        ({"at": "STE", "do": "abort", **stream}, "F_STE_FETCH", "7.3.4"),
        ({"at": "CD", "do": "abort", **stream}, "F_CD_FETCH", "7.3.10"),
        ({"at": "L1CD", "do": "abort", **stream}, "F_CD_FETCH", "7.3.10"),
        ({"at": "TTD", "do": "abort", "level": 0, **stream}, "F_WALK_EABT", "7.3.12"),
        ({"at": "TTD", "do": "abort", "level": 3, "nth": 20, **stream}, "F_WALK_EABT", "7.3.12"),
        ({"at": "TTD", "do": "abort", "stage": 2, **stream}, "F_WALK_EABT", "7.3.12"),
        ({"at": "STE", "do": "flip", "flip": "0x1", **stream}, "C_BAD_STE", "7.3.5: V"),
        ({"at": "CD", "do": "flip", "flip": "0x80000000", **stream}, "C_BAD_CD", "7.3.11: V"),
        ({"at": "TTD", "do": "flip", "flip": "0x1", "level": 3, "nth": 20, **stream}, "F_TRANSLATION", "7.3.13"),
        ({"at": "lookup", "do": "conflict", "nth": 100, **stream}, "F_TLB_CONFLICT", "7.3.17"),
        ({"at": "transaction", "do": "abort", "nth": 100, **stream}, None, "the SMMU has no part in it"),
    ]:
        print(rule, name, flush=True)
        r = Outcome(b, "gki-smmuv3.toml", [rule], TWICE % "disk check").ends().failed(0).failed(1, 0, 0)
        if event:
            r.has_event(event)


def case_nightly_an_smmuv3_and_its_driver_get_over_errors_of_queues(b):
    init = TWICE % "disk check"
    # 4.1.3: an opcode that there is not. What is skipped is an invalidation: the driver says so to whoever asked for it.
    Outcome(b, "gki-smmuv3.toml", [{"at": "command", "do": "flip", "flip": "0xff", "nth": 60}], init).ends().shows("CERROR_ILL")
    # 7.1: it does not pass. The driver gives the queue up, and says so; the guest comes to its end.
    r = Outcome(b, "gki-smmuv3.toml", [{"at": "command", "do": "abort", "nth": 200, "count": 4}], init, ["--no-default-fail-on"]).all_fired()
    r.shows("CERROR_ABT.*; read again", "the queue cannot be read; no more commands")
    check(r.report["verdict"] == "fail", "expected that the guest fails", r.run)
    # 7.2.2: records are lost, and told of
    Outcome(b, "gki-smmuv3.toml", [{"at": "event", "do": "abort", "nth": 3}], init).ends().failed(0).failed(1, 0, 0).shows("EVENTQ_ABT_ERR")
    # 7.2.2: so are those of stalled accesses, which software must end
    lost = "coldplug\nsettle\n-dmatest --device a000000.dma --test page-fault\n-dmatest --device a000000.dma --test page-fault\nrmmod -a\npoweroff\n"
    r = Outcome(b, "gki-smmuv3.toml", [{"at": "event", "do": "abort"}], lost).ends().failed(0).failed(1, 0, 0).shows("EVENTQ_ABT_ERR")
    check(r.report["sim_time_ps"] < 5 * 10**12, "expected that the access is ended at once", r.run)
    # 7.4: an overflow
    Outcome(b, "gki-smmuv3.toml", [{"at": "event-queue", "do": "full", "nth": 3, "count": 2}], init).ends().failed(0, 1, 2).failed(1, 0, 0) \
        .shows("event queue overflowed, records were lost; 3 seen so far")
    # 4.7.3: a CMD_SYNC that takes longer than the driver waits
    Outcome(b, "gki-smmuv3.toml", [{"at": "sync", "do": "delay", "time": "2s", "nth": 50}], init).ends().failed(1, 0, 0) \
        .shows("command queue: stuck with 1 commands")


def case_nightly_interrupts_of_an_smmuv3_are_aborted_lost_or_late(b):
    init = TWICE % "disk check"
    wired = ["--set", "smmu0.MSI=false"]
    eventq, gerror, sync = ({"at": "MSI", "of": of} for of in ("eventq", "gerror", "cmdq_sync"))
    Outcome(b, "gki-smmuv3.toml", [{**sync, "do": "abort", "nth": 20}], init).passes().shows("MSI_CMDQ_ABT_ERR")
    # Nobody is told; the driver waits as long as for any CMD_SYNC, and goes by CMDQ_CONS from then on.
    Outcome(b, "gki-smmuv3.toml", [{**sync, "do": "drop", "nth": 20}], init).passes()
    # 7.5.1: what says that the MSI of GERROR was aborted has no MSI. Whoever looks at GERROR next finds both.
    Outcome(b, "gki-smmuv3.toml", [{**gerror, "do": "abort"}, {"at": "event", "do": "abort", "nth": 3}], init).ends() \
        .failed(1, 0, 0).shows("EVENTQ_ABT_ERR", "MSI_GERROR_ABT_ERR")
    Outcome(b, "gki-smmuv3.toml", [{"at": "interrupt", "of": "eventq_irq", "do": "delay", "time": "3ms", "nth": 2}], init, wired).passes()
    # 3.18: it comes when the queue becomes non-empty, which it stays. Nobody waits for ever, and the driver looks at the
    # queue before it goes.
    for rule, options in (({**eventq, "do": "drop"}, []), ({"at": "interrupt", "of": "eventq_irq", "do": "drop"}, wired)):
        r = Outcome(b, "gki-smmuv3.toml", [rule], REPORTS, options).ends().failed(0).failed(1)
        r.shows("event: F_TRANSLATION", "stopped; 2 events seen")


def case_nightly_page_requests_that_are_not_recorded_are_answered(b):
    for rule, shown in (({"at": "page request", "do": "abort"}, "PRIQ_ABT_ERR"),  # 8.2
                        ({"at": "page-request-queue", "do": "full"}, "PRI queue overflowed"),  # 8.1
                        ({"at": "MSI", "of": "priq", "do": "abort"}, "MSI_PRIQ_ABT_ERR")):  # 7.5
        Outcome(b, "gki-smmuv3-ats.toml", [rule]).all_fired().shows(shown)


def case_nightly_an_smmuv2_reports_each_abort_and_its_driver_goes_on(b):
    stream = {"stream": 0x100}
    for rule, shown in [
        ({"at": "TTD", "do": "abort", "level": 0, **stream}, "context fault: EF .* level 0 PTWF"),  # 16.5.9: EF
        ({"at": "TTD", "do": "abort", "level": 3, "nth": 20, **stream}, "context fault: EF .* level 3 PTWF"),
        ({"at": "TTD", "do": "flip", "flip": "0x1", "level": 3, "nth": 20, **stream}, "context fault: TF "),
        ({"at": "lookup", "do": "conflict", "nth": 100, **stream}, "context fault: TLBMCF "),
        ({"at": "transaction", "do": "abort", "nth": 100, **stream}, "ok 2"),
    ]:
        print(rule, flush=True)
        Outcome(b, "gki-smmuv2.toml", [rule], TWICE % "disk check").ends().failed(0).failed(1, 0, 0).shows(shown)
    # 5.4: a synchronisation that takes longer than the driver waits. It frees nothing that may be in use, and says so.
    Outcome(b, "gki-smmuv2.toml", [{"at": "sync", "do": "delay", "time": "2s", "nth": 20}], TWICE % "disk check", ["--no-default-fail-on"]) \
        .all_fired().shows("TLBSYNC of context bank . does not end")
    # A level that nobody sees stays: what it tells is not taken. Nobody waits for ever.
    Outcome(b, "gki-smmuv2.toml", [{"at": "interrupt", "do": "drop"}], REPORTS).ends().failed(0).failed(1)


if __name__ == "__main__":
    main(globals())
