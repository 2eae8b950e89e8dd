#!/usr/bin/env python3
"""End-to-end tests of the guest's virtio_blk: files of the host, through either SMMU.

usage: disk.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import hashlib
import io
import os
import random
import re
import tarfile

from e2e import EXIT, check, in_order, main

# Sizes around what a request, a page, a sector and a block of SHA-256 hold.
SIZES = [0, 1, 55, 56, 63, 64, 65, 511, 512, 513, 4095, 4096, 4097, 65536, 131071, 131072, 131073, 300000]
SCRATCH = 48 << 10


def on(b, smmu):
    b.config = os.path.join(b.source, "vp-configs", "gki-smmuv%d.toml" % smmu)
    return b


def load(smmu):
    return "modprobe arm-smmu%s\nmodprobe virtio_blk\n" % ("-v3" if smmu == 3 else "")


def host_files(seed=1):
    rnd = random.Random(seed)
    return {"f%02d/of-%d.bin" % (i, size): rnd.randbytes(size) for i, size in enumerate(SIZES)}


def archive(b, files, kind=tarfile.USTAR_FORMAT, sums=None):
    if sums is None:
        sums = "".join("%s  %s\n" % (hashlib.sha256(data).hexdigest(), name) for name, data in files.items())
    path = os.path.join(b.folder, "disk.tar")
    with tarfile.open(path, "w", format=kind) as tar:
        folder = tarfile.TarInfo("f00")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, data in {**files, "scratch": bytes(SCRATCH), "SHA256SUMS": sums.encode()}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def run(b, smmu, script, image, *options):
    return b.run(on(b, smmu).variant(init=load(smmu) + script), "--set", "disk0.image=%s" % image, *options)


def files_come_through(b, smmu):
    files = host_files()
    for kind in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        r = run(b, smmu, "disk check\nblktest\nrmmod virtio_blk\npoweroff\n", archive(b, files, kind), "--strict")
        check(r.returncode == EXIT["pass"], "expected exit code 0", r)
        for name in files:
            check("\n%s: OK\n" % name in r.stdout, "%s is not found right" % name, r)
        check("vda: %d files, %d as SHA256SUMS says, 0 wrong, 0 missing, 1 without a sum" % (len(files) + 1, len(files)) in r.stdout,
              "not all files were seen", r)
        check(re.search(r"virtio-blk \S+\.virtio: in iommu group \d", r.stdout), "the disk is behind no SMMU", r)
        in_order(r, [r"^ok 5 - vda parallel", r"^ok 6 - vda write.*# SKIP the disk is read-only", r"^ok 7 - vda read-only"])


def case_files_of_the_host_come_through_an_smmuv3_as_they_are(b):
    files_come_through(b, 3)


def case_files_of_the_host_come_through_an_smmuv2_as_they_are(b):
    files_come_through(b, 2)


def case_what_the_guest_writes_is_in_the_image_and_nothing_else_changes(b):
    for smmu in (2, 3):
        image = archive(b, host_files(2))
        with open(image, "rb") as f:
            before = f.read()
        with tarfile.open(image) as tar:
            at = tar.getmember("scratch").offset_data
        r = run(b, smmu, "blktest\npoweroff\n", image, "--set", "disk0.read_only=false", "--strict")
        check(r.returncode == EXIT["pass"], "expected exit code 0", r)
        in_order(r, [r"^ok 6 - vda write: (?!.*SKIP)", r"^ok 7 - vda read-only.*# SKIP the disk can be written"])
        with open(image, "rb") as f:
            after = f.read()
        changed = [i for i in range(len(before)) if before[i] != after[i]]
        check(len(before) == len(after) and changed, "nothing was written", r)
        check(all(at <= i < at + SCRATCH for i in changed), "bytes outside of scratch changed", r)
        check(all((i - at) // 1024 % 2 == 0 for i in changed), "bytes beside those that were written changed", r)
        want = bytes(((i * 0x9e3779b1) & 0xffffffff) >> 13 & 0xff for i in range(SCRATCH))
        for block in range(0, SCRATCH, 2048):
            check(after[at + block:at + block + 1024] == want[block:block + 1024], "block %d is not what was written" % block, r)


def case_a_file_that_is_not_as_its_sum_says_is_named_and_fails(b):
    files = host_files(3)
    name = list(files)[9]
    image = archive(b, {**files, name: files[name][:-1] + bytes([files[name][-1] ^ 1])},
                    sums="".join("%s  %s\n" % (hashlib.sha256(data).hexdigest(), n) for n, data in files.items()))
    r = run(b, 3, "disk check\npoweroff\n", image)
    check(r.returncode == EXIT["fail"], "expected exit code 1", r)
    in_order(r, [r"^%s: is not what its sum says$" % re.escape(name), r"1 wrong, 0 missing", r"'disk check' failed"])
    r = run(b, 3, "blktest\npoweroff\n", image)
    check(r.returncode == EXIT["fail"] and "not ok 2 - vda files" in r.stdout, "the test passes", r)
    r = run(b, 3, "disk check\npoweroff\n", archive(b, {}, sums="%064x *gone\n" % 1))
    in_order(r, [r"^gone: is not in the archive$", r"0 wrong, 1 missing"])


def case_a_file_is_printed_as_it_is(b):
    text = "first line\nlast line without an end"
    r = run(b, 2, "disk ls\ndisk cat text\necho .\ndisk cat ./f/text\n-disk cat nothing\npoweroff\n", archive(b, {"text": text.encode(), "f/text": b"!\n"}))
    check(r.returncode == EXIT["pass"], "expected exit code 0", r)
    in_order(r, [r"^- +%d text$" % len(text), r"^first line\nlast line without an end\.\n!\n", r"^disk: nothing: no such file on vda$"])


def case_what_is_no_archive_is_refused_and_reads_as_a_disk(b):
    for content in (bytes(512), b"\xff" * 512, random.Random(4).randbytes(5120), open(archive(b, host_files(5)), "rb").read()[:1024]):
        image = b.write("no.img", content)
        r = run(b, 3, "expect-fail disk check\nblktest\npoweroff\n", image, "--strict")
        check(r.returncode == EXIT["pass"], "expected exit code 0", r)
        in_order(r, [r"^ok 2 - vda files.*# SKIP", r"^ok 3 - vda ends"])


def case_a_platform_without_a_disk_says_so(b):
    r = b.run(on(b, 3).alone().variant(init=load(3) + "disk\nexpect-fail blktest\nexpect-fail disk ls --disk vdz\npoweroff\n"))
    check(r.returncode == EXIT["pass"], "expected exit code 0", r)
    in_order(r, [r"^no disks$", r"^blktest: no disk$", r"^disk: no disk vdz$"])


if __name__ == "__main__":
    main(globals())
