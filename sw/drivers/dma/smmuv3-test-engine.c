// SPDX-License-Identifier: MIT
/* Arm's SMMUv3TestEngine (docs/smmuv3testengine.md): copies, fills and sums
 * memory through the SMMU, and meets what is not mapped.
 */
#include <dma-mapping.h>
#include <io.h>
#include <iommu.h>
#include <iopoll.h>
#include <kernel.h>
#include <ktap.h>
#include <module.h>
#include <of.h>
#include <mutex.h>
#include <platform_device.h>
#include <shell.h>
#include <sizes.h>

#define FRAME_SIZE	0x80
#define TE_CMD		0x00
#define TE_UCTRL	0x04
#define TE_RETURNED	0x0c
#define TE_MSIADDRESS	0x10
#define TE_MSIDATA	0x18
#define TE_MSIATTR	0x1c
#define TE_ATTRIBUTES	0x20
#define TE_SEED		0x24
#define TE_BEGIN	0x28
#define TE_END_INCL	0x30
#define TE_STRIDE	0x38
#define TE_UDATA(n)	(0x40 + 8 * (n))
#define PRIVILEGED	SZ_64K
#define TE_PCTRL	(PRIVILEGED + 0x00)
#define TE_PORT		(PRIVILEGED + 0x04)
#define TE_STREAMID	(PRIVILEGED + 0x08)
#define TE_SUBSTREAMID	(PRIVILEGED + 0x0c)

#define CMD_HALTED		1u
#define CMD_MEMCPY		2u
#define CMD_RAND48		3u
#define CMD_SUM64		4u
#define CMD_MISCONFIGURED	0xfffffffeu
#define CMD_ERROR		0xffffffffu
/* Write-Back, Inner Shareable, Non-secure; for reads and for writes. */
#define ATTRIBUTES		0x42ff42ffu
#define NO_SUBSTREAM		0xffffffffu

#define BUF_SIZE	SZ_16K
#define NR_FRAMES	4
#define TIMEOUT_US	1000000

struct engine {
	struct list_head node;
	struct device *dev;
	u8 __iomem *base;
	u32 stream;
	u64 *src, *dst;
	dma_addr_t src_dma, dst_dma;
	unsigned int faults;
	u64 fault_addr;
};

static LIST_HEAD(engines);
static DEFINE_MUTEX(engines_lock);

static u8 __iomem *frame(struct engine *e, unsigned int n)
{
	return e->base + n * FRAME_SIZE;
}

/* All of a frame but its command. */
static void set_up(struct engine *e, unsigned int n, dma_addr_t from,
		   u64 size, dma_addr_t to, u32 seed)
{
	u8 __iomem *f = frame(e, n);

	writel(CMD_HALTED, f + TE_CMD);
	writel(1, f + TE_PCTRL);
	writel(0, f + TE_PORT);
	writel(e->stream, f + TE_STREAMID);
	writel(NO_SUBSTREAM, f + TE_SUBSTREAMID);
	writel(0, f + TE_UCTRL);
	writeq(0, f + TE_MSIADDRESS);
	writel(ATTRIBUTES, f + TE_ATTRIBUTES);
	writel(seed, f + TE_SEED);
	writeq(from, f + TE_BEGIN);
	writeq(from + size - 1, f + TE_END_INCL);
	writeq(1, f + TE_STRIDE);
	writeq(to, f + TE_UDATA(0));
}

/* The state that a command has ended in; the command itself if it runs on. */
static u32 finish(struct engine *e, unsigned int n, u32 command)
{
	u32 state;

	readl_poll_timeout(frame(e, n) + TE_CMD, state, state != command, 10,
			   TIMEOUT_US);
	return state;
}

static u32 run(struct engine *e, unsigned int n, u32 command)
{
	writel(command, frame(e, n) + TE_CMD);
	return finish(e, n, command);
}

static void fill_source(struct engine *e)
{
	size_t i;

	for (i = 0; i < BUF_SIZE / 8; i++)
		e->src[i] = (i + 1) * 0x9e3779b97f4a7c15ULL;
	memset(e->dst, 0, BUF_SIZE);
}

static void test_memcpy(struct engine *e)
{
	static const u32 seeds[] = { 0, 0xffffffff, 0x1234 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(seeds); i++) {
		fill_source(e);
		set_up(e, 0, e->src_dma, BUF_SIZE, e->dst_dma, seeds[i]);
		ktap_ok(run(e, 0, CMD_MEMCPY) == CMD_HALTED &&
			!memcmp(e->src, e->dst, BUF_SIZE),
			"memcpy with seed %#x", seeds[i]);
	}
}

