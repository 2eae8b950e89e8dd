// SPDX-License-Identifier: MIT
/*
 * Block devices of Virtio 1.2 on MMIO: finding one, its registers (4.2.2 of
 * the specification), and its start and end (3.1, 5.2.5).
 */
#include "virtio-blk.h"

#include <bits.h>
#include <interrupt.h>
#include <io.h>
#include <iopoll.h>
#include <iommu.h>
#include <kernel.h>
#include <module.h>
#include <platform_device.h>
#include <shell.h>
#include <slab.h>
#include <string.h>

/* 4.2.2, Table 4.1 */
#define VM_MAGIC		0x000
#define VM_MAGIC_VALUE		0x74726976u
#define VM_VERSION		0x004
#define VM_DEVICE_ID		0x008
#define VM_DEVICE_FEATURES	0x010
#define VM_DEVICE_FEATURES_SEL	0x014
#define VM_DRIVER_FEATURES	0x020
#define VM_DRIVER_FEATURES_SEL	0x024
#define VM_QUEUE_SEL		0x030
#define VM_QUEUE_NUM_MAX	0x034
#define VM_QUEUE_NUM		0x038
#define VM_QUEUE_READY		0x044
#define VM_QUEUE_NOTIFY		0x050
#define VM_INTERRUPT_STATUS	0x060
#define VM_INTERRUPT_USED	BIT(0)
#define VM_INTERRUPT_CONFIG	BIT(1)
#define VM_INTERRUPT_ACK	0x064
#define VM_STATUS		0x070
#define VM_QUEUE_DESC		0x080
#define VM_QUEUE_DRIVER		0x090
#define VM_QUEUE_DEVICE		0x0a0
#define VM_CONFIG_GENERATION	0x0fc
#define VM_CONFIG		0x100

/* 2.1 */
#define S_ACKNOWLEDGE		1u
#define S_DRIVER		2u
#define S_DRIVER_OK		4u
#define S_FEATURES_OK		8u
#define S_NEEDS_RESET		64u
#define S_FAILED		128u

#define ID_BLOCK		2u	/* 5 */
#define F_SEG_MAX		BIT(2)	/* 5.2.3 */
#define F_RO			BIT(5)
#define F_BLK_SIZE		BIT(6)
#define F_FLUSH			BIT(9)
#define F_VERSION_1		BIT(32)	/* 6 */
#define F_ACCESS_PLATFORM	BIT(33)

/* 5.2.4 */
#define CONFIG_CAPACITY		(VM_CONFIG + 0)
#define CONFIG_SEG_MAX		(VM_CONFIG + 12)
#define CONFIG_BLK_SIZE		(VM_CONFIG + 20)

#define RESET_MS		5000u

static LIST_HEAD(disks);
static DEFINE_MUTEX(disks_lock);
static DECLARE_WAIT_QUEUE_HEAD(disks_unused);

static void set_status(struct vblk *vb, u32 bit)
{
	writel(readl(vb->base + VM_STATUS) | bit, vb->base + VM_STATUS);
}

int vblk_reset_device(struct vblk *vb)
{
	u32 status;

	writel(0, vb->base + VM_STATUS);
	return readl_poll_timeout(vb->base + VM_STATUS, status, !status, 100,
				  RESET_MS * 1000);
}

bool vblk_needs_reset(struct vblk *vb)
{
	return readl(vb->base + VM_STATUS) & S_NEEDS_RESET;
}

void vblk_notify(struct vblk *vb)
{
	writel(0, vb->base + VM_QUEUE_NOTIFY);
}

static irqreturn_t vblk_irq(int irq, void *data)
{
	struct vblk *vb = data;
	u32 status = readl(vb->base + VM_INTERRUPT_STATUS);

	if (!status)
		return IRQ_NONE;
	writel(status, vb->base + VM_INTERRUPT_ACK);
	if (status & VM_INTERRUPT_USED)
		vblk_queue_interrupt(vb);
	if (status & VM_INTERRUPT_CONFIG && vblk_needs_reset(vb)) {
		dev_err(vb->dev, "the device has met an error that it cannot get out of (DEVICE_NEEDS_RESET)\n");
		vblk_break(vb, -EIO);
	}
	return IRQ_HANDLED;
}

