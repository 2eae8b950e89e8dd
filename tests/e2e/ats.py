#!/usr/bin/env python3
"""The guest and PCI endpoints that keep translations, have PASIDs and ask for pages, behind an SMMUv3 with ATS and PRI.

usage: ats.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import json
import os
import re

from e2e import EXIT, check, in_order, main

# An integrated endpoint with ATS alone; two with all, whose answers have PASIDs and have none; one whose PASIDs may not be
# used, since its port has no ACS; and functions behind a bridge, which have none of it.
TOPOLOGY = ("dma(ats), port[dma(ats, pasid=16, pri)], port[dma(ats, pasid=8, pri-plain)], port-noacs[dma(ats, pasid=8)], "
            "port[bridge[dma, dma]]")
SMMU = "ATS = true, ATSRECERR = true, PRI = true, PRIQS = 8"
LOAD = "modprobe -a arm-smmu-v3 pci-host-generic testdev-dma\n"


def platform(smmu=SMMU, pcie="ats = true"):
    """The shipped platform with ATS; `smmu` and `pcie` are parameters beside those that it has."""
    def edit(text):
        text, n = re.subn(r'cmdq_sync_irq = "SPI 76" }', 'cmdq_sync_irq = "SPI 76"%s }' % (', priq_irq = "SPI 77"' if "PRI =" in smmu else ""), text)
        text, m = re.subn(r'(?m)^wires = { event_out = "cpu0.event" }\n', 'wires = { event_out = "cpu0.event"%s }\n%s' % (
            ', ats = "pci0.ats"' if smmu else "", "".join("params.%s\n" % p.strip() for p in smmu.split(",") if p)), text)
        assert n == 1 and m == 1, "the configuration has another shape than expected"
        text += '\nparams = { topology = "%s"%s }\n' % (TOPOLOGY, ", " + pcie if pcie else "")
        return text
    return edit


def ats(b, init, *options, change=None):
    r = b.run(b.variant(init=LOAD + init + "poweroff\n", change=change or platform()), *options)
    check(r.returncode == EXIT["pass"], "expected exit code 0", r)
    check("not ok" not in r.stdout, "a KTAP test failed", r)
    return r


def case_functions_keep_translations_have_pasids_and_ask_for_pages(b):
    report = os.path.join(b.folder, "report.json")
    r = ats(b, "atstest\nsmmu status\nrmmod testdev-dma\nlspci\n", "--strict", "--json", report)
    for function in ("0000:01:00.0", "0000:02:00.0"):
        part = r.stdout.split("# function " + function)[1].split("# function")[0]
        check(part.count("\nok ") >= 12 and "# SKIP" not in part, "%s skips a test" % function, r)
    alone = r.stdout.split("# function 0000:00:01.0")[1].split("# function")[0]
    check(re.search(r"pages come in groups # SKIP it cannot ask for pages", alone), "what a function has not is not told", r)
    in_order(r, [r"[1-9]\d* page requests, [1-9]\d* answers, 0 overflows", r"01:00\.0 .*ATS off, PASID off, PRI off"])
    with open(report) as f:
        smmu = json.load(f)["statistics"]["smmu0"]
    check(smmu["ats_requests"] and smmu["ats_translated"] and smmu["atc_invalidations"] and smmu["page_requests"], "the SMMU has seen nothing of it", r)
    check(smmu["atc_timeouts"] == 0 and smmu["page_requests_lost"] == 0, "something was lost", r)


def case_a_platform_of_functions_that_keep_translations_runs_as_it_is(b):
    report = os.path.join(b.folder, "report.json")
    config = os.path.join(b.source, "vp-configs", "gki-smmuv3-ats.toml")
    r = b.run(config, "--strict", "--json", report)
    check(r.returncode == EXIT["pass"] and "not ok" not in r.stdout, "expected exit code 0", r)
    with open(config) as f:
        text = f.read()
    check('topology = """%s"""' % TOPOLOGY in re.sub(r"\\\n *", "", text), "other functions than those of these tests")
    with open(report) as f:
        smmu = json.load(f)["statistics"]["smmu0"]
    check(smmu["ats_translated"] > smmu["ats_requests"] > 10000 and smmu["atc_invalidations"] > 100, "little goes through caches", r)
    check(smmu["page_requests"] > 100 and smmu["page_requests_lost"] == smmu["atc_timeouts"] == 0, "pages are not asked for, or something was lost", r)


def case_dmatest_passes_through_the_caches_of_functions(b):
    r = ats(b, "dmatest --device 0000:01:00.0 --size 2\n")
    for name in ("remap:", "switch:", "pasid:", "pasid-identity:", "nested:"):
        check(re.search(r"(?m)^ok \d+ - %s[^#\n]*$" % name, r.stdout), name + " did not pass", r)


def case_a_device_that_completes_no_invalidation_is_told_of(b):
    r = ats(b, "atstest --all 0000:00:01.0\ndmatest --device 0000:00:01.0 --test copy --size 1\n")
    in_order(r, [r"CERROR_ATC_INV_SYNC: a device has not completed an invalidation",
                 r"^ok \d+ - an invalidation that is never completed ends", r"^ok 1 - copy"])


def case_a_pri_queue_of_two_entries_is_enough(b):
    ats(b, "atstest\n", change=platform(SMMU.replace("PRIQS = 8", "PRIQS = 1")))


def case_without_page_requests_of_the_smmu_the_rest_is_used(b):
    r = ats(b, "atstest\n", change=platform("ATS = true"))
    in_order(r, [r"^ok \d+ - two PASIDs do not see each other's pages$", r"pages come in groups # SKIP its IOMMU takes no page requests"])


def case_without_ats_supported_or_ats_of_the_smmu_nothing_is_turned_on(b):
    r = ats(b, "atstest\nlspci\n", change=platform(SMMU, ""))
    in_order(r, [r"# SKIP its host is not ats-supported", r"01:00\.0 .*ATS off, PASID on, PRI off"])
    r = ats(b, "atstest\nlspci\n", change=platform("", "ats = true"))
    in_order(r, [r"# SKIP its IOMMU knows no ATS", r"01:00\.0 .*ATS off"])


if __name__ == "__main__":
    main(globals())
