// SPDX-License-Identifier: MIT
/* The GPU as a whole: reset, power, what it is, and its own faults. */
#include "panfrost.h"

#include <interrupt.h>
#include <iopoll.h>

#define GPU_IRQ_ERRORS		((u32)(GPU_IRQ_FAULT | GPU_IRQ_MULTIPLE_FAULT))

static const struct {
	u16 id;
	const char *name;
} models[] = {
	{ 0x600, "T600" }, { 0x620, "T620" }, { 0x720, "T720" },
	{ 0x750, "T760" }, { 0x820, "T820" }, { 0x830, "T830" },
	{ 0x860, "T860" }, { 0x880, "T880" },
};

static const char *model_name(u32 product)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(models); i++)
		if (models[i].id == product)
			return models[i].name;
	return "of an unknown model";
}

static int reset_by(struct pan_device *pan, u32 command)
{
	u32 value;

	pan_write(pan, GPU_INT_CLEAR, (u32)GPU_IRQ_RESET_COMPLETED);
	pan_write(pan, GPU_CMD, command);
	return readl_poll_timeout(pan->base + GPU_INT_RAWSTAT, value,
				  value & GPU_IRQ_RESET_COMPLETED, 10,
				  PAN_TIMEOUT_US);
}

/**
 * pan_gpu_reset - bring the GPU into the state that a reset leaves
 * @pan: the GPU
 *
 * A soft reset lets accesses end that are on their way; a hard one follows
 * where that does not end.
 *
 * Return: 0, or -ETIMEDOUT after a message.
 */
int pan_gpu_reset(struct pan_device *pan)
{
	int ret;

	pan_write(pan, GPU_INT_MASK, 0);
	ret = reset_by(pan, GPU_CMD_SOFT_RESET);
	if (ret) {
		dev_warn(pan->dev, "the soft reset does not end, a hard one follows\n");
		ret = reset_by(pan, GPU_CMD_HARD_RESET);
	}
	if (ret) {
		dev_err(pan->dev, "no reset ends: GPU_INT_RAWSTAT %#x, GPU_STATUS %#x\n",
			pan_read(pan, GPU_INT_RAWSTAT),
			pan_read(pan, GPU_STATUS));
		return ret;
	}
	pan_write(pan, GPU_INT_CLEAR, ~0u);
	pan_write(pan, GPU_INT_MASK, GPU_IRQ_ERRORS);
	return 0;
}

/**
 * pan_gpu_identify - read what the GPU is and has
 * @pan: the GPU, reset
 */
void pan_gpu_identify(struct pan_device *pan)
{
	struct pan_features *f = &pan->features;
	u32 mmu = pan_read(pan, GPU_MMU_FEATURES);
	unsigned int n;

	f->id = pan_read(pan, GPU_ID);
	f->as_present = pan_read(pan, GPU_AS_PRESENT) &
			(u32)GENMASK(PAN_MAX_AS - 1, 0);
	f->js_present = pan_read(pan, GPU_JS_PRESENT) &
			(u32)GENMASK(PAN_MAX_SLOTS - 1, 0);
	f->types = ~0u;
	for (n = 0; n < PAN_MAX_SLOTS; n++)
		if (f->js_present & BIT(n))
			f->types &= pan_read(pan, GPU_JS_FEATURES(n));
	f->va_bits = (unsigned int)FIELD_GET(MMU_FEATURES_VA_BITS, mmu);
	f->pa_bits = (unsigned int)FIELD_GET(MMU_FEATURES_PA_BITS, mmu);
	f->shader = pan_read64(pan, PWR_SHADER + PWR_PRESENT_LO);
	f->tiler = pan_read64(pan, PWR_TILER + PWR_PRESENT_LO);
	f->l2 = pan_read64(pan, PWR_L2 + PWR_PRESENT_LO);
}

/* One line, of a GPU that is in use now. */
void pan_gpu_show(const struct pan_device *pan)
{
	const struct pan_features *f = &pan->features;

	dev_info(pan->dev,
		 "Mali %s, id %#lx r%lup%lu: %u address spaces of %u bits, %u job slots, %u shader cores\n",
		 model_name((u32)FIELD_GET(GPU_ID_PRODUCT, f->id)),
		 FIELD_GET(GPU_ID_PRODUCT, f->id),
		 FIELD_GET(GPU_ID_MAJOR, f->id),
		 FIELD_GET(GPU_ID_MINOR, f->id), hweight32(f->as_present),
		 f->va_bits, hweight32(f->js_present),
		 hweight64(f->shader));
}