static void test_sum64(struct engine *e)
{
	u64 sum = 0;
	size_t i;

	fill_source(e);
	for (i = 0; i < BUF_SIZE / 8; i++)
		sum += e->src[i];
	set_up(e, 0, e->src_dma, BUF_SIZE, 0, 0);
	ktap_ok(run(e, 0, CMD_SUM64) == CMD_HALTED &&
		readq(frame(e, 0) + TE_UDATA(1)) == sum, "sum64");
}

/* As the sheet has it, written anew. */
static u32 next_number(u64 *state)
{
	const u64 mask = (1ULL << 48) - 1;
	u32 low;

	*state = (*state * 0x5deece66dULL + 0xb) & mask;
	low = (u32)(*state >> 17) & 0x7fffffff;
	*state = (*state * 0x5deece66dULL + 0xb) & mask;
	return low | ((u32)*state & 0x80000000);
}

static void test_rand48(struct engine *e)
{
	const u32 seed = 0xc0ffee;
	const u8 *bytes = (const u8 *)e->dst;
	u64 state = 0;
	bool ok;
	size_t i;

	fill_source(e);
	set_up(e, 0, e->dst_dma, BUF_SIZE, 0, seed);
	ok = run(e, 0, CMD_RAND48) == CMD_HALTED;
	for (i = 0; i < BUF_SIZE && ok; i++) {
		u64 at = e->dst_dma + i;

		if (!(at & (SZ_4K - 1)))
			state = (u64)(seed ^ (u32)(at >> 32) ^ (u32)at) << 16 |
				0x330e;
		ok = bytes[i] == (u8)next_number(&state);
	}
	ktap_ok(ok, "rand48");
}

static void test_frames(struct engine *e)
{
	const u64 part = BUF_SIZE / NR_FRAMES;
	unsigned int n;
	bool ok = true;

	fill_source(e);
	for (n = 0; n < NR_FRAMES; n++) {
		set_up(e, n, e->src_dma + n * part, part, e->dst_dma + n * part,
		       0);
		writel(CMD_MEMCPY, frame(e, n) + TE_CMD);
	}
	for (n = 0; n < NR_FRAMES; n++)
		ok &= finish(e, n, CMD_MEMCPY) == CMD_HALTED;
	ktap_ok(ok && !memcmp(e->src, e->dst, BUF_SIZE), "%u frames at a time",
		NR_FRAMES);
}

static void test_message(struct engine *e)
{
	u32 *doorbell = (u32 *)e->dst;
	u32 seen;

	fill_source(e);
	set_up(e, 1, e->src_dma, SZ_4K, 0, 0);
	writeq(e->dst_dma, frame(e, 1) + TE_MSIADDRESS);
	writel(0x12345678, frame(e, 1) + TE_MSIDATA);
	writel(0x42ff, frame(e, 1) + TE_MSIATTR);
	writel(CMD_SUM64, frame(e, 1) + TE_CMD);
	read_poll_timeout(READ_ONCE, seen, seen, 10, TIMEOUT_US, *doorbell);
	ktap_ok(seen == 0x12345678 &&
		readl(frame(e, 1) + TE_CMD) == CMD_HALTED &&
		!(readl(frame(e, 1) + TE_UCTRL) & 1),
		"a message finds the command ended");
}

static void test_misconfigured(struct engine *e)
{
	set_up(e, 0, e->src_dma, SZ_4K, 0, 0);
	writeq(12, frame(e, 0) + TE_STRIDE);
	writel(CMD_SUM64, frame(e, 0) + TE_CMD);
	ktap_ok(readl(frame(e, 0) + TE_CMD) == CMD_MISCONFIGURED,
		"a stride of 12 is misconfigured");
	set_up(e, 0, e->src_dma, SZ_4K, 0, 0);
	writel(e->stream + 0x1000, frame(e, 0) + TE_STREAMID);
	writel(CMD_SUM64, frame(e, 0) + TE_CMD);
	ktap_ok(readl(frame(e, 0) + TE_CMD) == CMD_MISCONFIGURED,
		"a stream of another device is misconfigured");
}

static void note_fault(struct device *dev, const struct iommu_fault *fault,
		       void *data)
{
	struct engine *e = data;

	(void)dev;
	e->fault_addr = fault->iova;
	WRITE_ONCE(e->faults, e->faults + 1);
}

