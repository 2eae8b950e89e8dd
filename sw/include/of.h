/* SPDX-License-Identifier: MIT */
/* The device tree. Nodes and properties live as long as the kernel, and do not
 * change after start-up: readers need no lock.
 */
#ifndef OF_H
#define OF_H

#include <device.h>
#include <ioport.h>
#include <list.h>
#include <mod_devicetable.h>
#include <types.h>

struct property {
	const char *name;
	const void *value;	/* as in the blob: big-endian cells, strings */
	int length;
	struct property *next;
};

struct device_node {
	const char *name;	/* without the unit address */
	const char *full_name;	/* with it */
	u32 phandle;		/* 0: none */
	struct property *properties;
	struct device_node *parent;
	struct device_node *child;
	struct device_node *sibling;
	struct device_node *by_phandle[2];	/* see of_add_phandle() */
	struct device *dev;	/* made for it, or NULL */
	/* Whose mmu-masters names it, and whose does once more. */
	struct device_node *legacy_iommu;
	struct device_node *legacy_second;
};

#define MAX_PHANDLE_ARGS	16

struct of_phandle_args {
	struct device_node *np;
	int args_count;
	u32 args[MAX_PHANDLE_ARGS];
};

extern struct device_node *of_root;

/* NULL: there is none. */
struct device_node *of_find_node_by_path(const char *path);
struct device_node *of_find_node_by_phandle(u32 phandle);
/* Each of these starts after @from (NULL: the whole tree), and passes over what
 * of_device_is_available() says no to.
 */
struct device_node *of_find_compatible_node(struct device_node *from,
					    const char *type,
					    const char *compatible);
struct device_node *of_find_matching_node(struct device_node *from,
					  const struct of_device_id *matches);
struct device_node *of_get_next_child(const struct device_node *np,
				      struct device_node *prev);
struct device_node *of_get_child_by_name(const struct device_node *np,
					 const char *name);
struct device_node *of_find_all_nodes(struct device_node *prev);

#define for_each_child_of_node(parent, child)			\
	for (child = of_get_next_child(parent, NULL); child;	\
	     child = of_get_next_child(parent, child))

bool of_device_is_compatible(const struct device_node *np,
			     const char *compatible);
/* Neither the node nor a parent has a status that is not "okay" or "ok"
 * (Devicetree Specification 0.4, 2.3.4).
 */
bool of_device_is_available(const struct device_node *np);
const struct of_device_id *of_match_node(const struct of_device_id *matches,
					 const struct device_node *np);
/* The .data of the entry that matches @dev, or NULL. */
const void *of_device_get_match_data(const struct device *dev);

/* @lenp in bytes, may be NULL. */
struct property *of_find_property(const struct device_node *np,
				  const char *name, int *lenp);
bool of_property_read_bool(const struct device_node *np, const char *name);
/* 0; -EINVAL: no such property; -ENODATA: empty, or no such string; -EOVERFLOW:
 * too short; -EILSEQ: a string without an end.
 */
int of_property_read_u32_index(const struct device_node *np,
			       const char *name, u32 index, u32 *out);
int of_property_read_u32_array(const struct device_node *np,
			       const char *name, u32 *out, size_t count);
int of_property_read_u64(const struct device_node *np, const char *name,
			 u64 *out);
/* -EINVAL also for bytes that make no whole cell. */
int of_property_count_u32_elems(const struct device_node *np,
				const char *name);
int of_property_read_string(const struct device_node *np, const char *name,
			    const char **out);
int of_property_read_string_index(const struct device_node *np,
				  const char *name, int index,
				  const char **out);
int of_property_match_string(const struct device_node *np, const char *name,
			     const char *string);
int of_property_count_strings(const struct device_node *np,
			      const char *name);

static inline int of_property_read_u32(const struct device_node *np,
				       const char *name, u32 *out)
{
	return of_property_read_u32_index(np, name, 0, out);
}

/* Of @np's reg: what its parent says, or 2 and 1 (2.3.5); -EINVAL, with a
 * message, when that is no number up to 4.
 */
int of_n_addr_cells(const struct device_node *np);
int of_n_size_cells(const struct device_node *np);

/**
 * struct of_phandle_iterator - A way along a list of phandles with arguments.
 * @index: of the entry it is at; behind the end, the number of entries
 * @node: what that entry names; NULL for an entry that is empty (phandle 0)
 * @cell_count: how many arguments follow
 */
struct of_phandle_iterator {
	const struct device_node *parent;
	const char *list_name;
	const char *cells_name;
	int index;
	struct device_node *node;
	u32 cell_count;
	/* private */
	struct property *list;
	u32 phandle;
	int pos;
};

/* Before the first entry. @cells_name: the property of each target that says
 * how many cells follow; NULL: none.
 */
void of_phandle_iterator_init(struct of_phandle_iterator *it,
			      const struct device_node *np,
			      const char *list_name, const char *cells_name);
/* To the next entry: 0, -ENOENT at the end, or -EINVAL, which is told. */
int of_phandle_iterator_next(struct of_phandle_iterator *it);
/* What it is at: 0, or -ENOENT for an empty entry. */
int of_phandle_iterator_args(const struct of_phandle_iterator *it,
			     struct of_phandle_args *args);

/**
 * of_parse_phandle_with_args() - Decode entry @index of a list of phandles.
 * @cells_name: the property of each target that says how many cells follow
 * Return: 0, -ENOENT when there is no such entry, or -EINVAL when the list is
 *	malformed up to there, which the log tells.
 */
int of_parse_phandle_with_args(const struct device_node *np,
			       const char *list_name, const char *cells_name,
			       int index, struct of_phandle_args *args);
/* The number of entries, or an error. */
int of_count_phandle_with_args(const struct device_node *np,
			       const char *list_name,
			       const char *cells_name);
struct device_node *of_parse_phandle(const struct device_node *np,
				     const char *name, int index);
/**
 * of_map_id() - Translate an ID by a map property (iommu-map, msi-map).
 * @target: where the node goes
 * Return: 0; -ENODEV when the map does not cover @id; -EINVAL when it is
 *	malformed, which the log tells.
 */
int of_map_id(const struct device_node *np, u32 id, const char *map_name,
	      const char *map_mask_name, struct device_node **target,
	      u32 *id_out);

/* From the address space that @np is in to the CPU's, @size bytes through every
 * parent's ranges: 0 or -EINVAL.
 */
int of_translate_address(const struct device_node *np, u64 *addr, u64 size);
/* CPU address of entry @index of reg, through every parent's ranges. */
int of_address_to_resource(const struct device_node *np, int index,
			   struct resource *res);
int of_irq_parse_one(const struct device_node *np, int index,
		     struct of_phandle_args *args);
/**
 * of_irq_parse_raw() - Follow an interrupt that no node describes.
 * @np: where it comes to: a controller, or a nexus
 * @address: the unit address there, #address-cells of it
 * @spec: the specifier, #interrupt-cells of it
 * Return: as of_irq_parse_one().
 */
int of_irq_parse_raw(struct device_node *np, const u32 *address,
		     const u32 *spec, struct of_phandle_args *args);
/* Mapped interrupt number of entry @index of interrupts. */
int of_irq_get(struct device_node *np, int index);
int of_irq_get_byname(struct device_node *np, const char *name);
int of_irq_count(struct device_node *np);

/* DMA goes through coherent memory: dma-coherent here or on a parent. */
bool of_dma_is_coherent(const struct device_node *np);

/* Path from the root; returns the length it needs. */
int of_node_path(const struct device_node *np, char *buf, size_t size);

#endif