static int power_up(struct pan_device *pan, u32 kind, u64 cores,
		    const char *name)
{
	u64 ready;
	int ret;

	if (!cores)
		return 0;
	pan_write64(pan, kind + PWR_ON_LO, cores);
	ret = read_poll_timeout(pan_read64, ready, (ready & cores) == cores, 10,
				PAN_TIMEOUT_US, pan, kind + PWR_READY_LO);
	if (ret)
		dev_err(pan->dev, "%s does not power up: ready %#llx, wanted %#llx\n",
			name, ready, cores);
	return ret;
}

static void power_down(struct pan_device *pan, u32 kind, u64 cores,
		       const char *name)
{
	u64 busy;

	if (!cores)
		return;
	pan_write64(pan, kind + PWR_OFF_LO, cores);
	if (read_poll_timeout(pan_read64, busy, !(busy & cores), 10,
			      PAN_TIMEOUT_US, pan, kind + PWR_TRANS_LO))
		dev_err(pan->dev, "%s does not power down: PWRTRANS %#llx\n",
			name, busy);
}

/**
 * pan_gpu_power_on - power for all cores
 * @pan: the GPU
 *
 * The L2 cache first: the others reach memory through it. The cycle counter
 * runs from then on, for jobs that write it.
 *
 * Return: 0, or -ETIMEDOUT after a message.
 */
int pan_gpu_power_on(struct pan_device *pan)
{
	int ret = power_up(pan, PWR_L2, pan->features.l2, "the L2 cache");

	if (!ret)
		ret = power_up(pan, PWR_SHADER, pan->features.shader,
			       "a shader core");
	if (!ret)
		ret = power_up(pan, PWR_TILER, pan->features.tiler,
			       "the tiler");
	if (!ret)
		pan_write(pan, GPU_CMD, GPU_CMD_CYCLE_COUNT_START);
	return ret;
}

/**
 * pan_gpu_power_off - no power for any core
 * @pan: the GPU, idle
 *
 * What its caches hold is in memory then.
 */
void pan_gpu_power_off(struct pan_device *pan)
{
	u32 value;

	pan_write(pan, GPU_INT_CLEAR, (u32)GPU_IRQ_CLEAN_CACHES_COMPLETED);
	pan_write(pan, GPU_CMD, GPU_CMD_CLEAN_INV_CACHES);
	if (readl_poll_timeout(pan->base + GPU_INT_RAWSTAT, value,
			       value & GPU_IRQ_CLEAN_CACHES_COMPLETED, 10,
			       PAN_TIMEOUT_US))
		dev_err(pan->dev, "the caches are not clean in time\n");
	power_down(pan, PWR_TILER, pan->features.tiler, "the tiler");
	power_down(pan, PWR_SHADER, pan->features.shader, "a shader core");
	power_down(pan, PWR_L2, pan->features.l2, "the L2 cache");
	pan_write(pan, GPU_INT_MASK, 0);
}

static irqreturn_t gpu_irq(int irq, void *data)
{
	struct pan_device *pan = data;
	u32 stat = pan_read(pan, GPU_INT_STAT);
	u32 fault;

	if (!stat)
		return IRQ_NONE;
	fault = pan_read(pan, GPU_FAULT_STATUS);
	dev_err_ratelimited(pan->dev, "GPU fault: %s, GPU_FAULT_STATUS %#x, address %#llx%s\n",
			    pan_exception_name(fault & 0xff), fault,
			    pan_read64(pan, GPU_FAULT_ADDRESS_LO),
			    stat & GPU_IRQ_MULTIPLE_FAULT ? ", and more" : "");
	pan_write(pan, GPU_INT_CLEAR, stat);
	return IRQ_HANDLED;
}

int pan_gpu_request_irq(struct pan_device *pan)
{
	return devm_request_irq(pan->dev, (unsigned int)pan->irq_gpu, gpu_irq,
				IRQF_SHARED, "panfrost-gpu", pan);
}
