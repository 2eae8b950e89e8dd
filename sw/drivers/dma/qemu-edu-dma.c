// SPDX-License-Identifier: MIT
/*
 * The DMA engine of QEMU's "edu" PCI device, as a client of the IOMMU core.
 *
 * QEMU's virt machine has no platform device behind its SMMUv3, but edu is a
 * PCI device that reads and writes memory through it. So the SMMU driver and
 * the page tables run against an SMMU that nobody of this project wrote.
 *
 * There is no PCI subsystem here: one function is looked up in the machine's
 * configuration space and given its registers, no more. edu's interface is
 * that of QEMU's docs/specs/edu.
 */
#define pr_fmt(fmt) "qemu-edu-dma: " fmt

#include <completion.h>
#include <delay.h>
#include <device.h>
#include <dma-mapping.h>
#include <io.h>
#include <iommu.h>
#include <iopoll.h>
#include <kernel.h>
#include <ktap.h>
#include <module.h>
#include <of.h>
#include <platform_device.h>
#include <shell.h>
#include <sizes.h>

#define EDU_VENDOR_DEVICE	0x11e81234u
#define EDU_ID			0x00
#define EDU_ID_MASK		0xffffu
#define EDU_ID_VALUE		0x00edu
#define EDU_DMA_SRC		0x80
#define EDU_DMA_DST		0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_CMD		0x98
#define EDU_CMD_START		0x1u
#define EDU_CMD_TO_RAM		0x2u
/* A part of the buffer: QEMU 7.2 refuses transfers at its edges. */
#define EDU_BUFFER		0x40400u
#define EDU_BUFFER_SIZE		0x800u
/* Address bits that edu drives unless told otherwise. */
#define EDU_DMA_BITS		28

#define PCI_COMMAND		0x04
#define PCI_COMMAND_MEM		0x2u
#define PCI_COMMAND_MASTER	0x4u
#define PCI_BAR0		0x10
#define PCI_SLOTS		32

#define FREE_IOVA		0x01000000UL
#define FAULT_TIMEOUT_MS	1000

static struct edu {
	struct device *dev;
	u8 __iomem *ecam;
	u8 __iomem *config;
	u8 __iomem *regs;
	u32 rid;
	struct iommu_fault fault;	/* the first of a transfer */
	unsigned int faults;
	struct completion fault_seen;
} edu;

/* One transfer of edu's engine; it takes a tenth of a second. */
static bool transfer(u64 addr, size_t len, bool to_ram)
{
	u32 cmd;

	writeq(to_ram ? EDU_BUFFER : addr, edu.regs + EDU_DMA_SRC);
	writeq(to_ram ? addr : EDU_BUFFER, edu.regs + EDU_DMA_DST);
	writeq(len, edu.regs + EDU_DMA_COUNT);
	writel(EDU_CMD_START | (to_ram ? EDU_CMD_TO_RAM : 0),
	       edu.regs + EDU_DMA_CMD);
	if (readl_poll_timeout(edu.regs + EDU_DMA_CMD, cmd,
			       !(cmd & EDU_CMD_START), 1000, 2000000)) {
		ktap_diag("the transfer does not end");
		return false;
	}
	return true;
}

static void edu_fault(struct device *dev, const struct iommu_fault *fault,
		      void *data)
{
	(void)dev;
	(void)data;
	/* QEMU splits a transfer that fails, and each part faults. */
	if (!edu.faults++)
		edu.fault = *fault;
	complete(&edu.fault_seen);
}

/* A transfer that must fail with this fault, and no other. */
static bool transfer_faults(u64 addr, bool to_ram,
			    enum iommu_fault_type type)
{
	edu.faults = 0;
	reinit_completion(&edu.fault_seen);
	if (!transfer(addr, 64, to_ram))
		return false;
	if (!wait_for_completion_timeout(&edu.fault_seen,
					 msecs_to_jiffies(FAULT_TIMEOUT_MS))) {
		ktap_diag("no fault was reported");
		return false;
	}
	if (edu.fault.type == type && edu.fault.sid == edu.rid &&
	    edu.fault.iova == addr && edu.fault.write == to_ram)
		return true;
	ktap_diag("fault %u (%#x) sid %#x iova %#llx %s; expected %u sid %#x iova %#llx",
		  edu.fault.type, edu.fault.raw_type, edu.fault.sid,
		  edu.fault.iova, edu.fault.write ? "write" : "read", type,
		  edu.rid, addr);
	return false;
}

