// SPDX-License-Identifier: MIT
/* Interrupts of device-tree nodes (Devicetree Specification 0.4, 2.4). */
#define pr_fmt(fmt) "of: " fmt
#include <export.h>
#include <irq.h>
#include <kernel.h>
#include <of.h>

#define MAX_ADDRESS_CELLS	4
#define MAX_KEY_CELLS		(MAX_ADDRESS_CELLS + MAX_PHANDLE_ARGS)
/* More steps than a sane tree has: what takes more goes in circles. */
#define MAX_PARENTS		64
#define MAX_NEXUS		16

/* An interrupt on its way from a device to a controller. */
struct route {
	const struct device_node *dev;
	struct device_node *np;		/* the domain that it has come to */
	u32 address_cells;		/* of its unit address there */
	bool has_address;		/* a device without reg has none */
	u32 cells;			/* of its specifier there */
	/* Both, behind each other: what is looked up in an interrupt-map. */
	u32 key[MAX_KEY_CELLS];
};

static u32 cell(const struct property *p, u32 i)
{
	return be32_to_cpu(((const __be32 *)p->value)[i]);
}

static u32 cell_count(const struct property *p)
{
	return p ? (u32)p->length / 4 : 0;
}

/* #interrupt-cells of @np (2.4.1.4, 2.4.2.1). */
static int interrupt_cells(const struct device_node *dev,
			   const struct device_node *np, u32 *cells)
{
	if (of_property_read_u32(np, "#interrupt-cells", cells)) {
		pr_err("%pOF: its interrupt goes to %pOF, which has no #interrupt-cells\n",
		       dev, np);
		return -EINVAL;
	}
	if (!*cells || *cells > MAX_PHANDLE_ARGS) {
		pr_err("%pOF: its interrupt goes to %pOF with %u #interrupt-cells; 1 to %d are possible\n",
		       dev, np, *cells, MAX_PHANDLE_ARGS);
		return -EINVAL;
	}
	return 0;
}

static int address_cells(const struct device_node *dev,
			 const struct device_node *np, u32 dflt, u32 *cells)
{
	*cells = dflt;
	of_property_read_u32(np, "#address-cells", cells);
	if (*cells > MAX_ADDRESS_CELLS) {
		pr_err("%pOF: its interrupt goes to %pOF with %u #address-cells; up to %d are possible\n",
		       dev, np, *cells, MAX_ADDRESS_CELLS);
		return -EINVAL;
	}
	return 0;
}

/* Whom the interrupts property of @dev is for: the interrupt-parent of a node,
 * else its parent, from @dev upwards until one has interrupts (2.4.1.2).
 */
static int interrupt_parent(const struct device_node *dev,
			    struct device_node **out)
{
	const struct device_node *np = dev;
	int steps;

	for (steps = 0; np && steps < MAX_PARENTS; steps++) {
		struct device_node *next = np->parent;
		u32 phandle = 0;

		if (of_find_property(np, "interrupt-parent", NULL)) {
			of_property_read_u32(np, "interrupt-parent", &phandle);
			next = of_find_node_by_phandle(phandle);
			if (!next) {
				pr_err("%pOF: interrupt-parent of %pOF is phandle %#x, which no node has\n",
				       dev, np, phandle);
				return -EINVAL;
			}
		}
		if (of_find_property(next, "#interrupt-cells", NULL)) {
			*out = next;
			return 0;
		}
		np = next;
	}
	pr_err("%pOF: %s\n", dev, np ? "interrupt-parent goes in circles" :
				       "it has no interrupt-parent");
	return -EINVAL;
}

/* Entry @index of interrupts-extended, else of interrupts (2.4.1). */
static int first_domain(struct route *r, int index)
{
	struct property *reg = of_find_property(r->dev, "reg", NULL), *p;
	struct of_phandle_args args;
	u32 spec[MAX_PHANDLE_ARGS];
	int ret;
	u32 i;

	if (index < 0)
		return -ENXIO;
	if (of_find_property(r->dev, "interrupts-extended", NULL)) {
		ret = of_parse_phandle_with_args(r->dev, "interrupts-extended",
						 "#interrupt-cells", index,
						 &args);
		if (ret == -ENOENT)
			return -ENXIO;
		if (ret) {
			pr_err("%pOF: interrupts-extended is malformed up to entry %d\n",
			       r->dev, index);
			return ret;
		}
		r->np = args.np;
		ret = interrupt_cells(r->dev, r->np, &r->cells);
		if (ret)
			return ret;
		memcpy(spec, args.args, r->cells * sizeof(u32));
	} else {
		p = of_find_property(r->dev, "interrupts", NULL);
		if (!p)
			return -ENXIO;
		ret = interrupt_parent(r->dev, &r->np);
		if (ret)
			return ret;
		ret = interrupt_cells(r->dev, r->np, &r->cells);
		if (ret)
			return ret;
		if ((u32)index >= cell_count(p) / r->cells)
			return -ENXIO;
		for (i = 0; i < r->cells; i++)
			spec[i] = cell(p, (u32)index * r->cells + i);
	}
	/* The unit address is the start of reg, as the nexus counts it. */
	ret = address_cells(r->dev, r->np, 2, &r->address_cells);
	if (ret)
		return ret;
	r->has_address = cell_count(reg) >= r->address_cells;
	for (i = 0; i < r->address_cells; i++)
		r->key[i] = r->has_address ? cell(reg, i) : 0;
	memcpy(r->key + r->address_cells, spec, r->cells * sizeof(u32));
	return 0;
}

static int too_short(const struct route *r, const char *property)
{
	pr_err("%pOF: %s of %pOF is too short for its cells\n", r->dev,
	       property, r->np);
	return -EINVAL;
}

