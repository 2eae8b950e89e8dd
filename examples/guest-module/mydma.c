// SPDX-License-Identifier: MIT
/* A driver of your own, built outside of the tree: lets testdev
 * (docs/testdev.md) write into memory through the SMMU, and checks it.
 */
#include <dma-mapping.h>
#include <io.h>
#include <iopoll.h>
#include <module.h>
#include <platform_device.h>

#define CTRL		0x008
#define RING_BASE	0x010
#define RING_SIZE	0x018
#define PROD		0x01c
#define CONS		0x020
#define SEED		7
#define TEST_BYTES	4096u

struct mydma_desc {
	u32 flags, stream, substream, seed;
	u64 src, dst, length;
	u32 status, response;
	u64 done, result;
};

static unsigned int loops = 1;
module_param(loops, uint, 0444);
MODULE_PARM_DESC(loops, "How many transfers");

/* One transfer; the device's pattern is in docs/testdev.md. */
static int mydma_write(struct device *dev, u8 __iomem *base, u32 prod,
		       struct mydma_desc *desc, u64 *data)
{
	dma_addr_t addr = dma_map_single(dev, data, TEST_BYTES, DMA_FROM_DEVICE);
	u32 cons;
	int ret;

	if (dma_mapping_error(dev, addr))
		return -ENOMEM;
	*desc = (struct mydma_desc){ .flags = 2, .seed = SEED, .dst = addr,
				     .length = TEST_BYTES };
	writel(prod, base + PROD);
	ret = readl_poll_timeout(base + CONS, cons, cons == prod, 1, 100000);
	dma_unmap_single(dev, addr, TEST_BYTES, DMA_FROM_DEVICE);
	if (!ret && (desc->status != 1 || *data != SEED * 0x9e3779b97f4a7c15))
		ret = -EIO;
	return ret;
}

static int mydma_probe(struct platform_device *pdev)
{
	u8 __iomem *base = devm_platform_ioremap_resource(pdev, 0);
	u64 *data = devm_kzalloc(&pdev->dev, TEST_BYTES, GFP_KERNEL);
	struct mydma_desc *ring;
	dma_addr_t ring_dma;
	unsigned int i;
	int ret = 0;

	if (IS_ERR(base))
		return (int)PTR_ERR(base);
	if (!data)
		return -ENOMEM;
	ring = dma_alloc_coherent(&pdev->dev, sizeof(*ring), &ring_dma, GFP_KERNEL);
	if (!ring)
		return -ENOMEM;
	writeq(ring_dma, base + RING_BASE);
	writel(1, base + RING_SIZE);
	writel(1, base + CTRL);
	for (i = 0; i < loops && !ret; i++)
		ret = mydma_write(&pdev->dev, base, i + 1, ring, data);
	writel(0, base + CTRL);
	dma_free_coherent(&pdev->dev, sizeof(*ring), ring, ring_dma);
	dev_info(&pdev->dev, "%u of %u transfers done, to %#llx and on\n",
		 ret ? i - 1 : i, loops, ring_dma);
	return ret;
}

static const struct of_device_id mydma_of_match[] = {
	{ .compatible = "smmu-vp,testdev" },
	{ }
};
MODULE_DEVICE_TABLE(of, mydma_of_match);

static struct platform_driver mydma_driver = {
	.probe = mydma_probe,
	.driver = { .name = "mydma", .of_match_table = mydma_of_match },
};
module_platform_driver(mydma_driver);

MODULE_DESCRIPTION("Example of a driver outside of the tree");
MODULE_SOFTDEP("pre: arm-smmu-v3");
MODULE_LICENSE("Dual MIT/GPL");
