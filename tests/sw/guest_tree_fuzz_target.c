/* The guest's device tree, from the blob to addresses and interrupts, for the
 * host.
 */
/* Brings its static variables: a blob is placed as early_fdt_scan() does. */
#include "../../sw/drivers/of/fdt.c"

int tree_fuzz_one(const u8 *data, size_t size);

char *kstrndup(const char *s, size_t max, gfp_t gfp)
{
	size_t n = strnlen(s, max);
	char *p = kmalloc(n + 1, gfp);

	memcpy(p, s, n);
	p[n] = 0;
	return p;
}

void panic(const char *fmt, ...)
{
	__builtin_trap();
}

void memblock_add(phys_addr_t base, u64 size)
{
}

void memblock_reserve(phys_addr_t base, u64 size)
{
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

/* As early_fdt_scan(): true when the blob is one tree. */
static bool is_tree(void)
{
	struct fdt_token t;
	u32 pos = fdt.struct_off;
	int depth = 0;

	do {
		if (fdt_next(&fdt, &pos, &t))
			return false;
		if (t.tag == FDT_BEGIN_NODE && ++depth >= MAX_DEPTH)
			return false;
		if (t.tag == FDT_END_NODE && --depth < 0)
			return false;
		if (t.tag == FDT_PROP && !depth)
			return false;
	} while (t.tag != FDT_END && depth > 0);
	return t.tag != FDT_END;
}

static void free_node(struct device_node *np)
{
	struct property *p, *next;

	while (np->child) {
		struct device_node *c = np->child;

		np->child = c->sibling;
		free_node(c);
	}
	for (p = np->properties; p; p = next) {
		next = p->next;
		kfree(p);
	}
	kfree(np->name);
	kfree(np);
}

/* True when an interrupt was found. */
int tree_fuzz_one(const u8 *data, size_t size)
{
	struct device_node *np = NULL;
	struct resource res;
	int found = 0, i;

	of_root = NULL;
	if (fdt_open(&fdt, data, (u32)size) || !is_tree())
		return 0;
	fdt_base = (u64)data - PAGE_OFFSET;
	fdt_unflatten();
	while ((np = of_find_all_nodes(np)))
		for (i = 0; i < 4; i++) {
			found |= of_irq_get(np, i) >= 0;
			of_address_to_resource(np, i, &res);
		}
	if (of_root)
		free_node(of_root);
	return found;
}