static void fill(void *buf, size_t len, u64 seed)
{
	u64 *p = buf;
	size_t i;

	for (i = 0; i < len / 8; i++)
		p[i] = (seed + i) * 0x9e3779b97f4a7c15ULL;
}

/* Through edu's buffer. */
static bool copy(u64 from, u64 to, size_t len)
{
	size_t done;

	for (done = 0; done < len; done += EDU_BUFFER_SIZE)
		if (!transfer(from + done, EDU_BUFFER_SIZE, false) ||
		    !transfer(to + done, EDU_BUFFER_SIZE, true))
			return false;
	return true;
}

#define PIECES	6

static bool add_page(struct scatterlist *sg)
{
	void *mem = (void *)get_zeroed_page(GFP_KERNEL);

	if (mem)
		sg_set_buf(sg, mem, PAGE_SIZE);
	return mem;
}

static void free_added(struct scatterlist *sg, unsigned int n)
{
	for (; n--; sg++)
		if (sg->length)
			free_page((unsigned long)phys_to_virt(sg->phys));
}

static bool test_scattered(void)
{
	struct scatterlist src[PIECES] = { 0 }, dst[PIECES] = { 0 };
	const size_t len = PIECES * PAGE_SIZE;
	bool ok = false;
	unsigned int i;

	for (i = 0; i < PIECES; i++) {
		/* Every other page of each, backwards: nothing touches. */
		unsigned int at = (i * 5 + 2) % PIECES;

		if (!add_page(&src[at]) || !add_page(&dst[i]))
			goto out_free;
	}
	for (i = 0; i < PIECES; i++)
		fill(phys_to_virt(src[i].phys), PAGE_SIZE, i * 512 + 7);
	if (dma_map_sg(edu.dev, src, PIECES, DMA_TO_DEVICE) != 1)
		goto out_free;
	if (dma_map_sg(edu.dev, dst, PIECES, DMA_FROM_DEVICE) != 1)
		goto out_unmap;
	ok = copy(src[0].dma_address, dst[0].dma_address, len);
	dma_unmap_sg(edu.dev, dst, PIECES, DMA_FROM_DEVICE);
	for (i = 0; i < PIECES && ok; i++)
		ok = !memcmp(phys_to_virt(src[i].phys),
			     phys_to_virt(dst[i].phys), PAGE_SIZE);
out_unmap:
	dma_unmap_sg(edu.dev, src, PIECES, DMA_TO_DEVICE);
out_free:
	free_added(src, PIECES);
	free_added(dst, PIECES);
	return ok;
}

static bool test_block(void)
{
	u8 *mem = alloc_pages_exact(SZ_2M, GFP_KERNEL);
	const size_t from = SZ_2M - 2 * PAGE_SIZE, to = 5 * PAGE_SIZE + 64;
	dma_addr_t dma;
	bool ok;

	if (!mem)
		return false;
	fill(mem + from, PAGE_SIZE, 99);
	memset(mem + to, 0, PAGE_SIZE);
	dma = dma_map_single(edu.dev, mem, SZ_2M, DMA_BIDIRECTIONAL);
	ok = !dma_mapping_error(edu.dev, dma) && !(dma & (SZ_2M - 1)) &&
	     copy(dma + from, dma + to, PAGE_SIZE) &&
	     !memcmp(mem + from, mem + to, PAGE_SIZE);
	if (!dma_mapping_error(edu.dev, dma))
		dma_unmap_single(edu.dev, dma, SZ_2M, DMA_BIDIRECTIONAL);
	free_pages_exact(mem, SZ_2M);
	return ok;
}