/* interrupt-map-mask (2.4.3.3); without it, all counts. */
static int read_mask(const struct route *r, u32 *mask)
{
	struct property *p = of_find_property(r->np, "interrupt-map-mask",
					      NULL);
	u32 n = r->address_cells + r->cells, i;

	if (p && cell_count(p) < n)
		return too_short(r, "interrupt-map-mask");
	for (i = 0; i < n; i++) {
		mask[i] = p ? cell(p, i) : U32_MAX;
		if (mask[i] && i < r->address_cells && !r->has_address) {
			pr_err("%pOF: it has no reg of %u cells, and interrupt-map of %pOF goes by it\n",
			       r->dev, r->address_cells, r->np);
			return -EINVAL;
		}
	}
	return 0;
}

/* From a nexus to the domain that its interrupt-map names (2.4.3.1). An entry
 * is: child unit address, child specifier, parent, its unit address, its
 * specifier.
 */
static int through_nexus(struct route *r)
{
	struct property *map = of_find_property(r->np, "interrupt-map", NULL);
	u32 n = r->address_cells + r->cells, left = cell_count(map), at = 0;
	struct device_node *parent = NULL;
	u32 mask[MAX_KEY_CELLS], ac = 0, cells = 0, i;
	int ret = read_mask(r, mask);

	while (!ret && left) {
		bool match = true;
		u32 phandle;

		if (left < n + 1)
			return too_short(r, "interrupt-map");
		for (i = 0; i < n; i++)
			if ((cell(map, at + i) ^ r->key[i]) & mask[i])
				match = false;
		phandle = cell(map, at + n);
		/* Most maps lead to one controller. */
		if (!parent || parent->phandle != phandle) {
			parent = of_find_node_by_phandle(phandle);
			if (!parent) {
				pr_err("%pOF: interrupt-map of %pOF leads to phandle %#x, which no node has\n",
				       r->dev, r->np, phandle);
				return -EINVAL;
			}
			ret = interrupt_cells(r->dev, parent, &cells);
			/* Controllers without addresses often say nothing. */
			if (!ret)
				ret = address_cells(r->dev, parent, 0, &ac);
			if (ret)
				return ret;
		}
		at += n + 1;
		left -= n + 1;
		if (left < ac + cells)
			return too_short(r, "interrupt-map");
		/* To one that is off, an entry does not lead. */
		if (match && of_device_is_available(parent)) {
			for (i = 0; i < ac + cells; i++)
				r->key[i] = cell(map, at + i);
			r->np = parent;
			r->has_address = true;
			r->address_cells = ac;
			r->cells = cells;
			return 0;
		}
		at += ac + cells;
		left -= ac + cells;
	}
	if (!ret)
		pr_err("%pOF: interrupt-map of %pOF has no entry for its interrupt\n",
		       r->dev, r->np);
	return ret ? ret : -EINVAL;
}

/* To the controller; -ENODEV: it is off; -EINVAL: malformed, which is told. */
static int follow(struct route *r, struct of_phandle_args *args)
{
	int ret = 0, steps;

	for (steps = 0; !ret; steps++) {
		if (!of_device_is_available(r->np)) {
			pr_err("%pOF: its interrupt goes to %pOF, which is disabled\n",
			       r->dev, r->np);
			return -ENODEV;
		}
		if (!of_find_property(r->np, "interrupt-map", NULL))
			break;
		if (steps == MAX_NEXUS) {
			pr_err("%pOF: its interrupt goes through more than %d interrupt-maps, in circles\n",
			       r->dev, MAX_NEXUS);
			return -EINVAL;
		}
		ret = through_nexus(r);
	}
	if (ret)
		return ret;
	if (!of_property_read_bool(r->np, "interrupt-controller")) {
		pr_err("%pOF: its interrupt goes to %pOF, which is no interrupt-controller and has no interrupt-map\n",
		       r->dev, r->np);
		return -EINVAL;
	}
	args->np = r->np;
	args->args_count = (int)r->cells;
	memcpy(args->args, r->key + r->address_cells, r->cells * sizeof(u32));
	return 0;
}

/**
 * of_irq_parse_one() - Follow an interrupt to its controller.
 * @args: the controller, and the specifier as it counts it
 * Return: 0; -ENXIO: there is no such entry; -ENODEV: the controller is off;
 *	-EINVAL: malformed, which the log has told.
 */
int of_irq_parse_one(const struct device_node *np, int index,
		     struct of_phandle_args *args)
{
	struct route r = { .dev = np };
	int ret = first_domain(&r, index);

	return ret ? ret : follow(&r, args);
}
EXPORT_SYMBOL(of_irq_parse_one);

int of_irq_parse_raw(struct device_node *np, const u32 *address,
		     const u32 *spec, struct of_phandle_args *args)
{
	struct route r = { .dev = np, .np = np, .has_address = true };
	int ret = interrupt_cells(np, np, &r.cells);

	if (!ret)
		ret = address_cells(np, np, 2, &r.address_cells);
	if (ret)
		return ret;
	memcpy(r.key, address, r.address_cells * sizeof(u32));
	memcpy(r.key + r.address_cells, spec, r.cells * sizeof(u32));
	return follow(&r, args);
}
EXPORT_SYMBOL(of_irq_parse_raw);

int of_irq_get(struct device_node *np, int index)
{
	struct of_phandle_args args;
	int ret = of_irq_parse_one(np, index, &args);

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

	while (!of_irq_parse_one(np, n, &args))
		n++;
	return n;
}
EXPORT_SYMBOL(of_irq_count);
