// SPDX-License-Identifier: MIT
/* Driver of testdev, a DMA master for exercising an IOMMU. */

#include "testdev-dma.h"

#include <interrupt.h>
#include <iopoll.h>
#include <module.h>
#include <of.h>
#include <platform_device.h>
#include <shell.h>

#define TD_ID			0x000
#define TD_ID_VALUE		0x414d4454u
#define TD_VERSION		0x004
#define TD_VERSION_VALUE	2u
#define TD_CTRL			0x008
#define TD_CTRL_ENABLE		0x1u
#define TD_CTRL_RESET		0x2u
#define TD_STATUS		0x00c
#define TD_STATUS_RING_ERROR	0x2u
#define TD_RING_BASE		0x010
#define TD_RING_SIZE_REG	0x018
#define TD_PROD			0x01c
#define TD_CONS			0x020
#define TD_IRQ_STATUS		0x024
#define TD_IRQ_DONE		0x1u
#define TD_IRQ_ERROR		0x2u
#define TD_IRQ_RING		0x4u
#define TD_IRQ_ALL		(TD_IRQ_DONE | TD_IRQ_ERROR | TD_IRQ_RING)
#define TD_IRQ_ENABLE		0x028
#define TD_SID_COUNT		0x02c
#define TD_SID_BASE		0x030

/* Simulated time for one batch: generous, a hang must end some time. */
#define TD_TIMEOUT_MS		20000

static LIST_HEAD(testdevs);
static DEFINE_MUTEX(testdevs_lock);
/* Over tests, and over the end of a device that they may use. */
static DEFINE_MUTEX(tests_lock);

irqreturn_t td_irq(int irq, void *data)
{
	struct testdev *td = data;
	u32 status = readl(td->base + TD_IRQ_STATUS);

	(void)irq;
	if (!status)
		return IRQ_NONE;
	writel(status, td->base + TD_IRQ_STATUS);
	td->irq_seen |= status;
	complete(&td->progress);
	return IRQ_HANDLED;
}

void td_stop(struct testdev *td)
{
	writel(TD_CTRL_RESET, td->base + TD_CTRL);
}

void td_start(struct testdev *td, u64 ring_base)
{
	td_stop(td);
	td->ring_base = ring_base;
	td->prod = 0;
	td->irq_seen = 0;
	memset(td->ring, 0, TD_RING_SIZE * sizeof(*td->ring));
	writeq(ring_base, td->base + TD_RING_BASE);
	writel(TD_RING_SIZE, td->base + TD_RING_SIZE_REG);
	writel(TD_IRQ_ALL, td->base + TD_IRQ_ENABLE);
	writel(TD_CTRL_ENABLE, td->base + TD_CTRL);
}

/* Interrupts do the waking; what is true is in the ring. */
static int wait_done(struct testdev *td, struct td_desc *last)
{
	const unsigned long end = jiffies + msecs_to_jiffies(TD_TIMEOUT_MS);

	while (READ_ONCE(last->status) == TD_PENDING) {
		unsigned long left = end - jiffies;

		if (readl(td->base + TD_STATUS) & TD_STATUS_RING_ERROR)
			return -EIO;
		if ((long)left <= 0 ||
		    !wait_for_completion_timeout(&td->progress, left)) {
			if (READ_ONCE(last->status) != TD_PENDING)
				break;
			dev_err(td->dev,
				"no progress: STATUS %#x PROD %u CONS %u IRQ_STATUS %#x\n",
				readl(td->base + TD_STATUS), td->prod,
				readl(td->base + TD_CONS),
				readl(td->base + TD_IRQ_STATUS));
			return -ETIMEDOUT;
		}
	}
	dma_rmb();
	return 0;
}

static int wait_polled(struct testdev *td, struct td_desc *last)
{
	u32 status;

	if (!readl_poll_timeout_atomic(td->base + TD_STATUS, status,
				       READ_ONCE(last->status) != TD_PENDING ||
				       status & TD_STATUS_RING_ERROR, 0,
				       TD_TIMEOUT_MS * 1000))
		return status & TD_STATUS_RING_ERROR ? -EIO : 0;
	return -ETIMEDOUT;
}

/*
 * A status says that its descriptor is finished; CONS says a moment later
 * that there is room for another.
 */
static int wait_counted(struct testdev *td)
{
	u32 cons;
	int ret;

	ret = readl_poll_timeout_atomic(td->base + TD_CONS, cons,
					cons == td->prod, 0,
					TD_TIMEOUT_MS * 1000);
	if (ret)
		dev_err(td->dev, "CONS stays at %u, PROD is %u\n", cons,
			td->prod);
	return ret;
}

/* Faults are those of the SMMU only where it is asked for each access. */
static u32 type_of(const struct testdev *td, u32 flags)
{
	u32 op = flags & 0xff;

	return op >= TD_OP_READ && op <= TD_OP_CHECK && !td->via_atc &&
	       td_ats_enabled(td) ? TD_TYPE_UNTRANSLATED : 0;
}

