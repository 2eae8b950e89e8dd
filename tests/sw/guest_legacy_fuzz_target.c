/* What the guest's IOMMU core and its SMMUv2 driver read of "mmu-masters", for
 * the host, on the tree that tree_fuzz_one() has made.
 */
#include "guest_host.h"
/* Bring their static functions, and the driver's list of SMMUs. */
#include "../../sw/drivers/iommu/iommu-legacy.c"
#undef pr_fmt
#include "../../sw/drivers/iommu/arm-smmu-legacy.c"

void legacy_fuzz(void);

DEFINE_MUTEX(iommu_mutex);
struct bus_type platform_bus_type = { .name = "platform" };
const struct iommu_ops smmu2_iommu_ops = { .legacy_ids = smmu2_legacy_ids };

static const struct of_device_id smmu_matches[] = {
	{ .compatible = "arm,smmu-v2" },
	{ }
};

static unsigned int ids_added;

void dev_printk(const char *level, const struct device *dev, const char *fmt,
		...)
{
	struct va_format vf;
	va_list ap;

	va_start(ap, fmt);
	vf.fmt = fmt;
	vf.va = &ap;
	printk("%s%s: %pV", level, dev->name, &vf);
	va_end(ap);
}

int dev_err_probe(struct device *dev, int err, const char *fmt, ...)
{
	struct va_format vf;
	va_list ap;

	va_start(ap, fmt);
	vf.fmt = fmt;
	vf.va = &ap;
	printk("%s: %pV", dev->name, &vf);
	va_end(ap);
	return err;
}

void driver_deferred_probe_trigger(void)
{
}

int driver_deferred_probe_check_state(struct device *dev, bool may_be_module)
{
	return -EPROBE_DEFER;
}

bool iommu_is_known(const struct device_node *np)
{
	return of_match_node(smmu_matches, np);
}

struct iommu_device *iommu_find(const struct device_node *np)
{
	static struct iommu_device iommu;

	return of_match_node(smmu_matches, np) ? &iommu : NULL;
}

int smmu2_add_stream(struct device *dev, u32 id, u32 mask)
{
	ids_added++;
	return id > 0xffff ? -EINVAL : 0;
}

int iommu_connect(struct device *dev, struct device_node *np,
		  struct module *user,
		  int (*add_ids)(struct device *dev, const void *arg),
		  const void *arg)
{
	struct device smmu = { .name = "smmu", .of_node = np };
	struct iommu_device iommu = { .ops = &smmu2_iommu_ops, .dev = &smmu };
	struct iommu_fwspec fwspec = { .iommu = &iommu };
	int ret;

	if (!platform_bus_type.iommu_ops)
		__builtin_trap();
	ids_added = 0;
	dev->iommu = &fwspec;
	ret = add_ids(dev, arg);
	dev->iommu = NULL;
	/* The one list that names it is that of @np, as far as it is sound. */
	if (ret == -ENODEV || ids_added > MAX_PHANDLE_ARGS)
		__builtin_trap();
	return ret;
}

static void probe_smmus(void)
{
	struct device devs[4] = { };
	struct legacy_smmu *s;
	unsigned int n = 0;

	/* What no device stands for is not waited for. */
	list_for_each_entry(s, &smmus, node)
		if (n < ARRAY_SIZE(devs)) {
			devs[n].name = "smmu";
			devs[n].of_node = s->np;
			s->np->dev = &devs[n++];
		}
	while (n--) {
		int ret = smmu2_legacy_check(&devs[n]);

		smmu2_legacy_settle(&devs[n], -EPROBE_DEFER);
		smmu2_legacy_settle(&devs[n], ret);
	}
	/* All have settled: what waits now would wait for ever. */
	if (platform_bus_type.iommu_missing ||
	    (count(LEGACY_BOUND) && !platform_bus_type.iommu_ops))
		__builtin_trap();
	list_for_each_entry(s, &smmus, node)
		s->np->dev = NULL;
}

void legacy_fuzz(void)
{
	struct device_node *np = NULL;
	int ret;

	if (iommu_legacy_init() || smmu2_legacy_init(smmu_matches))
		__builtin_trap();
	probe_smmus();
	while ((np = of_find_all_nodes(np))) {
		struct device dev = { .name = "master", .of_node = np,
				      .bus = &platform_bus_type };

		if (!platform_bus_type.iommu_ops)
			break;
		ret = iommu_configure_legacy(&dev, np);
		if (np->legacy_second && ret != -EINVAL)
			__builtin_trap();
		/* Its operations are set: nobody waits for them. */
		if (ret == -EPROBE_DEFER)
			__builtin_trap();
	}
	smmu2_legacy_exit();
	if (platform_bus_type.iommu_ops || !list_empty(&smmus))
		__builtin_trap();
}
