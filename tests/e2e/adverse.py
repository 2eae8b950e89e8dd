#!/usr/bin/env python3
"""Runs on platforms as hostile as the architecture allows (docs/adverse.md): the bundled guest passes, and races show.

usage: adverse.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed. SMMUVP_ADVERSE_SEEDS=FIRST-LAST in the
environment gives the seeds of the nightly case, which otherwise are those that follow the ones of the last time.
"""
import json
import os
import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "checker/bugs"))
import bugs  # noqa: E402
from e2e import EXIT, check, main  # noqa: E402

SEEDS_OF_A_NIGHT = 15


def report(b, config, *options):
    path = os.path.join(b.folder, "run.json")
    r = b.run(os.path.join(b.source, "vp-configs", config + ".toml"), "--json", path, "--timeout-sim", "30s", *options)
    with open(path, encoding="utf-8") as f:
        return r, json.load(f)


def passes(b, config, seed):
    r, told = report(b, config, "--adverse", str(seed), "--check", "error")
    check(r.returncode == EXIT["pass"] and told["guest_errors"] == 0,
          "expected %s to pass with --adverse %d: %s, %s" % (config, seed, told["reason"], told["check"]["counts"]), r)
    check(told["adverse"]["seed"] == seed and "--set " + told["adverse"]["settings"][0] in r.stderr,
          "expected the choices in the report and in the summary", r)
    return told


def case_the_guest_passes_upon_an_smmuv3(b):
    passes(b, "gki-smmuv3", 9)


def case_the_guest_passes_upon_an_smmuv2(b):
    passes(b, "gki-smmuv2", 4)


def case_the_guest_passes_upon_both(b):
    passes(b, "gki-dual", 1)


def case_a_seed_gives_one_digest_and_so_do_its_settings_without_it(b):
    r, first = report(b, "gki-smmuv2", "--adverse", "6")
    settings = [word for s in first["adverse"]["settings"] for word in ("--set", s)]
    _, again = report(b, "gki-smmuv2", "--adverse", "6")
    _, by_set = report(b, "gki-smmuv2", *settings)
    _, other = report(b, "gki-smmuv2", "--adverse", "7")
    check(first["digest"] == again["digest"] == by_set["digest"], "expected equal digests", r)
    check(other["digest"] != first["digest"], "expected another digest of another seed", r)
    check("adverse" not in by_set, "expected no word of --adverse in a run without it", r)


def case_what_is_set_stays_and_a_seed_that_is_none_is_refused(b):
    config = os.path.join(b.source, "vp-configs/gki-smmuv2.toml")
    r = b.run(config, "--adverse", "6", "--set", "smmu0.tlb_sets=3", command="check")
    check(r.returncode == EXIT["config"] and "--set smmu0.tlb_sets=3" in r.stderr, "expected what is set to stay, and be judged", r)
    r = b.run(config, "--adverse", "often", command="check")
    check(r.returncode == EXIT["config"] and "--adverse: 'often' is no number" in r.stderr, "expected the seed to be refused", r)


def race(b, name, config, seeds):
    """It passes as the platform is, and is seen with one of the seeds."""
    found = [x for x in bugs.read(HERE / "races/races.txt") if x["name"] == name]
    folder = pathlib.Path(b.folder) / name
    folder.mkdir()
    module = str(bugs.build_module(found[0], pathlib.Path(b.source), pathlib.Path(b.build), folder))
    r, told = report(b, config, "--module", module)
    check(r.returncode == EXIT["pass"], "expected the race not to show without --adverse: " + told["reason"], r)
    for seed in seeds:
        r, told = report(b, config, "--module", module, "--adverse", str(seed), "--timeout-sim", "5s")
        check(r.returncode != EXIT["pass"], "expected --adverse %d to show it" % seed, r)


def case_a_driver_that_takes_consumed_for_complete_is_found(b):
    race(b, "consumed_is_complete", "gki-smmuv3", [1])


def case_nightly_other_races_are_found(b):
    for name, seeds in (("consumed_is_complete", [6]), ("nobody_waits", [1, 2, 3, 4]), ("nothing_was_there", [1, 4, 5, 6])):
        race(b, name, "gki-smmuv3", seeds)


def case_nightly_the_guest_passes_with_many_seeds(b):
    file = pathlib.Path(b.build) / "tests/e2e/adverse_next_seed"
    given = os.environ.get("SMMUVP_ADVERSE_SEEDS")
    first = int(file.read_text(encoding="ascii")) if file.exists() else 1000
    last = first + SEEDS_OF_A_NIGHT - 1
    if given:
        first, last = (int(n) for n in given.split("-"))
    for seed in range(first, last + 1):
        for config in ("gki-smmuv3", "gki-smmuv2", "gki-dual"):
            passes(b, config, seed)
    if not given:
        file.write_text(str(last + 1), encoding="ascii")


if __name__ == "__main__":
    main(globals())
