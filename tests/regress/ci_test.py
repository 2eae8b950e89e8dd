#!/usr/bin/env python3
"""docs/ci.md and examples/ci: the jobs are YAML, and what they and the page name is there.

usage: ci_test.py --source DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed; 77: skipped, and it said why.
"""
import argparse
import os
import re
import subprocess
import sys


def check(condition, text):
    if not condition:
        print("FAILED:", text)
        sys.exit(1)


def read(source, name):
    with open(os.path.join(source, name), encoding="utf-8") as f:
        return f.read()


def lines_of(yaml_node):
    """All texts in it."""
    if isinstance(yaml_node, str):
        return [yaml_node]
    if isinstance(yaml_node, dict):
        return [t for v in yaml_node.values() for t in lines_of(v)]
    if isinstance(yaml_node, list):
        return [t for v in yaml_node for t in lines_of(v)]
    return []


def case_the_jobs_are_yaml_and_call_vp_as_it_is(source):
    try:
        import yaml
    except ImportError:
        print("skipped: there is no python3-yaml")
        sys.exit(77)
    gitlab = yaml.safe_load(read(source, "examples/ci/gitlab-ci.yml"))
    check(gitlab["regress"]["stage"] in gitlab["stages"] and gitlab["results"]["needs"] == ["regress"], "GitLab's stages")
    check(gitlab["results"]["artifacts"]["reports"]["junit"] in " ".join(gitlab["results"]["script"]), "GitLab shows the JUnit file that is written")
    github = yaml.safe_load(read(source, "examples/ci/github-workflow.yml"))
    check(github["jobs"]["results"]["needs"] == "regress" and len(github["jobs"]["regress"]["strategy"]["matrix"]["part"]) == 4, "GitHub's jobs")
    known = set(re.findall(r"--[a-z-]+", read(source, "platform/regress/regress.py") + read(source, "platform/regress/coverage.py")))
    for text in lines_of(gitlab) + lines_of(github):
        for call in re.findall(r"smmu-vp/vp (\S+)([^|\n]*)", text):
            check(call[0] in ("build", "regress", "coverage-report"), f"there is no ./vp {call[0]}")
            for option in re.findall(r"--[a-z-]+", call[1]):
                check(option in known, f"{call[0]} has no {option}")


def case_the_page_names_all_options_keys_and_columns(source):
    page = read(source, "docs/ci.md")
    sys.path.insert(0, os.path.join(source, "platform/regress"))
    import regress
    import store
    import suite
    for option in re.findall(r"^  (--[a-z-]+)", regress.__doc__, re.M):
        if option not in ("--program", "--jobs", "--patience"):
            check(option in page, f"docs/ci.md does not name {option}")
    for key in [*suite.TOP, *suite.GROUP]:
        check(f"`{key}`" in page or key == "runs", f"docs/ci.md does not name the key {key}")
    for column in re.findall(r"^  (\w+) (?:INTEGER|TEXT|REAL)", store.SCHEMA, re.M):
        check(f"`{column}`" in page, f"docs/ci.md does not name the column {column}")
    for verdict in suite.VERDICTS:
        check(f'"{verdict}"' in read(source, "platform/src/exit_codes.cpp"), f"smmu-vp has no verdict {verdict}")


def case_the_sample_suite_is_right(source):
    r = subprocess.run([sys.executable, os.path.join(source, "platform/regress/regress.py"), os.path.join(source, "vp-configs/regress.toml"), "--list"],
                       capture_output=True, text=True, timeout=60, check=False)
    check(r.returncode == 0 and r.stdout.count("smmu-vp run") > 5, r.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("case")
    a = parser.parse_args()
    globals()["case_" + a.case](a.source)


if __name__ == "__main__":
    main()