static u64 device_features(struct vblk *vb)
{
	u64 features;

	writel(1, vb->base + VM_DEVICE_FEATURES_SEL);
	features = (u64)readl(vb->base + VM_DEVICE_FEATURES) << 32;
	writel(0, vb->base + VM_DEVICE_FEATURES_SEL);
	return features | readl(vb->base + VM_DEVICE_FEATURES);
}

/* 3.1.1, steps 4 to 6 */
static int negotiate(struct vblk *vb)
{
	const u64 offered = device_features(vb);
	u64 wanted = F_VERSION_1 | F_ACCESS_PLATFORM | F_SEG_MAX | F_RO |
		     F_BLK_SIZE | F_FLUSH;

	if (!(offered & F_VERSION_1)) {
		dev_err(vb->dev, "features %#llx: no VIRTIO_F_VERSION_1\n",
			offered);
		return -ENODEV;
	}
	/* 6.1: without it the device uses addresses of memory, not of the bus. */
	if (!(offered & F_ACCESS_PLATFORM) && device_iommu_mapped(vb->dev)) {
		dev_err(vb->dev, "it is behind an IOMMU and does not offer VIRTIO_F_ACCESS_PLATFORM: it would send physical addresses there\n");
		return -ENODEV;
	}
	wanted &= offered;
	writel(1, vb->base + VM_DRIVER_FEATURES_SEL);
	writel((u32)(wanted >> 32), vb->base + VM_DRIVER_FEATURES);
	writel(0, vb->base + VM_DRIVER_FEATURES_SEL);
	writel((u32)wanted, vb->base + VM_DRIVER_FEATURES);
	set_status(vb, S_FEATURES_OK);
	if (!(readl(vb->base + VM_STATUS) & S_FEATURES_OK)) {
		dev_err(vb->dev, "the device does not accept features %#llx of %#llx\n",
			wanted, offered);
		return -ENODEV;
	}
	vb->read_only = wanted & F_RO;
	vb->has_flush = wanted & F_FLUSH;
	vb->blk_size = VBLK_SECTOR;
	vb->seg_max = 1;
	if (wanted & F_SEG_MAX)
		vb->seg_max = max(1u, readl(vb->base + CONFIG_SEG_MAX));
	if (wanted & F_BLK_SIZE)
		vb->blk_size = readl(vb->base + CONFIG_BLK_SIZE);
	return 0;
}

/* 4.2.2.2: of one configuration, however often it changes. */
static int read_capacity(struct vblk *vb)
{
	unsigned int tries = 100;
	u32 before;

	do {
		before = readl(vb->base + VM_CONFIG_GENERATION);
		vb->capacity = readl(vb->base + CONFIG_CAPACITY) |
			       (u64)readl(vb->base + CONFIG_CAPACITY + 4) << 32;
		if (readl(vb->base + VM_CONFIG_GENERATION) == before)
			return vb->capacity ? 0 : -ENODEV;
	} while (--tries);
	dev_err(vb->dev, "its configuration does not come to rest\n");
	return -EIO;
}

static void write_address(struct vblk *vb, unsigned int reg, u64 value)
{
	writel((u32)value, vb->base + reg);
	writel((u32)(value >> 32), vb->base + reg + 4);
}

