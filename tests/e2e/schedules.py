#!/usr/bin/env python3
"""End-to-end tests: random schedules of loading, binding, using, faulting, unbinding and unloading, many in one boot.

usage: schedules.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed. A schedule has a number, which is its seed;
SMMUVP_SCHEDULES=FIRST-LAST in the environment runs those instead. What fails is made as short as it can be and printed.
"""
import contextlib
import io
import itertools
import json
import os
import random
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import EXIT, check, main  # noqa: E402
from module_world import PLATFORMS, Script, World, command, prepare, second_cpu  # noqa: E402

STEPS = 12
IN_A_BOOT = 50
# Boots that the search for the shortest failing schedule may take.
PATIENCE = 150


# ---- schedules: a step is what World.step() takes, or several of them that run at the same time, joined by one of these.
TOGETHER, RACE = " & ", " ! "


def agree(world, steps):
    """Steps that all succeed, and lead to one world, in whatever order: that world, or None."""
    ends = []
    for order in itertools.permutations(steps):
        end = world.copy()
        if not all([end.step(words) for words in order]):
            return None
        ends.append(end)
    same = all(end.loaded == ends[0].loaded and end.off == ends[0].off for end in ends)
    return ends[0] if same else None


def draw_use(rng, platform, name):
    tests = platform.devices[name].tests
    return "use %s %s" % (name, rng.choice(tests)) if tests else "use " + name


def draw_step(rng, world):
    platform = world.platform
    devices, clients = list(platform.devices), [c.name for c in platform.clients()]
    what = rng.choices(("insmod", "rmmod", "bind", "unbind", "use"), (6, 3, 3, 3, 6))[0]
    if what == "use":
        return draw_use(rng, platform, rng.choice(clients))
    if what in ("bind", "unbind"):
        return "%s %s" % (what, rng.choice(devices))
    # Mostly what changes something.
    useful = [m for m in platform.modules if (m in world.loaded) == (what == "rmmod")]
    return "%s %s" % (what, rng.choice(useful if useful and rng.random() < 0.85 else platform.modules))


def draw_several(rng, world):
    """Steps that may run at the same time; None if chance finds none."""
    bound = [name for name in world.behind()]
    if bound and rng.random() < 0.4:
        name = rng.choice(bound)
        # Whether the test comes before its device goes is nobody's promise.
        return RACE.join((draw_use(rng, world.platform, name), "unbind %s" % rng.choice((name, world.platform.devices[name].iommu))))
    for _ in range(20):
        steps = [draw_step(rng, world) for _ in range(rng.choice((2, 2, 3)))]
        # Results of one test at a time are read.
        if sum(s.startswith("use") for s in steps) <= 1 and len(set(steps)) == len(steps) and agree(world, steps):
            return TOGETHER.join(steps)
    return None


def clean_up(world):
    """Steps behind which nothing is loaded."""
    steps, world = [], world.copy()
    while world.loaded:
        module = next(m for m in world.platform.modules if m in world.loaded and not world.held(m))
        steps.append("rmmod " + module)
        world.step(steps[-1])
    return steps


def draw(platform, number, several):
    rng, world, steps = random.Random(number), World(platform), []
    while len(steps) < STEPS:
        words = draw_several(rng, world) if several and rng.random() < 0.25 else None
        words = words or draw_step(rng, world)
        apply(Script(platform), world, words)
        steps.append(words)
    return steps + clean_up(world)


class Impossible(Exception):
    """A schedule of which not all was foreseen: a step was left out that another one needs."""


def apply(script, world, words):
    """One step, in a script and in a world."""
    if RACE in words:
        use, unbind = words.split(RACE)
        if not world.step(unbind):
            raise Impossible(words)
        script.lines.append("together '-%s' '%s'" % (command(script.platform, use), command(script.platform, unbind)))
    elif TOGETHER in words:
        steps = words.split(TOGETHER)
        end = agree(world, steps)
        if end is None:
            raise Impossible(words)
        world.loaded, world.off = end.loaded, end.off
        script.lines.append("together " + " ".join("'%s'" % command(script.platform, s) for s in steps))
        script.uses += sum(s.startswith("use") for s in steps)
    else:
        script.uses += words.startswith("use") and world.bound(words.split()[1])
        script.step(world, words)


def script_of(platform, schedules, several):
    """Of (name, steps) each, one behind the other."""
    script, world = Script(platform), World(platform)
    if several:
        script.lines.append("insmod /lib/modules/test-together.ko")
    for name, steps in schedules:
        for n, words in enumerate(steps):
            apply(script, world, words)
            script.show(world, "%s, step %d: %s" % (name, n + 1, words))
    for words in clean_up(world):
        apply(script, world, words)
    return script


# ---- running them

def told_once(console, report):
    """Faults that the SMMUs have recorded, against those that their drivers have seen; None: they are the same."""
    context, world = {}, {}
    for device, faults, others in re.findall(r"arm-smmu (\S+): stopped; (\d+) context faults and (\d+) global faults seen", console):
        context[device] = context.get(device, 0) + int(faults) + int(others)
    for device, events in re.findall(r"arm-smmu-v3 (\S+): stopped; (\d+) events seen", console):
        world[device] = world.get(device, 0) + int(events)
    statistics = report["statistics"].values()
    recorded = (sum(s["context_faults"] + s["global_faults"] for s in statistics if "context_faults" in s), report["event_count"])
    seen = (sum(context.values()), sum(world.values()))
    return None if recorded == seen else "context and global faults, and events: %s are recorded, %s are seen" % (recorded, seen)