static int run(struct testdev *td, struct td_desc *desc, unsigned int n,
	       int (*wait)(struct testdev *td, struct td_desc *last))
{
	struct td_desc *slot = NULL;
	u32 first = td->prod;
	unsigned int i;
	int ret;

	if (!n || n > TD_RING_SIZE)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		slot = &td->ring[td->prod++ % TD_RING_SIZE];
		desc[i].status = TD_PENDING;
		*slot = desc[i];
		slot->flags |= type_of(td, slot->flags);
	}
	slot->flags |= TD_FLAG_IRQ;
	td->irq_seen = 0;
	reinit_completion(&td->progress);
	writel(td->prod, td->base + TD_PROD);

	ret = wait(td, slot);
	if (!ret)
		ret = wait_counted(td);
	for (i = 0; i < n; i++)
		desc[i] = td->ring[(first + i) % TD_RING_SIZE];
	/* A device that could not read its ring has stopped, until it is
	 * started again; one that is late must not write to the next batch.
	 */
	if (ret)
		td_start(td, td->ring_base);
	return ret;
}

/* In a domain that is not ours to map in, messages would be faults. */
static bool interrupts_arrive(const struct testdev *td)
{
	const struct iommu_domain *domain = iommu_get_domain(td->dev);

	return !td->messages || !domain ||
	       (domain->type != IOMMU_DOMAIN_BLOCKED &&
		domain->type != IOMMU_DOMAIN_NESTED);
}

int td_run(struct testdev *td, struct td_desc *desc, unsigned int n)
{
	bool irqs = interrupts_arrive(td);

	if (td->messages)
		writel(irqs ? TD_IRQ_ALL : 0, td->base + TD_IRQ_ENABLE);
	return run(td, desc, n, irqs ? wait_done : wait_polled);
}

int td_run_polled(struct testdev *td, struct td_desc *desc, unsigned int n)
{
	return run(td, desc, n, wait_polled);
}

static void td_fault(struct device *dev, const struct iommu_fault *fault,
		     void *data)
{
	struct testdev *td = data;
	unsigned long flags;

	(void)dev;
	spin_lock_irqsave(&td->fault_lock, flags);
	if (!td->faults++)
		td->fault = *fault;
	spin_unlock_irqrestore(&td->fault_lock, flags);
	complete(&td->fault_seen);
}

void td_arm_fault(struct testdev *td)
{
	unsigned long flags;

	spin_lock_irqsave(&td->fault_lock, flags);
	td->faults = 0;
	memset(&td->fault, 0, sizeof(td->fault));
	spin_unlock_irqrestore(&td->fault_lock, flags);
	reinit_completion(&td->fault_seen);
}

bool td_wait_fault(struct testdev *td, unsigned int timeout_ms)
{
	return wait_for_completion_timeout(&td->fault_seen,
					   msecs_to_jiffies(timeout_ms)) != 0;
}

struct testdev *td_find(const char *name)
{
	struct testdev *td, *found = NULL;

	mutex_lock(&testdevs_lock);
	list_for_each_entry(td, &testdevs, node)
		if (!found && (!name || !strcmp(name, dev_name(td->dev))))
			found = td;
	mutex_unlock(&testdevs_lock);
	return found;
}

struct testdev *td_next(const struct testdev *td)
{
	struct testdev *next = NULL, *o;

	mutex_lock(&testdevs_lock);
	list_for_each_entry_reverse(o, &testdevs, node) {
		if (o == td)
			break;
		next = o;
	}
	mutex_unlock(&testdevs_lock);
	return next;
}

struct testdev *td_other(const struct testdev *td)
{
	struct testdev *other, *found = NULL;

	mutex_lock(&testdevs_lock);
	list_for_each_entry(other, &testdevs, node)
		if (!found && other != td &&
		    (!td->dev->iommu_group ||
		     other->dev->iommu_group != td->dev->iommu_group))
			found = other;
	mutex_unlock(&testdevs_lock);
	return found;
}

/*
 * The device and its node must agree on its StreamIDs: of a stream that the
 * SMMU is not set up for, each DMA would be refused.
 */
static int td_check_streams(const struct testdev *td)
{
	const struct iommu_fwspec *fwspec = td->dev->iommu;
	u32 base = readl(td->base + TD_SID_BASE);
	unsigned int i;

	for (i = 0; fwspec && i < fwspec->num_ids; i++) {
		if (i < td->streams && td_stream_id(td, i) == base + i)
			continue;
		dev_err(td->dev,
			"entry %u of iommus is StreamID %#x, the device has %u from %#x\n",
			i, td_stream_id(td, i), td->streams, base);
		return -EINVAL;
	}
	return 0;
}