static bool test_unmapped(void)
{
	return transfer_faults(FREE_IOVA + 0x5000, false,
			       IOMMU_FAULT_TRANSLATION) &&
	       transfer_faults(FREE_IOVA + 0x6000, true,
			       IOMMU_FAULT_TRANSLATION);
}

static bool test_readonly(void)
{
	void *mem = (void *)get_zeroed_page(GFP_KERNEL);
	dma_addr_t dma;
	bool ok;

	if (!mem)
		return false;
	dma = dma_map_single(edu.dev, mem, PAGE_SIZE, DMA_TO_DEVICE);
	if (dma_mapping_error(edu.dev, dma)) {
		free_page((unsigned long)mem);
		return false;
	}
	ok = transfer(dma, 64, false) &&
	     transfer_faults(dma, true, IOMMU_FAULT_PERMISSION) &&
	     !memchr_inv(mem, 0, PAGE_SIZE);
	dma_unmap_single(edu.dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	ok = ok && transfer_faults(dma, false, IOMMU_FAULT_TRANSLATION);
	free_page((unsigned long)mem);
	return ok;
}

/* One address, two pages after each other: the TLB must not remember. */
static bool remap_to(dma_addr_t dma, const void *out, unsigned int i)
{
	struct iommu_domain *domain = iommu_get_domain(edu.dev);
	u8 *mem = alloc_pages_exact(2 * PAGE_SIZE, GFP_KERNEL);
	u8 *page = mem + (i & 1) * PAGE_SIZE;
	bool ok;

	if (!mem)
		return false;
	fill(page, PAGE_SIZE, 1000 * i);
	ok = !iommu_map(domain, FREE_IOVA, virt_to_phys(page), PAGE_SIZE,
			IOMMU_READ | IOMMU_CACHE) &&
	     copy(FREE_IOVA, dma, PAGE_SIZE) && !memcmp(out, page, PAGE_SIZE);
	ok = iommu_unmap(domain, FREE_IOVA, PAGE_SIZE) == PAGE_SIZE && ok;
	free_pages_exact(mem, 2 * PAGE_SIZE);
	return ok;
}

static bool test_remap(void)
{
	void *out = (void *)get_zeroed_page(GFP_KERNEL);
	dma_addr_t dma;
	bool ok = true;
	unsigned int i;

	if (!out)
		return false;
	dma = dma_map_single(edu.dev, out, PAGE_SIZE, DMA_FROM_DEVICE);
	if (dma_mapping_error(edu.dev, dma)) {
		free_page((unsigned long)out);
		return false;
	}
	for (i = 0; i < 3 && ok; i++)
		ok = remap_to(dma, out, i);
	dma_unmap_single(edu.dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
	free_page((unsigned long)out);
	return ok;
}

static bool test_split(void)
{
	struct iommu_domain *domain = iommu_get_domain(edu.dev);
	const unsigned long iova = FREE_IOVA + SZ_2M, hole = iova + SZ_64K;
	void *mem = alloc_pages_exact(SZ_2M, GFP_KERNEL | __GFP_ZERO);
	bool ok;

	if (!mem)
		return false;
	ok = !iommu_map(domain, iova, virt_to_phys(mem), SZ_2M,
			IOMMU_READ | IOMMU_CACHE) &&
	     transfer(hole, 64, false) &&
	     iommu_unmap(domain, hole, PAGE_SIZE) == PAGE_SIZE &&
	     transfer_faults(hole, false, IOMMU_FAULT_TRANSLATION) &&
	     !iommu_map(domain, hole, virt_to_phys(mem), PAGE_SIZE,
			IOMMU_READ | IOMMU_CACHE);
	edu.faults = 0;
	ok = ok && transfer(hole, 64, false) &&
	     transfer(hole + PAGE_SIZE, 64, false) &&
	     !edu.faults;
	iommu_unmap(domain, iova, SZ_2M);
	free_pages_exact(mem, SZ_2M);
	return ok;
}

static void free_domain(struct iommu_domain *domain)
{
	if (IS_ERR(domain))
		return;
	/* A failure may have left it attached; else that changes nothing. */
	iommu_detach_device(domain, edu.dev);
	iommu_domain_free(domain);
}

static bool test_domains(void)
{
	struct iommu_domain *identity =
		iommu_domain_alloc(edu.dev, IOMMU_DOMAIN_IDENTITY);
	struct iommu_domain *blocked =
		iommu_domain_alloc(edu.dev, IOMMU_DOMAIN_BLOCKED);
	struct iommu_domain *own =
		iommu_domain_alloc(edu.dev, IOMMU_DOMAIN_UNMANAGED);
	u8 *mem = alloc_pages_exact(PAGE_SIZE, GFP_KERNEL | __GFP_ZERO);
	bool ok = false;

	if (IS_ERR(identity) || IS_ERR(blocked) || IS_ERR(own) || !mem)
		goto out_free;
	/* edu cannot reach RAM by physical address; a fault would show. */
	edu.faults = 0;
	ok = !iommu_attach_device(identity, edu.dev) &&
	     transfer(FREE_IOVA, 64, false) &&
	     !iommu_detach_device(identity, edu.dev) &&
	     !iommu_attach_device(blocked, edu.dev) &&
	     transfer(FREE_IOVA, 64, false) &&
	     !iommu_detach_device(blocked, edu.dev) &&
	     !edu.faults;
	if (!ok)
		ktap_diag("identity or blocked");

	ok = ok && !iommu_attach_device(own, edu.dev) &&
	     !iommu_map(own, FREE_IOVA, virt_to_phys(mem), PAGE_SIZE,
			IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE);
	if (ok) {
		fill(mem, 2048, 5);
		ok = transfer(FREE_IOVA, 2048, false) &&
		     transfer(FREE_IOVA + 2048, 2048, true) &&
		     !memcmp(mem, mem + 2048, 2048) &&
		     transfer_faults(FREE_IOVA + PAGE_SIZE, false,
				     IOMMU_FAULT_TRANSLATION);
		iommu_unmap(own, FREE_IOVA, PAGE_SIZE);
		iommu_detach_device(own, edu.dev);
	}
out_free:
	free_domain(identity);
	free_domain(blocked);
	free_domain(own);
	if (mem)
		free_pages_exact(mem, PAGE_SIZE);
	return ok;
}

static const struct {
	const char *what;
	bool (*run)(void);
} tests[] = {
	{ "data goes through scattered pages", test_scattered },
	{ "data goes through a block", test_block },
	{ "an unmapped address is a Translation fault", test_unmapped },
	{ "a write to a read-only page is a Permission fault", test_readonly },
	{ "an address mapped anew leads to the new data", test_remap },
	{ "a page unmapped from a block faults alone", test_split },
	{ "domains are told apart", test_domains },
};

static int edutest(int argc, char **argv)
{
	unsigned int i, before = ktap_failures();

	(void)argc;
	(void)argv;
	ktap_plan((unsigned int)ARRAY_SIZE(tests));
	for (i = 0; i < ARRAY_SIZE(tests); i++)
		ktap_ok(tests[i].run(), "%s", tests[i].what);
	return ktap_failures() == before ? 0 : -EIO;
}

/* The lowest edu on bus 0, and its registers at the start of the window. */
static int find_edu(struct device_node *host)
{
	struct resource ecam;
	u32 window[3];
	unsigned int slot;
	int i;

	if (of_address_to_resource(host, 0, &ecam))
		return -ENODEV;
	/* One function of each slot has 4 KiB; bus 0 has 256 of them. */
	edu.ecam = ioremap(ecam.start, SZ_1M);
	if (!edu.ecam)
		return -ENOMEM;
	for (slot = 0; slot < PCI_SLOTS; slot++) {
		edu.config = edu.ecam + (slot << 15);
		if (readl(edu.config) == EDU_VENDOR_DEVICE)
			break;
	}
	if (slot == PCI_SLOTS)
		return -ENODEV;
	edu.rid = slot << 3;

	/* ranges: 3 cells of PCI address, 2 of CPU address, 2 of size. */
	for (i = 0;; i += 7) {
		if (of_property_read_u32_index(host, "ranges", (u32)i,
					       &window[0]) ||
		    of_property_read_u32_index(host, "ranges", (u32)i + 2,
					       &window[1]) ||
		    of_property_read_u32_index(host, "ranges", (u32)i + 4,
					       &window[2]))
			return -ENODEV;
		if ((window[0] & 0x03000000) == 0x02000000)
			break;
	}
	writel(window[1], edu.config + PCI_BAR0);
	writel(PCI_COMMAND_MEM | PCI_COMMAND_MASTER,
	       edu.config + PCI_COMMAND);
	edu.regs = ioremap(window[2], SZ_4K);
	return edu.regs ? 0 : -ENOMEM;
}

static void unmap_regs(void)
{
	if (edu.regs)
		iounmap(edu.regs);
	if (edu.ecam)
		iounmap(edu.ecam);
	edu.regs = NULL;
	edu.ecam = NULL;
}

/* From the ID that edu sends to its stream. What was set up goes with the
 * binding.
 */
static int connect(struct device *dev, struct device_node *host)
{
	struct device_node *smmu;
	u32 sid;
	int ret;

	ret = of_map_id(host, edu.rid, "iommu-map", "iommu-map-mask", &smmu,
			&sid);
	if (!ret && !of_device_is_available(smmu))
		ret = -ENODEV;
	if (ret)
		return ret;
	edu.rid = sid;
	dev->dma_coherent = true;
	dev->dma_mask = DMA_BIT_MASK(EDU_DMA_BITS);
	ret = iommu_configure_device_ids(dev, smmu, &sid, 1, THIS_MODULE);
	if (ret)
		return ret;
	return iommu_set_fault_handler(dev, edu_fault, NULL);
}

static int edu_probe(struct platform_device *pdev)
{
	struct device_node *host;
	int ret;

	host = of_find_compatible_node(NULL, NULL, "pci-host-ecam-generic");
	if (!host)
		return -ENODEV;
	edu.dev = &pdev->dev;
	init_completion(&edu.fault_seen);
	ret = find_edu(host);
	if (!ret && (readl(edu.regs + EDU_ID) & EDU_ID_MASK) != EDU_ID_VALUE)
		ret = -ENODEV;
	if (!ret)
		ret = connect(&pdev->dev, host);
	if (!ret)
		ret = register_shell_command("edutest",
					     "- test DMA through edu", edutest);
	if (!ret)
		return 0;
	if (ret == -ENODEV)
		dev_err(&pdev->dev, "no edu behind an SMMU\n");
	unmap_regs();
	return ret;
}

static void edu_remove(struct platform_device *pdev)
{
	unregister_shell_command("edutest");
	writel(0, edu.config + PCI_COMMAND);
	unmap_regs();
}

static struct platform_driver edu_driver = {
	.probe = edu_probe,
	.remove = edu_remove,
	.driver = { .name = "edu" },
};

/* No tree and no bus lists it: the module brings its own device. */
static struct platform_device *edu_device;

static int __init edu_init(void)
{
	int ret = platform_driver_register(&edu_driver);

	if (ret)
		return ret;
	edu_device = platform_device_register_simple("edu", 0);
	if (IS_ERR(edu_device)) {
		platform_driver_unregister(&edu_driver);
		return (int)PTR_ERR(edu_device);
	}
	return 0;
}

static void __exit edu_exit(void)
{
	platform_device_unregister(edu_device);
	platform_driver_unregister(&edu_driver);
}

module_init(edu_init);
module_exit(edu_exit);

MODULE_SOFTDEP("pre: arm-smmu-v3");
MODULE_DESCRIPTION("DMA of QEMU's edu device, for tests");
MODULE_LICENSE("Dual MIT/GPL");
