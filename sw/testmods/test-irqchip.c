// SPDX-License-Identifier: MIT
/* Interrupt controllers: a chip of this module behind the GIC, where interrupts
 * go, of what type they are, and message-signalled ones.
 */
#include <completion.h>
#include <delay.h>
#include <io.h>
#include <irq.h>
#include <kernel.h>
#include <ktime.h>
#include <ktap.h>
#include <module.h>
#include <msi.h>
#include <platform_device.h>

/* SPIs that no device of the platforms uses. */
#define SPARE		60
#define PARENT		61
#define GICD_ISPENDR	0x200

#define CHIP_SIZE	4
#define NR_MSIS		3

static void __iomem *dist;

static void trigger(unsigned int spi)
{
	writel(BIT(spi % 32), dist + GICD_ISPENDR + 4 * (spi / 32));
}

/* ---- What a handler saw */

struct seen {
	unsigned int count;
	unsigned int cpu;
	int irq;
	struct completion done;
};

static irqreturn_t note(int irq, void *data)
{
	struct seen *s = data;

	s->count++;
	s->irq = irq;
	s->cpu = smp_processor_id();
	complete(&s->done);
	return IRQ_HANDLED;
}

static bool came(struct seen *s)
{
	return wait_for_completion_timeout(&s->done, 10000);
}

static void test_affinity(void)
{
	struct seen s = { 0 };
	unsigned int cpu;
	bool ok = true;

	init_completion(&s.done);
	ok &= !request_irq(SPARE, note, IRQF_TRIGGER_RISING, "spare", &s);
	for_each_online_cpu(cpu) {
		ok &= !irq_set_affinity(SPARE, cpu);
		trigger(SPARE);
		ok &= came(&s) && s.cpu == cpu;
	}
	ktap_ok(ok && s.count == num_online_cpus(),
		"an interrupt comes to the CPU that it is sent to");
	ktap_ok(irq_set_affinity(SPARE, NR_CPUS) == -EINVAL &&
		irq_set_affinity(27, 0) == -EINVAL,
		"there is no sending to a CPU that is not on line, nor of a PPI");
	ktap_ok(request_irq(SPARE, note, IRQF_TRIGGER_RISING, "two", &ok) ==
		-EBUSY, "a line that is not shared has one handler");
	free_irq(SPARE, &s);
	irq_set_affinity(SPARE, 0);
	ktap_ok(request_irq(SPARE, note, IRQF_TRIGGER_FALLING, "low", &s) ==
		-EINVAL, "a type that the controller does not have is refused");
	ok = !request_irq(SPARE, note, IRQF_TRIGGER_HIGH | IRQF_SHARED, "a",
			  &s);
	ktap_ok(ok && request_irq(SPARE, note,
				  IRQF_TRIGGER_RISING | IRQF_SHARED, "b",
				  &ok) == -EBUSY,
		"who shares a line has to mean the same type");
	free_irq(SPARE, &s);
}

static unsigned int unwanted;

static irqreturn_t not_mine(int irq, void *data)
{
	unwanted++;
	return IRQ_NONE;
}

/* ---- A chip with a word of pending bits behind one SPI */

static unsigned long pending, masked = ~0UL;
static unsigned int last_type;

static void chip_mask(struct irq_data *d)
{
	set_bit(d->hwirq, &masked);
}

static void chip_raise(unsigned int n)
{
	set_bit(n, &pending);
	trigger(PARENT);
}

static void chip_unmask(struct irq_data *d)
{
	clear_bit(d->hwirq, &masked);
	if (test_bit(d->hwirq, &pending))
		trigger(PARENT);
}

static int chip_set_type(struct irq_data *d, unsigned int type)
{
	last_type = type;
	return 0;
}

static void chip_retrigger(struct irq_data *d)
{
	chip_raise(d->hwirq);
}

static const struct irq_chip chip = {
	.name = "test",
	.mask = chip_mask,
	.unmask = chip_unmask,
	.set_type = chip_set_type,
	.retrigger = chip_retrigger,
};

