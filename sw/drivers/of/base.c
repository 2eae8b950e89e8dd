/* Searches in the device tree, and its properties. */
#include <export.h>
#include <kernel.h>
#include <of.h>

struct device_node *of_root;
EXPORT_SYMBOL(of_root);

/* Depth first. */
struct device_node *of_find_all_nodes(struct device_node *np)
{
	if (!np)
		return of_root;
	if (np->child)
		return np->child;
	while (np && !np->sibling)
		np = np->parent;
	return np ? np->sibling : NULL;
}
EXPORT_SYMBOL(of_find_all_nodes);

struct property *of_find_property(const struct device_node *np,
				  const char *name, int *lenp)
{
	struct property *p;

	if (!np)
		return NULL;
	for (p = np->properties; p; p = p->next)
		if (!strcmp(p->name, name)) {
			if (lenp)
				*lenp = p->length;
			return p;
		}
	return NULL;
}
EXPORT_SYMBOL(of_find_property);

const void *of_get_property(const struct device_node *np, const char *name,
			    int *lenp)
{
	struct property *p = of_find_property(np, name, lenp);

	return p ? p->value : NULL;
}
EXPORT_SYMBOL(of_get_property);

bool of_property_read_bool(const struct device_node *np, const char *name)
{
	return of_find_property(np, name, NULL);
}
EXPORT_SYMBOL(of_property_read_bool);

static u32 prop_cell(const struct property *p, int i)
{
	return be32_to_cpu(((const __be32 *)p->value)[i]);
}

int of_property_read_u32_index(const struct device_node *np,
			       const char *name, u32 index, u32 *out)
{
	struct property *p = of_find_property(np, name, NULL);

	if (!p)
		return -EINVAL;
	if (!p->length)
		return -ENODATA;
	if (index >= (u32)p->length / 4)
		return -EOVERFLOW;
	*out = prop_cell(p, (int)index);
	return 0;
}
EXPORT_SYMBOL(of_property_read_u32_index);

int of_property_read_u32_array(const struct device_node *np,
			       const char *name, u32 *out, size_t count)
{
	struct property *p = of_find_property(np, name, NULL);
	size_t i;

	if (!p)
		return -EINVAL;
	if (!p->length)
		return -ENODATA;
	if (count > (size_t)p->length / 4)
		return -EOVERFLOW;
	for (i = 0; i < count; i++)
		out[i] = prop_cell(p, (int)i);
	return 0;
}
EXPORT_SYMBOL(of_property_read_u32_array);

int of_property_read_u64(const struct device_node *np, const char *name,
			 u64 *out)
{
	u32 v[2];
	int ret = of_property_read_u32_array(np, name, v, 2);

	if (!ret)
		*out = (u64)v[0] << 32 | v[1];
	return ret;
}
EXPORT_SYMBOL(of_property_read_u64);

int of_property_count_u32_elems(const struct device_node *np,
				const char *name)
{
	struct property *p = of_find_property(np, name, NULL);

	return p ? p->length / 4 : -EINVAL;
}
EXPORT_SYMBOL(of_property_count_u32_elems);

/* The string behind @s in @p, NULL at the end or when it is not closed. */
static const char *next_string(const struct property *p, const char *s)
{
	const char *base = p->value, *end = base + p->length;

	s = s ? s + strlen(s) + 1 : base;
	if (s >= end || strnlen(s, (size_t)(end - s)) == (size_t)(end - s))
		return NULL;
	return s;
}

int of_property_read_string_index(const struct device_node *np,
				  const char *name, int index,
				  const char **out)
{
	struct property *p = of_find_property(np, name, NULL);
	const char *s;

	if (!p)
		return -EINVAL;
	if (!p->length)
		return -ENODATA;
	for (s = next_string(p, NULL); s; s = next_string(p, s))
		if (!index--) {
			*out = s;
			return 0;
		}
	return -ENODATA;
}
EXPORT_SYMBOL(of_property_read_string_index);

int of_property_read_string(const struct device_node *np, const char *name,
			    const char **out)
{
	return of_property_read_string_index(np, name, 0, out);
}
EXPORT_SYMBOL(of_property_read_string);

int of_property_match_string(const struct device_node *np, const char *name,
			     const char *string)
{
	const char *s;
	int i;

	for (i = 0; !of_property_read_string_index(np, name, i, &s); i++)
		if (!strcmp(s, string))
			return i;
	return of_find_property(np, name, NULL) ? -ENODATA : -EINVAL;
}
EXPORT_SYMBOL(of_property_match_string);