/* 4.2.3.2 */
static int start_queue(struct vblk *vb)
{
	u32 most;
	int ret;

	writel(0, vb->base + VM_QUEUE_SEL);
	if (readl(vb->base + VM_QUEUE_READY)) {
		dev_err(vb->dev, "its queue is in use behind a reset\n");
		return -EBUSY;
	}
	most = readl(vb->base + VM_QUEUE_NUM_MAX);
	/* Header, status, and data between them. */
	for (vb->size = VBLK_QUEUE_MAX; vb->size > most; vb->size /= 2)
		;
	if (vb->size < 4) {
		dev_err(vb->dev, "a queue of %u descriptors is too small\n",
			most);
		return -ENODEV;
	}
	vb->seg_max = min(vb->seg_max, vb->size - 2);
	ret = vblk_queue_init(vb);
	if (ret)
		return ret;
	writel(vb->size, vb->base + VM_QUEUE_NUM);
	write_address(vb, VM_QUEUE_DESC, vblk_desc_dma(vb));
	write_address(vb, VM_QUEUE_DRIVER, vblk_avail_dma(vb));
	write_address(vb, VM_QUEUE_DEVICE, vblk_used_dma(vb));
	writel(1, vb->base + VM_QUEUE_READY);
	return 0;
}

/* Under disks_lock: the first name that is free. */
static void name_disk(struct vblk *vb)
{
	struct vblk *other;
	char last = 'a';

again:
	list_for_each_entry(other, &disks, node)
		if (other->name[2] == last) {
			last++;
			goto again;
		}
	memcpy(vb->name, "vda", 4);
	vb->name[2] = last;
}

static int vblk_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct vblk *vb;
	u32 magic, version, id;
	int irq, ret;

	vb = devm_kzalloc(dev, sizeof(*vb), GFP_KERNEL);
	if (!vb)
		return -ENOMEM;
	vb->dev = dev;
	spin_lock_init(&vb->lock);
	mutex_init(&vb->stop_lock);
	init_waitqueue_head(&vb->room);
	platform_set_drvdata(pdev, vb);
	vb->base = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(vb->base))
		return (int)PTR_ERR(vb->base);

	magic = readl(vb->base + VM_MAGIC);
	version = readl(vb->base + VM_VERSION);
	id = readl(vb->base + VM_DEVICE_ID);
	if (magic != VM_MAGIC_VALUE || version != 2) {
		dev_err(dev, "no Virtio device of version 2: MagicValue %#x, Version %u\n",
			magic, version);
		return -ENODEV;
	}
	if (id != ID_BLOCK) {
		dev_info(dev, "DeviceID %u is no block device\n", id);
		return -ENODEV;
	}
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	ret = vblk_reset_device(vb);
	if (ret) {
		dev_err(dev, "the device does not end its reset\n");
		return ret;
	}
	set_status(vb, S_ACKNOWLEDGE);
	set_status(vb, S_DRIVER);
	ret = negotiate(vb);
	if (ret)
		goto out_failed;
	ret = read_capacity(vb);
	if (ret)
		goto out_failed;
	irq = platform_get_irq(pdev, 0);
	if (irq < 0) {
		ret = irq;
		goto out_failed;
	}
	ret = start_queue(vb);
	if (ret)
		goto out_failed;
	/* Freed behind the queue: it ends before remove() is through. */
	ret = request_irq((unsigned int)irq, vblk_irq, IRQF_SHARED,
			  dev_name(dev), vb);
	if (ret)
		goto out_queue;
	set_status(vb, S_DRIVER_OK);

	mutex_lock(&disks_lock);
	name_disk(vb);
	if (vb->name[2] > 'z')
		ret = -ENOSPC;
	else
		list_add_tail(&vb->node, &disks);
	mutex_unlock(&disks_lock);
	if (ret) {
		dev_err(dev, "there are 26 disks already\n");
		goto out_irq;
	}
	dev_info(dev, "%s: %llu KiB, %u bytes a block%s%s, queue of %u, %u pieces a request\n",
		 vb->name, vb->capacity / 2, vb->blk_size,
		 vb->read_only ? ", read-only" : "",
		 vb->has_flush ? "" : ", writes through", vb->size,
		 vb->seg_max);
	return 0;

out_irq:
	vblk_stop(vb);
	free_irq((unsigned int)irq, vb);
out_queue:
	vblk_stop(vb);
	vblk_queue_free(vb);
	return ret;
out_failed:
	set_status(vb, S_FAILED);
	return ret;
}

static bool is_used(struct vblk *vb)
{
	bool used;

	mutex_lock(&disks_lock);
	used = vb->users != 0;
	mutex_unlock(&disks_lock);
	return used;
}

