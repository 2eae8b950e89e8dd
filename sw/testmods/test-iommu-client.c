// SPDX-License-Identifier: MIT
/* The IOMMU core, upon an IOMMU in software. */
#include <bits.h>
#include <completion.h>
#include <device.h>
#include <kernel.h>
#include <kthread.h>
#include <ktap.h>
#include <ktime.h>
#include <module.h>
#include <platform_device.h>
#include <shell.h>
#include <sizes.h>

#include "test-iommu.h"

#define START	((unsigned long)SZ_1M)
#define DEVICES	4

static struct platform_device *pdevs[DEVICES];

static struct device *dev(unsigned int i)
{
	return &pdevs[i]->dev;
}

static int connect(unsigned int i, u32 first, unsigned int n)
{
	u32 ids[2] = { first, first + 1 };

	return iommu_configure_device_ids(dev(i), &test_iommu_node, ids, n,
					  THIS_MODULE);
}

static bool uses(u32 stream, const struct iommu_domain *domain)
{
	return test_iommu_uses[stream][0] == domain;
}

static int count_dev(struct device *d, void *data)
{
	++*(int *)data;
	return 0;
}

/* Devices 0 and 1 share stream 1; device 2 has stream 4. */
static void test_groups(void)
{
	struct iommu_group *g0, *g1, *g2;
	int n = 0;

	ktap_ok(!connect(0, 0, 2) && !connect(1, 1, 2) && !connect(2, 4, 1),
		"devices are connected");
	g0 = iommu_group_get(dev(0));
	g1 = iommu_group_get(dev(1));
	g2 = iommu_group_get(dev(2));
	ktap_ok(g0 == g1 && g0 != g2 &&
		iommu_group_id(g0) != iommu_group_id(g2),
		"devices that share a stream are one group");
	ktap_ok(!iommu_group_for_each_dev(g0, &n, count_dev) && n == 2,
		"a group lists its devices");
	ktap_ok(iommu_get_domain(dev(0)) == iommu_get_domain(dev(1)) &&
		uses(0, iommu_get_domain(dev(0))) &&
		uses(2, iommu_get_domain(dev(0))) && !uses(4, NULL) &&
		!uses(4, iommu_get_domain(dev(0))),
		"a group has one domain, another group another one");
	iommu_group_put(g0);
	iommu_group_put(g1);
	iommu_group_put(g2);
}

static void test_attach(void)
{
	struct iommu_group *g = iommu_group_get(dev(0));
	struct iommu_domain *dma = iommu_get_domain(dev(0));
	struct iommu_domain *own =
		iommu_domain_alloc(dev(0), IOMMU_DOMAIN_UNMANAGED);

	ktap_ok(PTR_ERR(iommu_domain_alloc(dev(0), IOMMU_DOMAIN_DMA)) ==
		-EINVAL && PTR_ERR(iommu_domain_alloc(dev(3),
						      IOMMU_DOMAIN_BLOCKED)) ==
		-ENODEV, "a domain is made for a device behind an IOMMU");
	ktap_ok(iommu_attach_device(own, dev(0)) == -EINVAL && uses(0, dma),
		"a device of a larger group is not attached alone");
	test_iommu_bad_stream = 2;
	ktap_ok(iommu_attach_group(own, g) == -EIO && uses(0, dma) &&
		uses(1, dma), "a group that fails half-way goes all the way back");
	ktap_ok(!iommu_attach_group(own, g) && uses(0, own) && uses(1, own) &&
		uses(2, own) && iommu_get_domain(dev(1)) == own,
		"a group changes its domain as one");
	ktap_ok(iommu_attach_group(own, g) == -EBUSY,
		"a group that is attached is not attached again");
	ktap_ok(connect(3, 2, 1) == -EPROBE_DEFER && dev(3)->deferred_reason &&
		!dev(3)->iommu, "a device does not join a group that is in use");
	ktap_ok(!iommu_detach_group(own, g) && uses(0, dma) && uses(2, dma) &&
		iommu_detach_group(own, g) == -EINVAL,
		"a group goes back to its default domain");
	ktap_ok(!connect(3, 2, 1) && uses(2, dma) &&
		iommu_get_domain(dev(3)) == dma,
		"a device joins a group that is at rest");
	iommu_cleanup_device(dev(3));
	iommu_domain_free(own);
	iommu_group_put(g);
}

