/* Addresses of device-tree nodes. */
#include <export.h>
#include <kernel.h>
#include <of.h>

static u64 cells_at(const struct property *p, int i, int n)
{
	u64 v = 0;

	while (n--)
		v = v << 32 | be32_to_cpu(((const __be32 *)p->value)[i++]);
	return v;
}

/* From the address space of @bus's children to that of @bus's parent. */
static int translate_up(const struct device_node *bus, u64 *addr, u64 size)
{
	struct property *p = of_find_property(bus, "ranges", NULL);
	u32 cac = 2, csc = 1;
	int pac = of_n_addr_cells(bus), i, entry;

	if (!p)
		return -EINVAL;		/* not visible from outside */
	if (!p->length)
		return 0;
	of_property_read_u32(bus, "#address-cells", &cac);
	of_property_read_u32(bus, "#size-cells", &csc);
	if (cac < 1 || cac > 2 || csc < 1 || csc > 2 || pac < 1 || pac > 2)
		return -EINVAL;		/* other kinds of bus */
	entry = (int)cac + pac + (int)csc;
	for (i = 0; i + entry <= p->length / 4; i += entry) {
		u64 child = cells_at(p, i, (int)cac);
		u64 parent = cells_at(p, i + (int)cac, pac);
		u64 len = cells_at(p, i + (int)cac + pac, (int)csc);

		if (*addr >= child && *addr - child < len &&
		    size <= len - (*addr - child)) {
			*addr = parent + (*addr - child);
			return 0;
		}
	}
	return -EINVAL;
}

int of_address_to_resource(const struct device_node *np, int index,
			   struct resource *res)
{
	struct property *p = of_find_property(np, "reg", NULL);
	int ac = of_n_addr_cells(np), sc = of_n_size_cells(np), i;
	const struct device_node *bus;
	u64 addr, size;

	if (!p || ac < 1 || ac > 2 || sc < 1 || sc > 2)
		return -EINVAL;
	i = index * (ac + sc);
	if (index < 0 || i + ac + sc > p->length / 4)
		return -EINVAL;
	addr = cells_at(p, i, ac);
	size = cells_at(p, i + ac, sc);
	if (!size || addr + size - 1 < addr)
		return -EINVAL;
	for (bus = np->parent; bus && bus->parent; bus = bus->parent)
		if (translate_up(bus, &addr, size))
			return -EINVAL;
	res->start = addr;
	res->end = addr + size - 1;
	res->flags = IORESOURCE_MEM;
	res->name = np->full_name;
	of_property_read_string_index(np, "reg-names", index, &res->name);
	return 0;
}
EXPORT_SYMBOL(of_address_to_resource);
