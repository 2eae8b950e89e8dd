// SPDX-License-Identifier: MIT
/* Interrupts that the test makes pending in the GIC (IHI 0048, 4.3.7). */
#include <completion.h>
#include <delay.h>
#include <interrupt.h>
#include <io.h>
#include <kernel.h>
#include <ktap.h>
#include <of.h>
#include <smp.h>
#include "test-core.h"

/* An SPI that no device of the platforms uses. */
#define SPARE		92
#define GICD_ISPENDR	0x200

static void __iomem *dist;
static int hard, soft, other;
static bool soft_in_thread;
static DECLARE_COMPLETION(threaded);

/* Taken by this CPU, so that it has come when the wait is over. */
static void trigger(void)
{
	irq_set_affinity(SPARE, smp_processor_id());
	writel(BIT(SPARE % 32), dist + GICD_ISPENDR + 4 * (SPARE / 32));
	udelay(20);
}

static irqreturn_t hard_handler(int irq, void *data)
{
	hard += in_interrupt() && irq == SPARE && data == &hard;
	return IRQ_WAKE_THREAD;
}

static irqreturn_t soft_handler(int irq, void *data)
{
	soft_in_thread = !in_interrupt() && !irqs_disabled();
	msleep(1);
	soft++;
	complete(&threaded);
	return IRQ_HANDLED;
}

static irqreturn_t other_handler(int irq, void *data)
{
	other++;
	return IRQ_HANDLED;
}

void test_irq(void)
{
	struct device_node *np;
	struct resource res;
	int ret;

	np = of_find_compatible_node(NULL, NULL, "arm,gic-400");
	if (!np)
		np = of_find_compatible_node(NULL, NULL,
					     "arm,cortex-a15-gic");
	if (!np || of_address_to_resource(np, 0, &res))
		return;
	dist = ioremap(res.start, resource_size(&res));
	ktap_ok(request_threaded_irq(SPARE, NULL, soft_handler, 0, "t", &hard)
		== -EINVAL &&
		request_irq(4096, other_handler, 0, "t", NULL) == -EINVAL,
		"a request that cannot work is refused");
	ret = request_threaded_irq(SPARE, hard_handler, soft_handler,
				   IRQF_ONESHOT, "test", &hard);
	trigger();
	ktap_ok(!ret && wait_for_completion_timeout(&threaded, 1000) &&
		hard == 1 && soft == 1 && soft_in_thread,
		"a threaded handler runs in a thread behind the hard one");
	ktap_ok(request_irq(SPARE, other_handler, IRQF_SHARED, "t", &other) ==
		-EBUSY, "a line that is not shared has one handler");
	disable_irq(SPARE);
	trigger();
	ret = hard;
	enable_irq(SPARE);
	udelay(20);
	ktap_ok(ret == 1 && hard == 2 &&
		wait_for_completion_timeout(&threaded, 1000),
		"a disabled interrupt waits until it is enabled");
	free_irq(SPARE, &hard);
	trigger();
	ktap_ok(hard == 2, "a freed interrupt does not come");
	iounmap(dist);
}