static void test_map(void)
{
	struct iommu_domain *d = iommu_get_domain(dev(2));
	const int rw = IOMMU_READ | IOMMU_WRITE;

	ktap_ok(iommu_map(d, START - SZ_4K, SZ_1M, SZ_4K, rw) == -EINVAL &&
		iommu_map(d, START + 63 * SZ_4K, SZ_1M, 2 * SZ_4K, rw) ==
		-EINVAL && !iommu_iova_to_phys(d, START - 1),
		"nothing is mapped outside of the aperture");
	ktap_ok(iommu_map(d, START, 0xfffffffffffff000, 2 * SZ_4K, rw) ==
		-ERANGE, "physical addresses do not wrap");
	ktap_ok(!iommu_map(d, START, SZ_1M, 15 * SZ_4K, rw) &&
		iommu_iova_to_phys(d, START + 0x5123) == SZ_1M + 0x5123,
		"a range is mapped");
	ktap_ok(iommu_map(d, START + 12 * SZ_4K, SZ_1M, 8 * SZ_4K, rw) ==
		-EEXIST && !iommu_iova_to_phys(d, START + 15 * SZ_4K),
		"what cannot be mapped whole is not mapped");
	ktap_ok(iommu_unmap(d, START, SZ_64K) == 15 * SZ_4K &&
		!iommu_iova_to_phys(d, START + 14 * SZ_4K),
		"a range is unmapped up to its first hole");
}

static void test_pasids(void)
{
	struct iommu_group *g = iommu_group_get(dev(0));
	struct iommu_domain *d =
		iommu_domain_alloc(dev(0), IOMMU_DOMAIN_UNMANAGED);

	ktap_ok(iommu_attach_device_pasid(d, dev(0), 0) == -EINVAL &&
		iommu_attach_device_pasid(d, dev(0), TEST_PASIDS) == -EINVAL,
		"a PASID is one that device and IOMMU have");
	test_iommu_bad_stream = 2;
	ktap_ok(iommu_attach_device_pasid(d, dev(0), 1) == -EIO &&
		!test_iommu_uses[0][1], "a PASID of a group is set whole");
	ktap_ok(!iommu_attach_device_pasid(d, dev(0), 1) &&
		test_iommu_uses[0][1] == d && test_iommu_uses[2][1] == d &&
		!test_iommu_uses[0][2], "a PASID has a domain of its own");
	ktap_ok(iommu_attach_device_pasid(d, dev(1), 1) == -EBUSY,
		"a PASID has one domain");
	ktap_ok(!connect(3, 2, 1) && !iommu_detach_device_pasid(d, dev(0), 1) &&
		!test_iommu_uses[0][1] && !test_iommu_uses[2][1] &&
		iommu_detach_device_pasid(d, dev(0), 1) == -EINVAL,
		"a PASID is refused again");
	iommu_cleanup_device(dev(3));
	iommu_domain_free(d);
	iommu_group_put(g);
}

