// SPDX-License-Identifier: MIT
/*
 * QEMU's "edu" PCI device, as a client of the IOMMU and PCI cores.
 *
 * QEMU's virt machine has no platform device behind its SMMUv3, but edu is a
 * PCI device that reads and writes memory through it, and sends messages. So
 * the SMMU driver, the page tables and the PCI core run against hardware that
 * nobody of this project wrote. edu's interface is that of QEMU's
 * docs/specs/edu.
 */
#define pr_fmt(fmt) "qemu-edu-dma: " fmt

#include <completion.h>
#include <delay.h>
#include <device.h>
#include <dma-mapping.h>
#include <interrupt.h>
#include <io.h>
#include <iommu.h>
#include <iopoll.h>
#include <kernel.h>
#include <ktap.h>
#include <list.h>
#include <module.h>
#include <pci.h>
#include <shell.h>
#include <sizes.h>

#define EDU_ID			0x00
#define EDU_ID_MASK		0xffffu
#define EDU_ID_VALUE		0x00edu
#define EDU_IRQ_STATUS		0x24
#define EDU_IRQ_RAISE		0x60
#define EDU_IRQ_ACK		0x64
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

#define FREE_IOVA		0x01000000UL
#define FAULT_TIMEOUT_MS	1000
#define IRQ_TIMEOUT_MS		1000

/**
 * struct edu - one device
 * @irq: its interrupt; @irq_seen: bits of its status since a test began
 * @fault: the first of a transfer, of @faults
 */
struct edu {
	struct list_head node;
	struct device *dev;
	u8 __iomem *regs;
	int irq;
	u32 irq_seen;
	struct completion irq_came;
	struct iommu_fault fault;
	unsigned int faults;
	struct completion fault_seen;
};

static LIST_HEAD(edus);
static DEFINE_MUTEX(edus_lock);

/* One transfer of edu's engine; it takes a tenth of a second. */
static bool transfer(struct edu *edu, u64 addr, size_t len, bool to_ram)
{
	u32 cmd;

	writeq(to_ram ? EDU_BUFFER : addr, edu->regs + EDU_DMA_SRC);
	writeq(to_ram ? addr : EDU_BUFFER, edu->regs + EDU_DMA_DST);
	writeq(len, edu->regs + EDU_DMA_COUNT);
	writel(EDU_CMD_START | (to_ram ? EDU_CMD_TO_RAM : 0),
	       edu->regs + EDU_DMA_CMD);
	if (readl_poll_timeout(edu->regs + EDU_DMA_CMD, cmd,
			       !(cmd & EDU_CMD_START), 1000, 2000000)) {
		ktap_diag("the transfer does not end");
		return false;
	}
	return true;
}

static void edu_fault(struct device *dev, const struct iommu_fault *fault,
		      void *data)
{
	struct edu *edu = data;

	(void)dev;
	/* QEMU splits a transfer that fails, and each part faults. */
	if (!edu->faults++)
		edu->fault = *fault;
	complete(&edu->fault_seen);
}

static bool is_own_stream(const struct edu *edu, u32 sid)
{
	unsigned int i;

	for (i = 0; i < edu->dev->iommu->num_ids; i++)
		if (edu->dev->iommu->ids[i] == sid)
			return true;
	return false;
}

/* A transfer that must fail with this fault, and no other. */
static bool transfer_faults(struct edu *edu, u64 addr, bool to_ram,
			    enum iommu_fault_type type)
{
	edu->faults = 0;
	reinit_completion(&edu->fault_seen);
	if (!transfer(edu, addr, 64, to_ram))
		return false;
	if (!wait_for_completion_timeout(&edu->fault_seen,
					 msecs_to_jiffies(FAULT_TIMEOUT_MS))) {
		ktap_diag("no fault was reported");
		return false;
	}
	if (edu->fault.type == type && is_own_stream(edu, edu->fault.sid) &&
	    edu->fault.iova == addr && edu->fault.write == to_ram)
		return true;
	ktap_diag("fault %u (%#x) sid %#x iova %#llx %s; expected %u iova %#llx",
		  edu->fault.type, edu->fault.raw_type, edu->fault.sid,
		  edu->fault.iova, edu->fault.write ? "write" : "read", type,
		  addr);
	return false;
}

/* Through the IOMMU, if it is a message. */
static bool irq_comes(struct edu *edu, u32 bits)
{
	edu->irq_seen = 0;
	reinit_completion(&edu->irq_came);
	writel(bits, edu->regs + EDU_IRQ_RAISE);
	if (!wait_for_completion_timeout(&edu->irq_came,
					 msecs_to_jiffies(IRQ_TIMEOUT_MS))) {
		ktap_diag("no interrupt comes");
		return false;
	}
	return edu->irq_seen == bits;
}

