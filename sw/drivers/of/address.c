// SPDX-License-Identifier: MIT
/* Addresses of nodes (Devicetree Specification 0.4, 2.3.6, 2.3.8). */
#define pr_fmt(fmt) "of: " fmt
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
static int translate_up(const struct device_node *np,
			const struct device_node *bus, u64 *addr, u64 size)
{
	struct property *p = of_find_property(bus, "ranges", NULL);
	int cac, csc, pac = of_n_addr_cells(bus), i, entry;

	if (!p)
		return -EINVAL;		/* not visible from outside */
	if (!p->length)
		return 0;
	/* A child's; there is one, as @np is below. */
	cac = of_n_addr_cells(bus->child);
	csc = of_n_size_cells(bus->child);
	if (cac < 1 || cac > 2 || csc < 1 || csc > 2 || pac < 1 || pac > 2)
		return -EINVAL;		/* other kinds of bus */
	entry = cac + pac + csc;
	if (p->length % (entry * 4)) {
		pr_err("%pOF: ranges of %d bytes is no list of %d cells each\n",
		       bus, p->length, entry);
		return -EINVAL;
	}
	for (i = 0; i < p->length / 4; i += entry) {
		u64 child = cells_at(p, i, cac);
		u64 parent = cells_at(p, i + cac, pac);
		u64 len = cells_at(p, i + cac + pac, csc);

		if (*addr < child || *addr - child >= len ||
		    size > len - (*addr - child))
			continue;
		*addr = parent + (*addr - child);
		if (*addr < parent || *addr + size - 1 < *addr) {
			pr_err("%pOF: ranges of %pOF leads behind the last address\n",
			       np, bus);
			return -EINVAL;
		}
		return 0;
	}
	return -EINVAL;
}

int of_translate_address(const struct device_node *np, u64 *addr, u64 size)
{
	const struct device_node *bus;

	for (bus = np->parent; bus && bus->parent; bus = bus->parent)
		if (translate_up(np, bus, addr, size))
			return -EINVAL;
	return 0;
}

int of_address_to_resource(const struct device_node *np, int index,
			   struct resource *res)
{
	struct property *p = of_find_property(np, "reg", NULL);
	u64 addr, size;
	int ac, sc, i;

	if (!p || index < 0)
		return -EINVAL;
	ac = of_n_addr_cells(np);
	sc = of_n_size_cells(np);
	if (ac < 1 || ac > 2 || sc < 1 || sc > 2)
		return -EINVAL;		/* no address of the CPU's */
	if (p->length % ((ac + sc) * 4)) {
		pr_err("%pOF: reg of %d bytes is no list of %d address and %d size cells\n",
		       np, p->length, ac, sc);
		return -EINVAL;
	}
	if (index >= p->length / 4 / (ac + sc))
		return -EINVAL;
	i = index * (ac + sc);
	addr = cells_at(p, i, ac);
	size = cells_at(p, i + ac, sc);
	if (!size || addr + size - 1 < addr)
		return -EINVAL;
	if (of_translate_address(np, &addr, size))
		return -EINVAL;
	res->start = addr;
	res->end = addr + size - 1;
	res->flags = IORESOURCE_MEM;
	res->name = np->full_name;
	of_property_read_string_index(np, "reg-names", index, &res->name);
	return 0;
}
EXPORT_SYMBOL(of_address_to_resource);