static void test_nested(void)
{
	struct iommu_domain *plain, *parent, *nested;

	plain = iommu_domain_alloc(dev(2), IOMMU_DOMAIN_UNMANAGED);
	parent = iommu_domain_alloc(dev(2), IOMMU_DOMAIN_NEST_PARENT);
	ktap_ok(PTR_ERR(iommu_domain_alloc_nested(dev(2), plain, NULL, 0)) ==
		-EINVAL && PTR_ERR(iommu_domain_alloc_nested(dev(2), parent,
							     parent, 1)) ==
		-EINVAL, "a nested domain wants a parent and a good description");
	nested = iommu_domain_alloc_nested(dev(2), parent, NULL, 0);
	ktap_ok(!IS_ERR(nested) && parent->users == 1 &&
		!iommu_attach_device(nested, dev(2)) && uses(4, nested) &&
		iommu_map(nested, START, SZ_1M, SZ_4K, IOMMU_READ) == -EINVAL,
		"a nested domain is attached, and nobody maps in it");
	ktap_ok(!iommu_invalidate_nested(nested, (int[]){ 3, 4 }, 2) &&
		test_iommu_invalidated == 7 &&
		iommu_invalidate_nested(nested, (int[]){ 5, -1, 6 }, 3) ==
		-EINVAL && test_iommu_invalidated == 12 &&
		iommu_invalidate_nested(parent, (int[]){ 1 }, 1) ==
		-EOPNOTSUPP, "a nested domain's owner has things forgotten");
	ktap_ok(!iommu_detach_device(nested, dev(2)),
		"a nested domain is detached");
	iommu_domain_free(nested);
	iommu_domain_free(parent);
	iommu_domain_free(plain);
}

static int faults[DEVICES];

static void fault(struct device *d, const struct iommu_fault *f, void *data)
{
	++*(int *)data;
}

static void test_faults(void)
{
	const struct iommu_fault f = { .type = IOMMU_FAULT_TRANSLATION };

	ktap_ok(!iommu_set_fault_handler(dev(0), fault, &faults[0]) &&
		iommu_set_fault_handler(dev(0), fault, NULL) == -EBUSY &&
		iommu_set_fault_handler(dev(3), fault, NULL) == -ENODEV,
		"a device behind an IOMMU has one handler of faults");
	iommu_report_device_fault(dev(0), &f);
	iommu_report_device_fault(dev(1), &f);
	ktap_ok(faults[0] == 1, "a fault is told to its device");
	iommu_set_fault_handler(dev(0), NULL, NULL);
	iommu_report_device_fault(dev(0), &f);
	ktap_ok(faults[0] == 1, "and to nobody who has left");
}

static DECLARE_COMPLETION(in_handler);
static DECLARE_COMPLETION(go_on);
static struct iommu_domain *fault_domain;

/* Tag 0 is repaired, the others are not; and 3 is slow. */
static enum iommu_page_response page_fault(struct device *d,
					   struct iommu_domain *domain,
					   const struct iommu_fault *f,
					   void *data)
{
	fault_domain = domain;
	complete(&in_handler);
	if (f->tag == 3)
		wait_for_completion(&go_on);
	return f->tag ? IOMMU_PAGE_ABORT : IOMMU_PAGE_RETRY;
}

static bool report(u32 tag, u32 pasid)
{
	const struct iommu_fault f = {
		.type = IOMMU_FAULT_TRANSLATION, .stalled = true, .tag = tag,
		.ssid = pasid, .ssid_valid = pasid != IOMMU_NO_PASID,
	};

	return iommu_report_page_fault(dev(0), &f);
}

static int stop_faults(void *data)
{
	iommu_set_page_fault_handler(dev(0), NULL, NULL);
	complete(data);
	return 0;
}

