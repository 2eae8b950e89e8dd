#!/usr/bin/env python3
"""/sys: what the kernel shows of itself."""
from guest_support import GuestTest, main

PL011 = "/sys/bus/platform/devices/9000000.pl011"


class Sysfs(GuestTest):
    def test_the_tree_keeps_its_promises(self):
        run = self.run_script("modprobe test-sysfs\npoweroff\n", "test-sysfs")
        self.assertNotIn("not ok", run.console)

    def test_ls_shows_folders_files_and_links(self):
        run = self.run_script(f"ls /\nls /sys/bus\nls {PL011}\npoweroff\n")
        for line in ("d        0 /sys", "d        0 /sys/bus/platform", f"-     4096 {PL011}/modalias",
                     f"l        0 {PL011}/driver -> /sys/bus/platform/drivers/pl011"):
            self.assertIn(line, run.lines)

    def test_cat_reads_a_file_through_links(self):
        run = self.run_script("cat /sys/bus/platform/drivers/pl011/9000000.pl011/modalias\npoweroff\n")
        self.assert_console(run, "\nof:Npl011T(null)Carm,pl011Carm,primecell\n")

    def test_what_is_not_there_is_said(self):
        run = self.run_script(f"expect-fail cat /sys/nothing\nexpect-fail ls /sys/bus/pci\nexpect-fail cat {PL011}\npoweroff\n")
        self.assert_console(run, "cat: /sys/nothing: -ENOENT", "ls: /sys/bus/pci: -ENOENT", f"cat: {PL011}: -EISDIR")


if __name__ == "__main__":
    main()