int of_property_count_strings(const struct device_node *np, const char *name)
{
	const char *s;
	int i = 0;

	if (!of_find_property(np, name, NULL))
		return -EINVAL;
	while (!of_property_read_string_index(np, name, i, &s))
		i++;
	return i;
}
EXPORT_SYMBOL(of_property_count_strings);

bool of_device_is_compatible(const struct device_node *np,
			     const char *compatible)
{
	return of_property_match_string(np, "compatible", compatible) >= 0;
}
EXPORT_SYMBOL(of_device_is_compatible);

bool of_device_is_available(const struct device_node *np)
{
	const char *s;

	if (!np)
		return false;
	for (; np; np = np->parent)
		if (of_find_property(np, "status", NULL) &&
		    (of_property_read_string(np, "status", &s) ||
		     (strcmp(s, "okay") && strcmp(s, "ok"))))
			return false;
	return true;
}
EXPORT_SYMBOL(of_device_is_available);

/* The most specific compatible string decides. */
const struct of_device_id *of_match_node(const struct of_device_id *matches,
					 const struct device_node *np)
{
	const struct of_device_id *m;
	const char *s;
	int i;

	if (!matches || !np)
		return NULL;
	for (i = 0; !of_property_read_string_index(np, "compatible", i, &s);
	     i++)
		for (m = matches; m->compatible[0] || m->name[0]; m++)
			if (!strcmp(m->compatible, s))
				return m;
	return NULL;
}
EXPORT_SYMBOL(of_match_node);

const void *of_device_get_match_data(const struct device *dev)
{
	const struct of_device_id *m;

	if (!dev->driver)
		return NULL;
	m = of_match_node(dev->driver->of_match_table, dev->of_node);
	return m ? m->data : NULL;
}
EXPORT_SYMBOL(of_device_get_match_data);

struct device_node *of_find_compatible_node(struct device_node *from,
					    const char *type,
					    const char *compatible)
{
	struct device_node *np = from;

	(void)type;
	while ((np = of_find_all_nodes(np)))
		if (of_device_is_compatible(np, compatible) &&
		    of_device_is_available(np))
			return np;
	return NULL;
}
EXPORT_SYMBOL(of_find_compatible_node);

struct device_node *of_find_matching_node(struct device_node *from,
					  const struct of_device_id *matches)
{
	struct device_node *np = from;

	while ((np = of_find_all_nodes(np)))
		if (of_match_node(matches, np) && of_device_is_available(np))
			return np;
	return NULL;
}
EXPORT_SYMBOL(of_find_matching_node);

struct device_node *of_find_node_with_property(struct device_node *from,
					       const char *name)
{
	struct device_node *np = from;

	while ((np = of_find_all_nodes(np)))
		if (of_find_property(np, name, NULL) &&
		    of_device_is_available(np))
			return np;
	return NULL;
}
EXPORT_SYMBOL(of_find_node_with_property);

struct device_node *of_find_node_by_phandle(u32 phandle)
{
	struct device_node *np = NULL;

	if (!phandle)
		return NULL;
	while ((np = of_find_all_nodes(np)))
		if (np->phandle == phandle)
			return np;
	return NULL;
}
EXPORT_SYMBOL(of_find_node_by_phandle);

struct device_node *of_get_parent(const struct device_node *np)
{
	return np ? np->parent : NULL;
}
EXPORT_SYMBOL(of_get_parent);

struct device_node *of_get_next_child(const struct device_node *np,
				      struct device_node *prev)
{
	if (!np)
		return NULL;
	return prev ? prev->sibling : np->child;
}
EXPORT_SYMBOL(of_get_next_child);

struct device_node *of_get_child_by_name(const struct device_node *np,
					 const char *name)
{
	struct device_node *c;

	for_each_child_of_node(np, c)
		if (!strcmp(c->name, name) || !strcmp(c->full_name, name))
			return c;
	return NULL;
}
EXPORT_SYMBOL(of_get_child_by_name);

struct device_node *of_find_node_by_path(const char *path)
{
	struct device_node *np = of_root, *c;

	if (*path != '/') {
		/* An alias, perhaps with more path or options behind it. */
		char alias[32];
		size_t n = strcspn(path, "/:");
		const char *target;

		if (n >= sizeof(alias))
			return NULL;
		memcpy(alias, path, n);
		alias[n] = 0;
		c = of_find_node_by_path("/aliases");
		if (of_property_read_string(c, alias, &target) ||
		    *target != '/')
			return NULL;
		np = of_find_node_by_path(target);
		path += n;
	}
	while (np && *path == '/') {
		size_t n;

		path++;
		n = strcspn(path, "/:");
		if (!n)
			break;
		for_each_child_of_node(np, c)
			if ((!strncmp(c->full_name, path, n) &&
			     !c->full_name[n]) ||
			    (!strncmp(c->name, path, n) && !c->name[n]))
				break;
		np = c;
		path += n;
	}
	return np;
}
EXPORT_SYMBOL(of_find_node_by_path);

