// SPDX-License-Identifier: MIT
/* Searches in the device tree, and its properties. */
#define pr_fmt(fmt) "of: " fmt
#include <export.h>
#include <kernel.h>
#include "of_internal.h"

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

	return p && !(p->length % 4) ? p->length / 4 : -EINVAL;
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

#define for_each_string(p, s) \
	for (s = next_string(p, NULL); s; s = next_string(p, s))

int of_property_read_string_index(const struct device_node *np,
				  const char *name, int index,
				  const char **out)
{
	struct property *p = of_find_property(np, name, NULL);
	const char *s;

	if (!p)
		return -EINVAL;
	if (!p->length || index < 0)
		return -ENODATA;
	for_each_string(p, s)
		if (!index--) {
			*out = s;
			return 0;
		}
	return ((const char *)p->value)[p->length - 1] ? -EILSEQ : -ENODATA;
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
	struct property *p = of_find_property(np, name, NULL);
	const char *s;
	int i = 0;

	if (!p)
		return -EINVAL;
	for_each_string(p, s) {
		if (!strcmp(s, string))
			return i;
		i++;
	}
	return -ENODATA;
}
EXPORT_SYMBOL(of_property_match_string);

int of_property_count_strings(const struct device_node *np, const char *name)
{
	struct property *p = of_find_property(np, name, NULL);
	const char *s;
	int n = 0;

	if (!p)
		return -EINVAL;
	for_each_string(p, s)
		n++;
	return n;
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
	struct property *p = of_find_property(np, "compatible", NULL);
	const struct of_device_id *m;
	const char *s;

	if (!matches || !p)
		return NULL;
	for_each_string(p, s)
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

/* A tree in which the phandle's bits, one a level, choose the next node: no
 * choice of phandles makes it deep.
 */
static struct device_node *phandles;

static struct device_node **phandle_place(u32 phandle)
{
	struct device_node **at = &phandles;
	unsigned int bit = 0;

	while (*at && (*at)->phandle != phandle)
		at = &(*at)->by_phandle[phandle >> bit++ & 1];
	return at;
}

/* Devicetree Specification 0.4, 2.3.3. 0 and -1 stand for no phandle. */
void of_add_phandle(struct device_node *np, u32 phandle)
{
	struct device_node **place = phandle_place(phandle);

	if (*place == np)
		return;
	if (!phandle || phandle == U32_MAX)
		pr_err("%pOF: phandle %#x is ignored: it means none\n", np,
		       phandle);
	else if (np->phandle)
		pr_err("%pOF: phandle %#x is ignored: it has %#x already\n",
		       np, phandle, np->phandle);
	else if (*place)
		pr_err("%pOF: phandle %#x is ignored: %pOF has it already\n",
		       np, phandle, *place);
	else
		(*place = np)->phandle = phandle;
}

struct device_node *of_find_node_by_phandle(u32 phandle)
{
	return phandle ? *phandle_place(phandle) : NULL;
}
EXPORT_SYMBOL(of_find_node_by_phandle);

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

/* Cells in @np's reg: what the parent says. */
static int parent_cells(const struct device_node *np, const char *name,
			int dflt)
{
	struct property *p;

	np = np->parent ? np->parent : np;
	p = of_find_property(np, name, NULL);
	if (!p)
		return dflt;
	if (p->length != 4 || prop_cell(p, 0) > 4) {
		pr_err("%pOF: %s is no number up to 4\n", np, name);
		return -EINVAL;
	}
	return (int)prop_cell(p, 0);
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

/* What a phandle in @list leads to, and how many cells follow it. */
static int list_target(const struct device_node *np, const char *list,
		       const char *cells_name, u32 phandle,
		       struct device_node **target, u32 *cells)
{
	*cells = 0;
	*target = of_find_node_by_phandle(phandle);
	if (!*target) {
		pr_err("%pOF: %pE has phandle %#x, which no node has\n", np,
		       list, phandle);
		return -EINVAL;
	}
	if (!cells_name)
		return 0;
	if (of_property_read_u32(*target, cells_name, cells)) {
		pr_err("%pOF: %pE names %pOF, which has no %s\n", np, list,
		       *target, cells_name);
		return -EINVAL;
	}
	if (*cells > MAX_PHANDLE_ARGS) {
		pr_err("%pOF: %pE names %pOF, whose %s is %u: up to %d are possible\n",
		       np, list, *target, cells_name, *cells,
		       MAX_PHANDLE_ARGS);
		return -EINVAL;
	}
	return 0;
}

void of_phandle_iterator_init(struct of_phandle_iterator *it,
			      const struct device_node *np,
			      const char *list_name, const char *cells_name)
{
	memset(it, 0, sizeof(*it));
	it->parent = np;
	it->list_name = list_name;
	it->cells_name = cells_name;
	it->list = of_find_property(np, list_name, NULL);
	it->index = -1;
}
EXPORT_SYMBOL(of_phandle_iterator_init);

/* The node and the number of cells of the entry that starts at it->pos. */
static int iterator_target(struct of_phandle_iterator *it)
{
	u32 phandle = prop_cell(it->list, it->pos++);
	int ret = 0;

	/* Many lists name one node again and again. */
	if (!phandle) {
		it->node = NULL;
		it->cell_count = 0;
	} else if (phandle != it->phandle || !it->node) {
		ret = list_target(it->parent, it->list_name, it->cells_name,
				  phandle, &it->node, &it->cell_count);
	}
	it->phandle = phandle;
	return ret;
}

int of_phandle_iterator_next(struct of_phandle_iterator *it)
{
	int n, ret;

	if (!it->list)
		return -ENOENT;
	n = it->list->length / 4;
	/* Behind the one before. */
	if (it->index >= 0)
		it->pos += (int)it->cell_count;
	it->index++;
	if (it->pos < n) {
		ret = iterator_target(it);
		if (ret || it->cell_count <= (u32)(n - it->pos))
			return ret;
		pr_err("%pOF: %pE ends within entry %d, for which %pOF wants %u cells\n",
		       it->parent, it->list_name, it->index, it->node,
		       it->cell_count);
		return -EINVAL;
	}
	if (it->list->length % 4) {
		pr_err("%pOF: %pE of %d bytes is no list of cells\n",
		       it->parent, it->list_name, it->list->length);
		return -EINVAL;
	}
	return -ENOENT;
}
EXPORT_SYMBOL(of_phandle_iterator_next);

int of_phandle_iterator_args(const struct of_phandle_iterator *it,
			     struct of_phandle_args *args)
{
	u32 k;

	if (!it->node)
		return -ENOENT;
	args->np = it->node;
	args->args_count = (int)it->cell_count;
	for (k = 0; k < it->cell_count; k++)
		args->args[k] = prop_cell(it->list, it->pos + (int)k);
	return 0;
}
EXPORT_SYMBOL(of_phandle_iterator_args);

int of_parse_phandle_with_args(const struct device_node *np,
			       const char *list_name, const char *cells_name,
			       int index, struct of_phandle_args *args)
{
	struct of_phandle_iterator it;
	int ret;

	if (index < 0)
		return -ENOENT;
	of_phandle_iterator_init(&it, np, list_name, cells_name);
	do {
		ret = of_phandle_iterator_next(&it);
	} while (!ret && it.index < index);
	return ret ? ret : of_phandle_iterator_args(&it, args);
}
EXPORT_SYMBOL(of_parse_phandle_with_args);

int of_count_phandle_with_args(const struct device_node *np,
			       const char *list_name, const char *cells_name)
{
	struct of_phandle_iterator it;
	int ret;

	of_phandle_iterator_init(&it, np, list_name, cells_name);
	if (!it.list)
		return -ENOENT;
	do {
		ret = of_phandle_iterator_next(&it);
	} while (!ret);
	return ret == -ENOENT ? it.index : ret;
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

/* Entries: first ID, phandle, first ID there, how many. */
int of_map_id(const struct device_node *np, u32 id, const char *map_name,
	      const char *map_mask_name, struct device_node **target,
	      u32 *id_out)
{
	struct property *p = of_find_property(np, map_name, NULL);
	u32 mask = U32_MAX;
	int i;

	if (!p)
		return -ENODEV;
	if (p->length % 16) {
		pr_err("%pOF: %pE of %d bytes is no list of 4 cells each\n", np,
		       map_name, p->length);
		return -EINVAL;
	}
	if (map_mask_name)
		of_property_read_u32(np, map_mask_name, &mask);
	for (i = 0; i < p->length / 4; i += 4) {
		u32 base = prop_cell(p, i), len = prop_cell(p, i + 3);
		u32 out = prop_cell(p, i + 2), masked = id & mask;

		if (masked < base || masked - base >= len)
			continue;
		*target = of_find_node_by_phandle(prop_cell(p, i + 1));
		if (!*target) {
			pr_err("%pOF: %pE has phandle %#x, which no node has\n",
			       np, map_name, prop_cell(p, i + 1));
			return -EINVAL;
		}
		if (out + (masked - base) < out) {
			pr_err("%pOF: %pE takes %#x behind the last ID\n", np,
			       map_name, id);
			return -EINVAL;
		}
		*id_out = out + (masked - base);
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