static void test_fault(struct engine *e)
{
	const dma_addr_t hole = SZ_64K;	/* addresses come from the top */
	unsigned int faults;

	set_up(e, 0, hole, SZ_4K, 0, 0);
	ktap_ok(run(e, 0, CMD_SUM64) == CMD_ERROR &&
		readq(frame(e, 0) + TE_UDATA(2)) == hole,
		"what is not mapped gives the state of error");
	read_poll_timeout(READ_ONCE, faults, faults, 10, TIMEOUT_US, e->faults);
	ktap_ok(faults == 1 && e->fault_addr == hole,
		"the SMMU reports the fault");
	set_up(e, 0, e->src_dma, SZ_4K, 0, 0);
	ktap_ok(run(e, 0, CMD_SUM64) == CMD_HALTED, "and the frame works on");
}

static void run_tests(struct engine *e)
{
	ktap_plan(12);
	test_memcpy(e);
	test_sum64(e);
	test_rand48(e);
	test_frames(e);
	test_message(e);
	test_misconfigured(e);
	test_fault(e);
}

static int enginetest(int argc, char **argv)
{
	unsigned int before = ktap_failures();
	struct engine *e;
	int ret = -ENODEV;

	/* An engine stays while it is tested. */
	mutex_lock(&engines_lock);
	list_for_each_entry(e, &engines, node) {
		e->faults = 0;
		run_tests(e);
		ret = 0;
	}
	mutex_unlock(&engines_lock);
	if (ret)
		shell_printf("enginetest: no engine is bound\n");
	return ret || ktap_failures() == before ? ret : -EIO;
}

static int engine_probe(struct platform_device *pdev)
{
	struct engine *e = devm_kzalloc(&pdev->dev, sizeof(*e), GFP_KERNEL);
	int ret = -ENOMEM;

	if (!e)
		return -ENOMEM;
	e->dev = &pdev->dev;
	e->base = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(e->base))
		return (int)PTR_ERR(e->base);
	ret = of_property_read_u32_index(pdev->dev.of_node, "iommus", 1,
					 &e->stream);
	if (ret)
		return ret;
	ret = -ENOMEM;
	e->src = dma_alloc_coherent(e->dev, BUF_SIZE, &e->src_dma, GFP_KERNEL);
	if (!e->src)
		return ret;
	e->dst = dma_alloc_coherent(e->dev, BUF_SIZE, &e->dst_dma, GFP_KERNEL);
	if (!e->dst)
		goto out_free_src;
	ret = iommu_set_fault_handler(e->dev, note_fault, e);
	if (ret)
		goto out_free_dst;
	platform_set_drvdata(pdev, e);
	mutex_lock(&engines_lock);
	list_add_tail(&e->node, &engines);
	mutex_unlock(&engines_lock);
	return 0;

out_free_dst:
	dma_free_coherent(e->dev, BUF_SIZE, e->dst, e->dst_dma);
out_free_src:
	dma_free_coherent(e->dev, BUF_SIZE, e->src, e->src_dma);
	return ret;
}

static void engine_remove(struct platform_device *pdev)
{
	struct engine *e = platform_get_drvdata(pdev);

	mutex_lock(&engines_lock);
	list_del(&e->node);
	mutex_unlock(&engines_lock);
	iommu_set_fault_handler(e->dev, NULL, NULL);
	dma_free_coherent(e->dev, BUF_SIZE, e->dst, e->dst_dma);
	dma_free_coherent(e->dev, BUF_SIZE, e->src, e->src_dma);
}

static const struct of_device_id engine_of_match[] = {
	{ .compatible = "smmu-vp,smmuv3testengine" },
	{ }
};
MODULE_DEVICE_TABLE(of, engine_of_match);

static struct platform_driver engine_driver = {
	.probe = engine_probe,
	.remove = engine_remove,
	.driver = {
		.name = "smmuv3-test-engine",
		.of_match_table = engine_of_match,
	},
};

static int __init engine_init(void)
{
	int ret = platform_driver_register(&engine_driver);

	if (ret)
		return ret;
	ret = register_shell_selftest("enginetest",
				      "- test DMA through each SMMUv3TestEngine",
				      enginetest);
	if (ret)
		platform_driver_unregister(&engine_driver);
	return ret;
}

static void __exit engine_exit(void)
{
	unregister_shell_command("enginetest");
	platform_driver_unregister(&engine_driver);
}

module_init(engine_init);
module_exit(engine_exit);

MODULE_DESCRIPTION("Driver and tests of Arm's SMMUv3TestEngine");
MODULE_LICENSE("Dual MIT/GPL");