int of_node_path(const struct device_node *np, char *buf, size_t size)
{
	int n = 0;

	if (!np)
		return snprintf(buf, size, "(none)");
	if (!np->parent)
		return snprintf(buf, size, "/");
	if (np->parent->parent)
		n = of_node_path(np->parent, buf, size);
	return n + snprintf((size_t)n < size ? buf + n : NULL,
			    (size_t)n < size ? size - (size_t)n : 0, "/%s",
			    np->full_name);
}
EXPORT_SYMBOL(of_node_path);

/* Cells of an address in @np's reg: what the parent says. */
static int parent_cells(const struct device_node *np, const char *name,
			int dflt)
{
	u32 v;

	np = np->parent ? np->parent : np;
	if (of_property_read_u32(np, name, &v) || v > 4)
		return dflt;
	return (int)v;
}

int of_n_addr_cells(const struct device_node *np)
{
	return parent_cells(np, "#address-cells", 2);
}
EXPORT_SYMBOL(of_n_addr_cells);

int of_n_size_cells(const struct device_node *np)
{
	return parent_cells(np, "#size-cells", 1);
}
EXPORT_SYMBOL(of_n_size_cells);

int of_parse_phandle_with_args(const struct device_node *np,
			       const char *list_name, const char *cells_name,
			       int index, struct of_phandle_args *args)
{
	struct property *p = of_find_property(np, list_name, NULL);
	int i = 0, n, k;

	if (!p || index < 0)
		return -ENOENT;
	n = p->length / 4;
	while (i < n) {
		u32 phandle = prop_cell(p, i++), cells = 0;
		struct device_node *target = NULL;

		if (phandle) {
			target = of_find_node_by_phandle(phandle);
			if (!target)
				return -EINVAL;
			if (cells_name && of_property_read_u32(target,
							       cells_name,
							       &cells))
				return -EINVAL;
			if (cells > MAX_PHANDLE_ARGS || cells > (u32)(n - i))
				return -EINVAL;
		}
		if (!index--) {
			if (!target)
				return -ENOENT;
			if (args) {
				args->np = target;
				args->args_count = (int)cells;
				for (k = 0; k < (int)cells; k++)
					args->args[k] = prop_cell(p, i + k);
			}
			return 0;
		}
		i += (int)cells;
	}
	return -ENOENT;
}
EXPORT_SYMBOL(of_parse_phandle_with_args);

int of_count_phandle_with_args(const struct device_node *np,
			       const char *list_name, const char *cells_name)
{
	int i, ret;

	for (i = 0;; i++) {
		ret = of_parse_phandle_with_args(np, list_name, cells_name, i,
						 NULL);
		if (ret == -ENOENT)
			return i || of_find_property(np, list_name, NULL) ?
			       i : -ENOENT;
		if (ret)
			return ret;
	}
}
EXPORT_SYMBOL(of_count_phandle_with_args);

struct device_node *of_parse_phandle(const struct device_node *np,
				     const char *name, int index)
{
	struct of_phandle_args args;

	if (of_parse_phandle_with_args(np, name, NULL, index, &args))
		return NULL;
	return args.np;
}
EXPORT_SYMBOL(of_parse_phandle);

int of_map_id(const struct device_node *np, u32 id, const char *map_name,
	      const char *map_mask_name, struct device_node **target,
	      u32 *id_out)
{
	struct property *p = of_find_property(np, map_name, NULL);
	u32 mask = U32_MAX;
	int i;

	if (!p)
		return -ENODEV;
	if (map_mask_name)
		of_property_read_u32(np, map_mask_name, &mask);
	for (i = 0; i + 4 <= p->length / 4; i += 4) {
		u32 base = prop_cell(p, i), len = prop_cell(p, i + 3);
		u32 masked = id & mask;

		if (masked < base || masked - base >= len)
			continue;
		*target = of_find_node_by_phandle(prop_cell(p, i + 1));
		if (!*target)
			return -EINVAL;
		*id_out = prop_cell(p, i + 2) + (masked - base);
		return 0;
	}
	return -ENODEV;
}
EXPORT_SYMBOL(of_map_id);

bool of_dma_is_coherent(const struct device_node *np)
{
	for (; np; np = np->parent)
		if (of_property_read_bool(np, "dma-coherent"))
			return true;
	return false;
}
EXPORT_SYMBOL(of_dma_is_coherent);
