/* The guest's PCI core between a test and what it finds instead of a kernel. */
#include "host_pci.h"

#include <guest_host.h>
#include <of.h>
#include <pci-ats.h>
#include <slab.h>

#include "../../../sw/drivers/pci/pci-internal.h"

static const struct host_config_space *space;
static struct pci_host host;
static struct device host_device;
static u64 mark;
static unsigned int fail_countdown;

const struct attribute_group *const pci_dev_groups[1];
struct bus_type pci_bus_type = { .name = "pci" };

static u32 read(struct pci_host *h, u8 bus, u8 devfn, unsigned int where,
		unsigned int size)
{
	if (bus < h->first_bus || bus > h->last_bus || where >= 4096 ||
	    where % size)
		__builtin_trap();
	return space->read(space->context, bus, devfn, where, size);
}

static void write(struct pci_host *h, u8 bus, u8 devfn, unsigned int where,
		  unsigned int size, u32 value)
{
	if (bus < h->first_bus || bus > h->last_bus || where >= 4096 ||
	    where % size)
		__builtin_trap();
	space->write(space->context, bus, devfn, where, size, value);
}

static const struct pci_ops ops = { .read = read, .write = write };

/* The core's calls of kmalloc() come here. */
#undef kmalloc
void *kmalloc(size_t size, gfp_t gfp);

void *host_kmalloc(size_t size, gfp_t gfp)
{
	return fail_countdown && !--fail_countdown ? NULL : kmalloc(size, gfp);
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	return host_kmalloc(size, gfp);
}

void kvfree(const void *p)
{
	kfree(p);
}

struct pci_dev *pci_alloc_dev(struct pci_bus *bus, u8 devfn)
{
	struct pci_dev *pdev = host_kmalloc(sizeof(*pdev), __GFP_ZERO);

	if (!pdev)
		return NULL;
	pdev->dev.bus = &pci_bus_type;
	pdev->host = bus->host;
	pdev->bus = bus;
	pdev->devfn = devfn;
	return pdev;
}

void put_device(struct device *dev)
{
	kfree(to_pci_dev(dev));
}

int device_add(struct device *dev)
{
	return 0;
}

void device_del(struct device *dev)
{
}

void pci_clear_master(struct pci_dev *pdev)
{
}

void dev_printk(const char *level, const struct device *dev, const char *fmt,
		...)
{
	struct va_format vf;
	va_list ap;

	va_start(ap, fmt);
	vf.fmt = fmt;
	vf.va = &ap;
	printk("%s%pV", level, &vf);
	va_end(ap);
}

void __warn(const char *file, int line, const char *cond, const char *fmt,
	    ...)
{
	__builtin_trap();
}

int of_property_read_u32_index(const struct device_node *np,
			       const char *name, u32 index, u32 *out)
{
	return -EINVAL;
}

bool host_pci_probe(const struct host_config_space *s, unsigned int first_bus,
		    unsigned int last_bus, const struct host_window *windows,
		    unsigned int num_windows)
{
	unsigned int i;

	space = s;
	mark = host_mark();
	memset(&host, 0, sizeof(host));
	host.dev = &host_device;
	host.ops = &ops;
	host.first_bus = (u8)first_bus;
	host.last_bus = (u8)last_bus;
	host.num_windows = num_windows;
	for (i = 0; i < num_windows; i++)
		host.windows[i] = (struct pci_window){
			.pci = windows[i].pci, .cpu = windows[i].cpu,
			.size = windows[i].size,
			.prefetch = windows[i].prefetch,
		};
	if (pci_host_probe(&host)) {
		/* What it had taken has been given back. */
		if (host_free_since(mark))
			__builtin_trap();
		return false;
	}
	pci_request_acs();
	return true;
}

unsigned int host_pci_count(void)
{
	return host.num_devices;
}

static int add_alias(struct pci_dev *pdev, u16 alias, void *data)
{
	struct host_function *out = data;

	if (out->num_aliases == host_max_aliases)
		__builtin_trap();
	out->aliases[out->num_aliases++] = alias;
	return 0;
}

static struct pci_dev *find(unsigned int i)
{
	struct pci_dev *pdev;

	list_for_each_entry(pdev, &host.devices, node)
		if (!i--)
			break;
	return pdev;
}

void host_pci_ats_supported(bool supported)
{
	host.ats_supported = supported;
}

int host_pci_ats(unsigned int i, enum host_ats what, unsigned int argument)
{
	struct pci_dev *pdev = find(i);

	switch (what) {
	case host_enable_ats:
		return pci_enable_ats(pdev, argument);
	case host_disable_ats:
		pci_disable_ats(pdev);
		return 0;
	case host_enable_pri:
		return pci_enable_pri(pdev, argument);
	case host_disable_pri:
		pci_disable_pri(pdev);
		return 0;
	case host_reset_pri:
		return pci_reset_pri(pdev);
	case host_stopped:
		return pci_pri_stopped(pdev);
	case host_response_has_pasid:
		return pci_prg_resp_pasid_required(pdev);
	case host_enable_pasid:
		return pci_enable_pasid(pdev, (int)argument);
	case host_disable_pasid:
		pci_disable_pasid(pdev);
		return 0;
	case host_max_pasids:
		return pci_max_pasids(pdev);
	case host_pasid_features:
		return pci_pasid_features(pdev);
	}
	__builtin_trap();
}

void host_pci_function(unsigned int i, struct host_function *out)
{
	const struct pci_dev *root;
	struct pci_dev *pdev = find(i);
	unsigned int b;

	memset(out, 0, sizeof(*out));
	out->bus = pdev->bus->number;
	out->devfn = pdev->devfn;
	if (pdev->subordinate) {
		out->number = pdev->subordinate->number;
		out->last = pdev->subordinate->last;
	}
	root = pci_isolation_root(pdev);
	out->root_bus = root->bus->number;
	out->root_devfn = root->devfn;
	pci_for_each_dma_alias(pdev, add_alias, out);
	out->path_enabled = pci_acs_path_enabled(pdev, NULL,
						 PCI_ACS_ISOLATION);
	for (b = 0; b < PCI_NUM_BARS; b++) {
		out->bars[b].cpu = pdev->bars[b].cpu;
		out->bars[b].pci = pdev->bars[b].pci;
		out->bars[b].size = pdev->bars[b].size;
		out->bars[b].assigned = pdev->bars[b].assigned;
	}
}

unsigned int host_pci_remove(void)
{
	pci_host_remove(&host);
	return host_free_since(mark);
}

void host_pci_fail_allocation(unsigned int n)
{
	fail_countdown = n;
}

/* Of formats that nothing here uses. */
int of_node_path(const struct device_node *np, char *buf, size_t size)
{
	return 0;
}