static void fill(void *buf, size_t len, u64 seed)
{
	u64 *p = buf;
	size_t i;

	for (i = 0; i < len / 8; i++)
		p[i] = (seed + i) * 0x9e3779b97f4a7c15ULL;
}

/* Through edu's buffer. */
static bool copy(struct edu *edu, u64 from, u64 to, size_t len)
{
	size_t done;

	for (done = 0; done < len; done += EDU_BUFFER_SIZE)
		if (!transfer(edu, from + done, EDU_BUFFER_SIZE, false) ||
		    !transfer(edu, to + done, EDU_BUFFER_SIZE, true))
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

static bool test_scattered(struct edu *edu)
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
	if (dma_map_sg(edu->dev, src, PIECES, DMA_TO_DEVICE) != 1)
		goto out_free;
	if (dma_map_sg(edu->dev, dst, PIECES, DMA_FROM_DEVICE) != 1)
		goto out_unmap;
	ok = copy(edu, src[0].dma_address, dst[0].dma_address, len);
	dma_unmap_sg(edu->dev, dst, PIECES, DMA_FROM_DEVICE);
	for (i = 0; i < PIECES && ok; i++)
		ok = !memcmp(phys_to_virt(src[i].phys),
			     phys_to_virt(dst[i].phys), PAGE_SIZE);
out_unmap:
	dma_unmap_sg(edu->dev, src, PIECES, DMA_TO_DEVICE);
out_free:
	free_added(src, PIECES);
	free_added(dst, PIECES);
	return ok;
}

static bool test_block(struct edu *edu)
{
	u8 *mem = alloc_pages_exact(SZ_2M, GFP_KERNEL);
	const size_t from = SZ_2M - 2 * PAGE_SIZE, to = 5 * PAGE_SIZE + 64;
	dma_addr_t dma;
	bool ok;

	if (!mem)
		return false;
	fill(mem + from, PAGE_SIZE, 99);
	memset(mem + to, 0, PAGE_SIZE);
	dma = dma_map_single(edu->dev, mem, SZ_2M, DMA_BIDIRECTIONAL);
	ok = !dma_mapping_error(edu->dev, dma) && !(dma & (SZ_2M - 1)) &&
	     copy(edu, dma + from, dma + to, PAGE_SIZE) &&
	     !memcmp(mem + from, mem + to, PAGE_SIZE);
	if (!dma_mapping_error(edu->dev, dma))
		dma_unmap_single(edu->dev, dma, SZ_2M, DMA_BIDIRECTIONAL);
	free_pages_exact(mem, SZ_2M);
	return ok;
}

static bool test_unmapped(struct edu *edu)
{
	return transfer_faults(edu, FREE_IOVA + 0x5000, false,
			       IOMMU_FAULT_TRANSLATION) &&
	       transfer_faults(edu, FREE_IOVA + 0x6000, true,
			       IOMMU_FAULT_TRANSLATION);
}