static void vblk_remove(struct platform_device *pdev)
{
	struct vblk *vb = platform_get_drvdata(pdev);

	mutex_lock(&disks_lock);
	list_del(&vb->node);
	mutex_unlock(&disks_lock);
	vblk_break(vb, -ENODEV);
	wait_event(disks_unused, !is_used(vb));
	vblk_stop(vb);
	free_irq((unsigned int)platform_get_irq(pdev, 0), vb);
	vblk_queue_free(vb);
	dev_info(vb->dev, "%s is gone; it had %llu requests\n", vb->name,
		 vb->requests);
}

struct vblk *vblk_get(const char *name)
{
	struct vblk *vb, *found = NULL;

	mutex_lock(&disks_lock);
	list_for_each_entry(vb, &disks, node)
		if (!found && (!name || !strcmp(vb->name, name) ||
			       !strcmp(dev_name(vb->dev), name)))
			found = vb;
	if (found)
		found->users++;
	mutex_unlock(&disks_lock);
	return found;
}

struct vblk *vblk_get_next(struct vblk *vb)
{
	struct vblk *at, *found = NULL;

	mutex_lock(&disks_lock);
	list_for_each_entry(at, &disks, node)
		if ((!vb || at->name[2] > vb->name[2]) &&
		    (!found || at->name[2] < found->name[2]))
			found = at;
	if (found)
		found->users++;
	mutex_unlock(&disks_lock);
	if (vb)
		vblk_put(vb);
	return found;
}

void vblk_put(struct vblk *vb)
{
	mutex_lock(&disks_lock);
	vb->users--;
	mutex_unlock(&disks_lock);
	wake_up(&disks_unused);
}

static int vblk_move(struct vblk *vb, u32 type, u64 sector, const void *buf,
		     size_t bytes)
{
	struct scatterlist sg;

	if (!bytes || bytes % VBLK_SECTOR)
		return -EINVAL;
	if (sector > vb->capacity ||
	    bytes / VBLK_SECTOR > vb->capacity - sector)
		return -ERANGE;
	sg_set_buf(&sg, buf, bytes);
	return vblk_request(vb, type, sector, &sg, 1);
}

int vblk_read(struct vblk *vb, u64 sector, void *buf, size_t bytes)
{
	return vblk_move(vb, VBLK_T_IN, sector, buf, bytes);
}

int vblk_write(struct vblk *vb, u64 sector, const void *buf, size_t bytes)
{
	if (vb->read_only)
		return -EROFS;
	return vblk_move(vb, VBLK_T_OUT, sector, buf, bytes);
}

static const struct of_device_id vblk_of_match[] = {
	{ .compatible = "virtio,mmio" },
	{ }
};
MODULE_DEVICE_TABLE(of, vblk_of_match);

static struct platform_driver vblk_driver = {
	.probe = vblk_probe,
	.remove = vblk_remove,
	.driver = {
		.name = "virtio-blk",
		.of_match_table = vblk_of_match,
	},
};

static int __init vblk_init(void)
{
	int ret;

	ret = register_shell_command("disk",
				     "[ls | cat FILE | check] [--disk NAME] - disks, and files of the tar archive on one",
				     vblk_cmd_disk);
	if (ret)
		return ret;
	ret = register_shell_selftest("blktest",
				      "[--disk NAME] - test a block device",
				      vblk_cmd_test);
	if (ret)
		goto out_disk;
	ret = platform_driver_register(&vblk_driver);
	if (ret)
		goto out_test;
	return 0;

out_test:
	unregister_shell_command("blktest");
out_disk:
	unregister_shell_command("disk");
	return ret;
}

static void __exit vblk_exit(void)
{
	unregister_shell_command("blktest");
	unregister_shell_command("disk");
	platform_driver_unregister(&vblk_driver);
}

module_init(vblk_init);
module_exit(vblk_exit);

MODULE_DESCRIPTION("Virtio block devices on MMIO, and a reader of tar archives");
MODULE_LICENSE("Dual MIT/GPL");
