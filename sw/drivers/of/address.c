/* Addresses and interrupts of device-tree nodes. */
#include <export.h>
#include <irq.h>
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

/* The controller that serves @np's interrupts property. */
static struct device_node *irq_parent(const struct device_node *np)
{
	for (; np; np = np->parent) {
		struct device_node *p = of_parse_phandle(np,
							 "interrupt-parent",
							 0);

		if (p)
			return p;
		if (np->parent && of_property_read_bool(np->parent,
							"interrupt-controller"))
			return np->parent;
	}
	return NULL;
}

static int irq_parse(const struct device_node *np, int index,
		     struct of_phandle_args *args)
{
	struct property *p;
	u32 cells;
	int i;

	if (of_find_property(np, "interrupts-extended", NULL))
		return of_parse_phandle_with_args(np, "interrupts-extended",
						  "#interrupt-cells", index,
						  args);
	p = of_find_property(np, "interrupts", NULL);
	if (!p)
		return -ENXIO;
	args->np = irq_parent(np);
	if (!args->np || of_property_read_u32(args->np, "#interrupt-cells",
					      &cells) ||
	    !cells || cells > MAX_PHANDLE_ARGS)
		return -EINVAL;
	if (index < 0 || (index + 1) * (int)cells > p->length / 4)
		return -ENXIO;
	args->args_count = (int)cells;
	for (i = 0; i < (int)cells; i++)
		args->args[i] = (u32)cells_at(p, index * (int)cells + i, 1);
	return 0;
}

int of_irq_get(struct device_node *np, int index)
{
	struct of_phandle_args args;
	int ret = irq_parse(np, index, &args);

	if (ret == -ENOENT)
		return -ENXIO;
	return ret ? ret : irq_create_of_mapping(&args);
}
EXPORT_SYMBOL(of_irq_get);

int of_irq_get_byname(struct device_node *np, const char *name)
{
	int i = of_property_match_string(np, "interrupt-names", name);

	return i < 0 ? -ENXIO : of_irq_get(np, i);
}
EXPORT_SYMBOL(of_irq_get_byname);

int of_irq_count(struct device_node *np)
{
	struct of_phandle_args args;
	int n = 0;

	while (!irq_parse(np, n, &args))
		n++;
	return n;
}
EXPORT_SYMBOL(of_irq_count);
