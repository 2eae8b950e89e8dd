/* The guest's device tree, from the blob to addresses and interrupts, for the
 * host.
 */
#include "guest_host.h"
/* Bring their static variables: a blob is placed as early_fdt_scan() does, and
 * each one begins without phandles.
 */
#include "../../sw/drivers/of/base.c"
#undef pr_fmt
#include "../../sw/drivers/of/fdt.c"

int tree_fuzz_one(const u8 *data, size_t size);
/* guest_legacy_fuzz_target.c */
void legacy_fuzz(void);

static void check_memory(phys_addr_t base, u64 size)
{
	if (base >= PHYS_END || size > PHYS_END - base)
		__builtin_trap();
}

void memblock_add(phys_addr_t base, u64 size)
{
}

void memblock_reserve(phys_addr_t base, u64 size)
{
	check_memory(base, size);
}

void memblock_remove(phys_addr_t base, u64 size)
{
	check_memory(base, size);
}

/* Stands for the controller: what comes here is what a driver would get. */
int irq_create_of_mapping(const struct of_phandle_args *args)
{
	int i, sum = 0;

	if (!of_property_read_bool(args->np, "interrupt-controller") ||
	    !of_device_is_available(args->np) || args->args_count < 1 ||
	    args->args_count > MAX_PHANDLE_ARGS)
		__builtin_trap();
	for (i = 0; i < args->args_count; i++)
		sum ^= (int)args->args[i];
	return sum & 0x7fffffff;
}

/* All that reads a property, on one. */
static void read_property(struct device_node *np, const struct property *p)
{
	static const char *const cells[] = {
		NULL, "#interrupt-cells", "#iommu-cells", "#address-cells",
		"#stream-id-cells",
	};
	struct of_phandle_args args;
	struct device_node *target;
	u32 u[4] = { 0 }, out;
	unsigned int c;
	const char *s;
	u64 v;
	int i, n;

	of_property_read_u32_index(np, p->name, 0, u);
	of_property_read_u32_index(np, p->name, u[0], &out);
	of_property_read_u32_array(np, p->name, u, 4);
	/* Of several with one name, the first counts. */
	of_find_property(np, p->name, &n);
	if (!of_property_read_u32_array(np, p->name, &out, (size_t)n / 4 + 1))
		__builtin_trap();
	of_property_read_u64(np, p->name, &v);
	of_property_count_u32_elems(np, p->name);
	n = of_property_count_strings(np, p->name);
	for (i = -1; i <= min(n, 8); i++) {
		bool found = !of_property_read_string_index(np, p->name, i,
							    &s);

		if (found != (i >= 0 && i < n))
			__builtin_trap();
		if (found && (of_property_match_string(np, p->name, s) > i ||
			      of_property_match_string(np, p->name, s) < 0))
			__builtin_trap();
		if (found) {
			of_find_node_by_path(s);
			of_find_compatible_node(NULL, NULL, s);
			of_get_child_by_name(np, s);
		}
	}
	for (c = 0; c < ARRAY_SIZE(cells); c++) {
		n = of_count_phandle_with_args(np, p->name, cells[c]);
		for (i = -1; i < 4; i++) {
			if (of_parse_phandle_with_args(np, p->name, cells[c], i,
						       &args))
				continue;
			if (i < 0 || (n >= 0 && i >= n) ||
			    args.args_count > MAX_PHANDLE_ARGS)
				__builtin_trap();
		}
	}
	for (i = 0; i < 4; i++)
		if (!of_map_id(np, u[i], p->name, "iommu-map-mask", &target,
			       &out) && !target->phandle)
			__builtin_trap();
}

static void read_node(struct device_node *np)
{
	static const struct of_device_id ids[] = {
		{ .compatible = "arm,pl011" },
		{ }
	};
	const struct device_node *up;
	const struct property *p;
	char path[64];

	for (up = np; up->parent; up = up->parent)
		if (of_node_path(up, path, sizeof(path)) < 1)
			__builtin_trap();
	if (np->phandle && of_find_node_by_phandle(np->phandle) != np)
		__builtin_trap();
	of_match_node(ids, np);
	of_dma_is_coherent(np);
	of_irq_count(np);
	of_irq_get_byname(np, "a");
	for (p = np->properties; p; p = p->next)
		read_property(np, p);
}

/* True when an interrupt was found. */
int tree_fuzz_one(const u8 *data, size_t size)
{
	struct scan s = { .node[0].name = "" };
	struct device_node *np = NULL;
	u64 mark = host_mark();
	struct resource res;
	int found = 0, i;

	of_root = NULL;
	phandles = NULL;
	nr_no_map = 0;
	boot_command_line[0] = 0;
	if (fdt_open(&fdt, data, (u32)size))
		return 0;
	fdt_base = (u64)data - PAGE_OFFSET;
	if (scan_tree(&s))
		return 0;
	scan_rsvmap(&fdt);
	apply_no_map();
	fdt_unflatten();
	while ((np = of_find_all_nodes(np))) {
		read_node(np);
		for (i = 0; i < 4; i++) {
			found |= of_irq_get(np, i) >= 0;
			if (!of_address_to_resource(np, i, &res) &&
			    res.end < res.start)
				__builtin_trap();
		}
	}
	legacy_fuzz();
	host_free_since(mark);
	return found;
}