static int chip_xlate(struct irq_domain *d, const struct of_phandle_args *args,
		      irq_hw_number_t *hwirq, unsigned int *type)
{
	if (args->args_count != 2)
		return -EINVAL;
	*hwirq = args->args[0];
	*type = args->args[1];
	return 0;
}

static const struct irq_domain_ops chip_ops = { .xlate = chip_xlate };

static irqreturn_t chip_handler(int irq, void *data)
{
	struct irq_domain *d = data;
	unsigned int n;

	for (n = 0; n < CHIP_SIZE; n++)
		if (!test_bit(n, &masked) && test_and_clear_bit(n, &pending))
			generic_handle_domain_irq(d, n);
	return IRQ_HANDLED;
}

static struct device_node chip_node = { .name = "test", .full_name = "test" };

static int map(u32 n, u32 type, int count)
{
	struct of_phandle_args args = {
		.np = &chip_node, .args_count = count, .args = { n, type },
	};

	return irq_create_of_mapping(&args);
}

static void test_chip(void)
{
	struct irq_domain *d;
	struct seen s = { 0 };
	unsigned int i;
	int irq, other;
	bool ok;

	init_completion(&s.done);
	ktap_ok(map(1, 1, 2) == -EPROBE_DEFER,
		"an interrupt of a controller that is not there is deferred");
	d = irq_domain_add(&chip_node, CHIP_SIZE, &chip, &chip_ops, NULL);
	ktap_ok(d && irq_find_domain(&chip_node) == d &&
		!irq_domain_add(&chip_node, 1, &chip, &chip_ops, NULL),
		"a node has one domain");
	if (!d)
		return;
	irq = map(1, IRQF_TRIGGER_RISING, 2);
	other = map(3, IRQF_TRIGGER_HIGH, 2);
	ktap_ok(irq >= FIRST_MAPPED_IRQ && other >= FIRST_MAPPED_IRQ &&
		irq != other && map(1, 1, 2) == irq &&
		map(CHIP_SIZE, 1, 2) == -EINVAL && map(1, 1, 1) == -EINVAL,
		"its specifiers become numbers of their own");
	ok = !request_irq(PARENT, chip_handler, IRQF_TRIGGER_RISING, "test",
			  d) &&
	     !request_irq((unsigned int)irq, note, 0, "behind", &s);
	chip_raise(1);
	ktap_ok(ok && came(&s) && s.irq == irq && s.count == 1 &&
		last_type == IRQF_TRIGGER_RISING,
		"an interrupt goes through both controllers");
	chip_raise(3);
	udelay(50);
	ktap_ok(s.count == 1 && test_bit(3, &pending),
		"one that nobody asked for stays masked");
	clear_bit(3, &pending);
	disable_irq((unsigned int)irq);
	/* The chip handed it over before it was masked. */
	local_irq_disable();
	generic_handle_domain_irq(d, 1);
	local_irq_enable();
	ok = s.count == 1;
	enable_irq((unsigned int)irq);
	ktap_ok(ok && came(&s) && s.count == 2,
		"what comes while it is disabled comes again behind that");
	irq_set_affinity((unsigned int)irq, 0);
	ktap_ok(irq_set_affinity((unsigned int)irq, 0) == -EOPNOTSUPP,
		"a controller need not know CPUs");
	ok = !request_irq((unsigned int)other, not_mine, 0, "not mine", d);
	/* One by one: what comes while one is pending is the same one. */
	for (i = 0; i < 1000; i++) {
		u64 end = ktime_get_ns() + 10 * NSEC_PER_SEC;

		chip_raise(3);
		while (READ_ONCE(unwanted) <= i && ktime_get_ns() < end)
			cpu_relax();
	}
	chip_raise(3);
	udelay(100);
	ktap_ok(ok && unwanted == 1000,
		"a line that nobody takes is switched off");
	free_irq(PARENT, d);
	/* Two requests are left: they are freed by name. */
	irq_domain_remove(d);
	ktap_ok(!irq_find_domain(&chip_node) && masked == ~0UL &&
		request_irq((unsigned int)irq, note, 0, "gone", &s) == -EINVAL,
		"a controller takes its interrupts along");
}