def failure(b, platform, schedules, several):
    """What is wrong with a run of these, as text, and its console; (None, ...): nothing."""
    script = script_of(platform, schedules, several)
    report = os.path.join(b.folder, "report.json")
    r, console = script.run(b, "--json", report)
    wrong = script.mismatch(console)
    if wrong is None and r.returncode != EXIT["pass"]:
        wrong = "exit code %d" % r.returncode
    if wrong is None and console.count("\nok 1 - ") + console.count("SHA256SUMS says, 0 wrong, 0 missing") < script.uses:
        wrong = "%d tests have run, %d were to" % (console.count("\nok 1 - "), script.uses)
    if wrong is None:
        with open(report) as f:
            wrong = told_once(console, json.load(f))
    return wrong, console


def shortest(fails, steps, patience=PATIENCE):
    """The steps without those that `fails` does not need (Zeller's ddmin), as far as patience lasts."""
    size = max(1, len(steps) // 2)
    while patience > 0:
        at, gone = 0, False
        while at < len(steps) and patience > 0:
            fewer = steps[:at] + steps[at + size:]
            patience -= 1
            if fewer and fails(fewer):
                steps, gone = fewer, True
            else:
                at += size
        if size == 1 and not gone:
            break
        size = max(1, size // 2)
    return steps


def explain(b, platform, schedules, wrong, console, several):
    """Ends the test with the shortest schedule that still fails."""
    def fails(steps):
        try:
            return failure(b, platform, [("shrunk", steps)], several)[0] is not None
        except Impossible:
            return False

    at = next((n for n, (name, _) in enumerate(schedules) if wrong.startswith("behind " + name + ",")), len(schedules) - 1)
    print("FAILED: " + wrong)
    steps = schedules[at][1]
    if not fails(steps):
        print("Alone it passes; with those before it:")
        steps = [s for _, part in schedules[:at + 1] for s in part]
    steps = shortest(fails, steps)
    wrong, console = failure(b, platform, [("shrunk", steps)], several)
    print("The shortest that still fails, of the seed of %s: %s" % (schedules[at][0], wrong))
    print("\n".join(script_of(platform, [("shrunk", steps)], several).lines))
    print("--- its console\n" + console[-6000:])
    sys.exit(1)


def run(b, name, numbers, change=None, several=False, tests=()):
    platform = PLATFORMS[name]
    prepare(b, platform, (*tests, "test-together") if several else tests, change)
    chosen = re.fullmatch(r"(\d+)-(\d+)", os.environ.get("SMMUVP_SCHEDULES", ""))
    if chosen:
        numbers = range(int(chosen[1]), int(chosen[2]) + 1)
    for first in range(numbers.start, numbers.stop, IN_A_BOOT):
        schedules = [("schedule %d" % n, draw(platform, n, several)) for n in range(first, min(first + IN_A_BOOT, numbers.stop))]
        wrong, console = failure(b, platform, schedules, several)
        if wrong:
            explain(b, platform, schedules, wrong, console, several)


def case_a_hundred_schedules_on_gki_dual_end_as_foreseen(b):
    run(b, "gki-dual", range(1, 101))


def case_a_hundred_schedules_of_steps_at_the_same_time_end_as_foreseen(b):
    run(b, "gki-dual", range(101, 201), second_cpu, several=True)


def case_nightly_five_thousand_schedules_on_gki_dual_end_as_foreseen(b):
    run(b, "gki-dual", range(1, 5001))


def case_nightly_five_thousand_schedules_of_steps_at_the_same_time_end_as_foreseen(b):
    run(b, "gki-dual", range(5001, 10001), second_cpu, several=True)


# ---- the search for what fails

def case_the_shortest_that_fails_has_no_step_too_many(_):
    steps = list(range(40))
    for wanted in ([3, 17], [0], [39], [5, 6, 7, 30], steps):
        found = shortest(lambda s, w=wanted: all(n in s for n in w), steps)
        check(found == wanted, "%s, expected %s" % (found, wanted))
    tries = []
    shortest(lambda s: tries.append(s), steps, patience=7)
    check(len(tries) == 7, "%d tries, expected 7" % len(tries))


def case_what_is_not_as_foreseen_is_told_with_its_seed_and_as_few_steps_as_it_takes(b):
    # Nothing is wrong with the guest: what is foreseen is. The second client does without the format that it needs.
    platform = PLATFORMS["gki-dual"]
    platform.devices["a002000.dma"].format = None
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            run(b, "gki-dual", range(1, 51))
        check(False, "it passes")
    except SystemExit as end:
        text = output.getvalue()
        check(end.code == 1 and re.search(r"FAILED: behind schedule \d+, step \d+: ", text), "what is told:\n" + text)
    found = re.search(r"The shortest that still fails, of the seed of schedule (\d+): behind shrunk, step 2: .*a002000\.dma", text)
    check(found, "it takes two steps:\n" + text)
    lines = text[found.end():text.index("--- its console")]
    check(sorted(re.findall(r"(?m)^insmod /lib/modules/(\S+)\.ko$", lines)) == ["arm-smmu", "testdev-dma"], "which two:\n" + lines)
    # The number alone brings it back.
    os.environ["SMMUVP_SCHEDULES"] = "%s-%s" % (found[1], found[1])
    try:
        with contextlib.redirect_stdout(output):
            run(b, "gki-dual", range(1, 2))
        check(False, "the number does not bring it back")
    except SystemExit:
        check(output.getvalue().count("of the seed of schedule %s:" % found[1]) == 2, "another one fails")


if __name__ == "__main__":
    main(globals())