/* Device 0's faults wait; device 1's cannot. */
static void test_page_faults(void)
{
	struct iommu_group *g = iommu_group_get(dev(0));
	struct iommu_domain *d =
		iommu_domain_alloc(dev(0), IOMMU_DOMAIN_UNMANAGED);
	DECLARE_COMPLETION(stopped);
	struct task *stopper;

	ktap_ok(!report(1, 0), "a fault that nobody waits for is not taken");
	ktap_ok(iommu_set_page_fault_handler(dev(1), page_fault, NULL) ==
		-EOPNOTSUPP && iommu_set_page_fault_handler(dev(3), page_fault,
							    NULL) == -ENODEV &&
		!test_iommu_stalls, "only what can wait is made to");
	ktap_ok(!iommu_set_page_fault_handler(dev(0), page_fault, NULL) &&
		test_iommu_stalls == 1 &&
		iommu_set_page_fault_handler(dev(0), page_fault, NULL) ==
		-EBUSY && test_iommu_stalls == 1,
		"a device that can wait has one handler for it");
	iommu_attach_device_pasid(d, dev(0), 1);
	ktap_ok(report(0, 0) && wait_for_completion_timeout(&in_handler, msecs_to_jiffies(1000)) &&
		fault_domain == iommu_get_domain(dev(0)) && report(1, 1) &&
		wait_for_completion_timeout(&in_handler, msecs_to_jiffies(1000)) &&
		fault_domain == d, "a handler is told of the domain");
	/* Behind those: one that is slow, and one behind it. */
	report(3, 0);
	wait_for_completion_timeout(&in_handler, msecs_to_jiffies(1000));
	report(2, 2);
	ktap_ok(test_iommu_answers[0] == 1 + IOMMU_PAGE_RETRY &&
		test_iommu_answers[1] == 1 + IOMMU_PAGE_ABORT &&
		!test_iommu_answers[2] && !test_iommu_answers[3],
		"each fault is answered as its handler says");
	stopper = kthread_run(stop_faults, &stopped, "stop-faults");
	ktap_ok(!IS_ERR(stopper) &&
		!wait_for_completion_timeout(&stopped, msecs_to_jiffies(50)),
		"a handler that is running is waited for");
	complete(&go_on);
	if (!IS_ERR(stopper))
		kthread_stop(stopper);
	ktap_ok(test_iommu_answers[2] == 1 + IOMMU_PAGE_ABORT &&
		test_iommu_answers[3] == 1 + IOMMU_PAGE_ABORT &&
		!test_iommu_stalls && !report(0, 0),
		"and no fault is left without an answer");
	iommu_detach_device_pasid(d, dev(0), 1);
	iommu_domain_free(d);
	iommu_group_put(g);
}

/* The command "hold": a domain that stays, or goes. */
static struct iommu_domain *held;

static int hold(int argc, char **argv)
{
	if (held) {
		iommu_domain_free(held);
		held = NULL;
		return 0;
	}
	if (connect(2, 4, 1))
		return -EIO;
	held = iommu_domain_alloc(dev(2), IOMMU_DOMAIN_UNMANAGED);
	/* Only the domain is left to hold the IOMMU. */
	iommu_cleanup_device(dev(2));
	return IS_ERR(held) ? (int)PTR_ERR(held) : 0;
}

static void remove_devices(void)
{
	unsigned int i;

	for (i = 0; i < DEVICES; i++)
		if (!IS_ERR_OR_NULL(pdevs[i]))
			platform_device_unregister(pdevs[i]);
}

static int __init client_init(void)
{
	size_t o0, b0, o1, b1;
	unsigned int i;

	for (i = 0; i < DEVICES; i++)
		pdevs[i] = platform_device_register_simple("test-client",
							   (int)i);
	ktap_plan(38);
	/* The core keeps the queue that it makes for the first handler. */
	connect(0, 0, 1);
	iommu_set_page_fault_handler(dev(0), page_fault, NULL);
	iommu_cleanup_device(dev(0));
	test_iommu_stalls = 0;
	slab_usage(&o0, &b0);
	test_groups();
	test_attach();
	test_map();
	test_pasids();
	test_nested();
	test_faults();
	test_page_faults();
	iommu_cleanup_device(dev(0));
	ktap_ok(uses(0, NULL) && !uses(2, NULL),
		"a device that leaves takes its streams along");
	iommu_cleanup_device(dev(1));
	iommu_cleanup_device(dev(2));
	slab_usage(&o1, &b1);
	/* The reason for not joining the group stays with its device. */
	ktap_ok(o1 - o0 <= 1, "nothing is leaked by all that");
	if (register_shell_command("hold", "- hold a domain, or let it go",
				   hold)) {
		remove_devices();
		return -ENOMEM;
	}
	return 0;
}
module_init(client_init);

static void __exit client_exit(void)
{
	unregister_shell_command("hold");
	remove_devices();
}
module_exit(client_exit);

MODULE_DESCRIPTION("Tests of the IOMMU core");
MODULE_LICENSE("Dual MIT/GPL");