int td_setup(struct testdev *td)
{
	u32 id = readl(td->base + TD_ID);
	u32 version = readl(td->base + TD_VERSION);

	init_completion(&td->progress);
	spin_lock_init(&td->fault_lock);
	init_completion(&td->fault_seen);
	if (id != TD_ID_VALUE || version != TD_VERSION_VALUE) {
		dev_err(td->dev, "no testdev: ID %#x version %u\n", id,
			version);
		return -ENODEV;
	}
	td->streams = readl(td->base + TD_SID_COUNT);
	td_stop(td);
	return dma_set_mask_and_coherent(td->dev, DMA_BIT_MASK(64));
}

int td_open(struct testdev *td)
{
	struct device *dev = td->dev;
	int ret;

	td->ring = dma_alloc_coherent(dev, TD_RING_SIZE * sizeof(*td->ring),
				      &td->ring_dma, GFP_KERNEL);
	if (!td->ring)
		return -ENOMEM;
	if (device_iommu_mapped(dev)) {
		ret = iommu_set_fault_handler(dev, td_fault, td);
		if (ret)
			goto out_ring;
	}
	td_start(td, td->ring_dma);
	mutex_lock(&testdevs_lock);
	list_add_tail(&td->node, &testdevs);
	mutex_unlock(&testdevs_lock);
	dev_info(dev, "%u streams, ring at %#llx%s\n", td->streams,
		 td->ring_dma, dev->dma_coherent ? "" : ", not cached");
	return 0;

out_ring:
	dma_free_coherent(dev, TD_RING_SIZE * sizeof(*td->ring), td->ring,
			  td->ring_dma);
	return ret;
}

void td_close(struct testdev *td)
{
	mutex_lock(&tests_lock);
	mutex_lock(&testdevs_lock);
	list_del(&td->node);
	mutex_unlock(&testdevs_lock);
	mutex_unlock(&tests_lock);
	td_stop(td);
	if (device_iommu_mapped(td->dev))
		iommu_set_fault_handler(td->dev, NULL, NULL);
	dma_free_coherent(td->dev, TD_RING_SIZE * sizeof(*td->ring),
			  td->ring, td->ring_dma);
}

static int dmatest(int argc, char **argv)
{
	int ret;

	mutex_lock(&tests_lock);
	ret = td_dmatest(argc, argv);
	mutex_unlock(&tests_lock);
	return ret;
}

static int atstest(int argc, char **argv)
{
	int ret;

	mutex_lock(&tests_lock);
	ret = td_atstest(argc, argv);
	mutex_unlock(&tests_lock);
	return ret;
}

static int td_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct testdev *td;
	int irq, ret;

	td = devm_kzalloc(dev, sizeof(*td), GFP_KERNEL);
	if (!td)
		return -ENOMEM;
	td->dev = dev;
	platform_set_drvdata(pdev, td);
	td->base = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(td->base))
		return (int)PTR_ERR(td->base);
	ret = td_setup(td);
	if (!ret)
		ret = td_check_streams(td);
	if (ret)
		return ret;
	irq = platform_get_irq(pdev, 0);
	if (irq < 0)
		return irq;
	ret = devm_request_irq(dev, (unsigned int)irq, td_irq, 0,
			       dev_name(dev), td);
	return ret ? ret : td_open(td);
}

static void td_remove(struct platform_device *pdev)
{
	td_close(platform_get_drvdata(pdev));
}

static const struct of_device_id td_of_match[] = {
	{ .compatible = "smmu-vp,testdev" },
	{ }
};
MODULE_DEVICE_TABLE(of, td_of_match);

static struct platform_driver td_driver = {
	.probe = td_probe,
	.remove = td_remove,
	.driver = {
		.name = "testdev-dma",
		.of_match_table = td_of_match,
	},
};

static int __init td_init(void)
{
	int ret = platform_driver_register(&td_driver);

	if (ret)
		return ret;
	ret = td_pci_register();
	if (ret)
		goto out_platform;
	ret = register_shell_selftest("dmatest",
				      "[--device NAME] [--size MiB] [--test NAME | --all] [--list] - test DMA through testdev",
				      dmatest);
	if (!ret && IS_ENABLED(CONFIG_PCI)) {
		ret = register_shell_selftest("atstest",
					      "[--all] [FUNCTION] - test what PCI functions with ATS keep and ask for",
					      atstest);
		if (ret)
			unregister_shell_command("dmatest");
	}
	if (!ret)
		return 0;
	td_pci_unregister();
out_platform:
	platform_driver_unregister(&td_driver);
	return ret;
}

static void __exit td_exit(void)
{
	if (IS_ENABLED(CONFIG_PCI))
		unregister_shell_command("atstest");
	unregister_shell_command("dmatest");
	td_pci_unregister();
	platform_driver_unregister(&td_driver);
}

module_init(td_init);
module_exit(td_exit);

MODULE_DESCRIPTION("Driver and tests of testdev");
MODULE_LICENSE("Dual MIT/GPL");