/* ---- MSIs */

static struct msi_msg msgs[NR_MSIS];
static unsigned int written;

static void write_msg(struct msi_desc *desc, struct msi_msg *msg)
{
	written++;
	if (desc->index < NR_MSIS)
		msgs[desc->index] = *msg;
}

static bool send(const struct msi_msg *m)
{
	phys_addr_t at = (u64)m->address_hi << 32 | m->address_lo;
	void __iomem *p = ioremap(at, 4);

	if (!p)
		return false;
	writel(m->data, p);
	iounmap(p);
	return true;
}

static void test_msi(void)
{
	struct device_node *frame, node = { .name = "m", .full_name = "m" };
	struct property parent = { .name = "msi-parent", .length = 4 };
	struct platform_device *pdev;
	struct seen s[NR_MSIS];
	struct device *dev;
	bool ok = true;
	__be32 phandle;
	int i, first;

	frame = of_find_compatible_node(NULL, NULL, "arm,gic-v2m-frame");
	pdev = platform_device_register_simple("test-msi", -1);
	if (!frame || !frame->phandle || IS_ERR(pdev)) {
		for (i = 0; i < 5; i++)
			ktap_skip("no v2m frame with a phandle", "MSIs");
		return;
	}
	dev = &pdev->dev;
	ktap_ok(platform_msi_domain_alloc_irqs(dev, 1, write_msg) == -ENODEV,
		"a device without msi-parent gets no MSI");
	phandle = cpu_to_be32(frame->phandle);
	parent.value = &phandle;
	node.properties = &parent;
	dev->of_node = &node;
	ktap_ok(platform_msi_domain_alloc_irqs(dev, 2000, write_msg) ==
			-ENOSPC && !written &&
		msi_get_virq(dev, 0) == -ENOENT,
		"a device gets all the MSIs that it asks for, or none");
	ktap_ok(!platform_msi_domain_alloc_irqs(dev, NR_MSIS, write_msg) &&
		written == NR_MSIS &&
		platform_msi_domain_alloc_irqs(dev, 1, write_msg) == -EEXIST,
		"its driver programs an address and a value for each");
	first = msi_get_virq(dev, 0);
	for (i = 0; i < NR_MSIS; i++) {
		memset(&s[i], 0, sizeof(s[i]));
		init_completion(&s[i].done);
		ok &= !request_irq((unsigned int)msi_get_virq(dev, i), note,
				   0, "msi", &s[i]);
	}
	for (i = NR_MSIS - 1; i >= 0; i--)
		ok &= send(&msgs[i]) && came(&s[i]) &&
		      s[i].irq == msi_get_virq(dev, i);
	for (i = 0; i < NR_MSIS; i++) {
		ok &= s[i].count == 1;
		free_irq((unsigned int)msi_get_virq(dev, i), &s[i]);
	}
	ktap_ok(ok, "a write of that value to that address is that interrupt");
	platform_msi_domain_free_irqs(dev);
	ok = !platform_msi_domain_alloc_irqs(dev, 1, write_msg);
	ktap_ok(ok && msi_get_virq(dev, 0) == first &&
		msi_get_virq(dev, 1) == -ENOENT, "MSIs go back");
	platform_msi_domain_free_irqs(dev);
	dev->of_node = NULL;
	platform_device_unregister(pdev);
}

static int __init test_irqchip_init(void)
{
	struct device_node *np;
	struct resource res;

	np = of_find_compatible_node(NULL, NULL, "arm,gic-400");
	if (!np)
		np = of_find_compatible_node(NULL, NULL,
					     "arm,cortex-a15-gic");
	if (!np || of_address_to_resource(np, 0, &res))
		return -ENODEV;
	dist = ioremap(res.start, resource_size(&res));
	if (!dist)
		return -ENOMEM;
	ktap_plan(19);
	test_affinity();
	test_chip();
	test_msi();
	iounmap(dist);
	return 0;
}
module_init(test_irqchip_init);

static void __exit test_irqchip_exit(void)
{
}
module_exit(test_irqchip_exit);

MODULE_LICENSE("Dual MIT/GPL");
