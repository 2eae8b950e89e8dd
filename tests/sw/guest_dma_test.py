#!/usr/bin/env python3
"""The DMA API: addresses, lists, and memory that is shared with a device."""
from guest_support import GuestTest, main


class DmaApi(GuestTest):
    def test_the_dma_api_keeps_its_promises(self):
        run = self.run_script("modprobe test-dma\npoweroff\n", "test-iommu", "test-dma")
        self.assertNotIn("not ok", run.console)


if __name__ == "__main__":
    main()