static bool test_readonly(struct edu *edu)
{
	void *mem = (void *)get_zeroed_page(GFP_KERNEL);
	dma_addr_t dma;
	bool ok;

	if (!mem)
		return false;
	dma = dma_map_single(edu->dev, mem, PAGE_SIZE, DMA_TO_DEVICE);
	if (dma_mapping_error(edu->dev, dma)) {
		free_page((unsigned long)mem);
		return false;
	}
	ok = transfer(edu, dma, 64, false) &&
	     transfer_faults(edu, dma, true, IOMMU_FAULT_PERMISSION) &&
	     !memchr_inv(mem, 0, PAGE_SIZE);
	dma_unmap_single(edu->dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	ok = ok && transfer_faults(edu, dma, false, IOMMU_FAULT_TRANSLATION);
	free_page((unsigned long)mem);
	return ok;
}

/* One address, two pages after each other: the TLB must not remember. */
static bool remap_to(struct edu *edu, dma_addr_t dma, const void *out, unsigned int i)
{
	struct iommu_domain *domain = iommu_get_domain(edu->dev);
	u8 *mem = alloc_pages_exact(2 * PAGE_SIZE, GFP_KERNEL);
	u8 *page = mem + (i & 1) * PAGE_SIZE;
	bool ok;

	if (!mem)
		return false;
	fill(page, PAGE_SIZE, 1000 * i);
	ok = !iommu_map(domain, FREE_IOVA, virt_to_phys(page), PAGE_SIZE,
			IOMMU_READ | IOMMU_CACHE) &&
	     copy(edu, FREE_IOVA, dma, PAGE_SIZE) && !memcmp(out, page, PAGE_SIZE);
	ok = iommu_unmap(domain, FREE_IOVA, PAGE_SIZE) == PAGE_SIZE && ok;
	free_pages_exact(mem, 2 * PAGE_SIZE);
	return ok;
}

static bool test_remap(struct edu *edu)
{
	void *out = (void *)get_zeroed_page(GFP_KERNEL);
	dma_addr_t dma;
	bool ok = true;
	unsigned int i;

	if (!out)
		return false;
	dma = dma_map_single(edu->dev, out, PAGE_SIZE, DMA_FROM_DEVICE);
	if (dma_mapping_error(edu->dev, dma)) {
		free_page((unsigned long)out);
		return false;
	}
	for (i = 0; i < 3 && ok; i++)
		ok = remap_to(edu, dma, out, i);
	dma_unmap_single(edu->dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
	free_page((unsigned long)out);
	return ok;
}

static bool test_split(struct edu *edu)
{
	struct iommu_domain *domain = iommu_get_domain(edu->dev);
	const unsigned long iova = FREE_IOVA + SZ_2M, hole = iova + SZ_64K;
	void *mem = alloc_pages_exact(SZ_2M, GFP_KERNEL | __GFP_ZERO);
	bool ok;

	if (!mem)
		return false;
	ok = !iommu_map(domain, iova, virt_to_phys(mem), SZ_2M,
			IOMMU_READ | IOMMU_CACHE) &&
	     transfer(edu, hole, 64, false) &&
	     iommu_unmap(domain, hole, PAGE_SIZE) == PAGE_SIZE &&
	     transfer_faults(edu, hole, false, IOMMU_FAULT_TRANSLATION) &&
	     !iommu_map(domain, hole, virt_to_phys(mem), PAGE_SIZE,
			IOMMU_READ | IOMMU_CACHE);
	edu->faults = 0;
	ok = ok && transfer(edu, hole, 64, false) &&
	     transfer(edu, hole + PAGE_SIZE, 64, false) &&
	     !edu->faults;
	iommu_unmap(domain, iova, SZ_2M);
	free_pages_exact(mem, SZ_2M);
	return ok;
}

static void free_domain(struct iommu_group *group,
			struct iommu_domain *domain)
{
	if (IS_ERR(domain))
		return;
	/* A failure may have left it attached; else that changes nothing. */
	iommu_detach_group(domain, group);
	iommu_domain_free(domain);
}

/* edu cannot reach RAM by physical address; a fault would show. */
static bool passes_in(struct edu *edu, struct iommu_group *group,
		      struct iommu_domain *domain)
{
	bool ok;

	edu->faults = 0;
	ok = !iommu_attach_group(domain, group) &&
	     transfer(edu, FREE_IOVA, 64, false);
	return !iommu_detach_group(domain, group) && ok && !edu->faults;
}

/* What an owner of a domain does: data, and messages. */
static bool works_in(struct edu *edu, struct iommu_domain *own, u8 *mem)
{
	fill(mem, 2048, 5);
	return !iommu_map(own, FREE_IOVA, virt_to_phys(mem), PAGE_SIZE,
			  IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE) &&
	       !iommu_map_msi(own, edu->dev) && irq_comes(edu, 2) &&
	       transfer(edu, FREE_IOVA, 2048, false) &&
	       transfer(edu, FREE_IOVA + 2048, 2048, true) &&
	       !memcmp(mem, mem + 2048, 2048) &&
	       transfer_faults(edu, FREE_IOVA + PAGE_SIZE, false,
			       IOMMU_FAULT_TRANSLATION);
}

static bool test_domains(struct edu *edu)
{
	struct iommu_group *group = iommu_group_get(edu->dev);
	struct iommu_domain *identity =
		iommu_domain_alloc(edu->dev, IOMMU_DOMAIN_IDENTITY);
	struct iommu_domain *blocked =
		iommu_domain_alloc(edu->dev, IOMMU_DOMAIN_BLOCKED);
	struct iommu_domain *own =
		iommu_domain_alloc(edu->dev, IOMMU_DOMAIN_UNMANAGED);
	u8 *mem = alloc_pages_exact(PAGE_SIZE, GFP_KERNEL | __GFP_ZERO);
	bool ok = false;

	if (IS_ERR(identity) || IS_ERR(blocked) || IS_ERR(own) || !mem)
		goto out_free;
	ok = passes_in(edu, group, identity) && passes_in(edu, group, blocked);
	if (!ok)
		ktap_diag("identity or blocked");
	ok = ok && !iommu_attach_group(own, group) &&
	     works_in(edu, own, mem);
out_free:
	free_domain(group, identity);
	free_domain(group, blocked);
	free_domain(group, own);
	iommu_group_put(group);
	if (mem)
		free_pages_exact(mem, PAGE_SIZE);
	return ok;
}

static bool test_irq(struct edu *edu)
{
	return irq_comes(edu, 1) && irq_comes(edu, 0x80000000);
}

static const struct {
	const char *what;
	bool (*run)(struct edu *edu);
} tests[] = {
	{ "its interrupt comes, and comes again", test_irq },
	{ "data goes through scattered pages", test_scattered },
	{ "data goes through a block", test_block },
	{ "an unmapped address is a Translation fault", test_unmapped },
	{ "a write to a read-only page is a Permission fault", test_readonly },
	{ "an address mapped anew leads to the new data", test_remap },
	{ "a page unmapped from a block faults alone", test_split },
	{ "domains are told apart", test_domains },
};

/* It stays while the command runs: rmmod waits for the shell. */
static struct edu *find_edu(const char *name)
{
	struct edu *edu, *found = NULL;

	mutex_lock(&edus_lock);
	list_for_each_entry(edu, &edus, node)
		if (!found && (!name || !strcmp(name, dev_name(edu->dev))))
			found = edu;
	mutex_unlock(&edus_lock);
	return found;
}

static int edutest(int argc, char **argv)
{
	unsigned int i, before = ktap_failures();
	struct edu *edu;

	if (argc > 2) {
		shell_printf("usage: edutest [DEVICE]\n");
		return -EINVAL;
	}
	edu = find_edu(argc == 2 ? argv[1] : NULL);
	if (!edu) {
		shell_printf("edutest: there is no such edu\n");
		return -ENODEV;
	}
	ktap_plan((unsigned int)ARRAY_SIZE(tests));
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		/* Of RAM its address bits reach nothing. */
		if (tests[i].run != test_irq &&
		    !device_iommu_mapped(edu->dev))
			ktap_skip("the device is behind no IOMMU", "%s",
				  tests[i].what);
		else
			ktap_ok(tests[i].run(edu), "%s", tests[i].what);
	}
	return ktap_failures() == before ? 0 : -EIO;
}

static irqreturn_t edu_irq(int irq, void *data)
{
	struct edu *edu = data;
	u32 status = readl(edu->regs + EDU_IRQ_STATUS);

	(void)irq;
	if (!status)
		return IRQ_NONE;
	writel(status, edu->regs + EDU_IRQ_ACK);
	edu->irq_seen |= status;
	complete(&edu->irq_came);
	return IRQ_HANDLED;
}

static int setup_irq(struct pci_dev *pdev, struct edu *edu)
{
	int ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);

	if (ret < 0)
		return dev_err_probe(&pdev->dev, ret, "has no interrupt\n");
	edu->irq = pci_irq_vector(pdev, 0);
	/* Left by whoever had it before. */
	writel(U32_MAX, edu->regs + EDU_IRQ_ACK);
	return devm_request_irq(&pdev->dev, (unsigned int)edu->irq, edu_irq,
				IRQF_SHARED, dev_name(&pdev->dev), edu);
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct edu *edu;
	int ret;

	(void)id;
	edu = devm_kzalloc(dev, sizeof(*edu), GFP_KERNEL);
	if (!edu)
		return -ENOMEM;
	edu->dev = dev;
	init_completion(&edu->irq_came);
	init_completion(&edu->fault_seen);
	pci_set_drvdata(pdev, edu);
	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	edu->regs = pcim_iomap(pdev, 0, SZ_4K);
	if (IS_ERR(edu->regs))
		return (int)PTR_ERR(edu->regs);
	if ((readl(edu->regs + EDU_ID) & EDU_ID_MASK) != EDU_ID_VALUE)
		return -ENODEV;
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(EDU_DMA_BITS));
	if (ret)
		return ret;
	if (device_iommu_mapped(dev)) {
		ret = iommu_set_fault_handler(dev, edu_fault, edu);
		if (ret)
			return ret;
	}
	pci_set_master(pdev);
	ret = setup_irq(pdev, edu);
	if (ret)
		return ret;
	mutex_lock(&edus_lock);
	list_add_tail(&edu->node, &edus);
	mutex_unlock(&edus_lock);
	return 0;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	mutex_lock(&edus_lock);
	list_del(&edu->node);
	mutex_unlock(&edus_lock);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = "edu",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};

static int __init edu_init(void)
{
	int ret = pci_register_driver(&edu_driver);

	if (ret)
		return ret;
	ret = register_shell_command("edutest",
				     "[DEVICE] - test DMA and the interrupt of an edu",
				     edutest);
	if (ret)
		pci_unregister_driver(&edu_driver);
	return ret;
}

static void __exit edu_exit(void)
{
	unregister_shell_command("edutest");
	pci_unregister_driver(&edu_driver);
}

module_init(edu_init);
module_exit(edu_exit);

/* Works without an IOMMU driver too where the device tree names no IOMMU. */
MODULE_SOFTDEP("pre: arm-smmu-v3");
MODULE_DESCRIPTION("DMA of QEMU's edu device, for tests");
MODULE_LICENSE("Dual MIT/GPL");
