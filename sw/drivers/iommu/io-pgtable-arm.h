/* SPDX-License-Identifier: MIT */
/* Between the parts of io-pgtable-arm. */
#ifndef IO_PGTABLE_ARM_H
#define IO_PGTABLE_ARM_H

#include <io-pgtable.h>

#define LPAE_LAST_LEVEL	3

struct lpae;

/**
 * struct lpae_format - what one of the Long-descriptor formats is
 * @min_ias, @max_ias, @max_oas: address bits
 * @wide_bits: as max_ias and max_oas, with the 64 KiB granule; 0 as others
 * @granules: sizes of tables and pages, one bit a size
 * @concat: log2 of the tables that may lie side by side at the first level
 * @four_levels: the lookup starts at level 0 whatever the input size
 * @page_type: bits 1:0 of a leaf at level 3
 * @quirks: those that it knows
 * @name: for people, as for "struct io_pgtable_entry"; without the granule
 * @fields: what a leaf says beside type and address
 * @attributes: a leaf's bits beside type and address
 * @outputs: fill the part of cfg that the IOMMU's registers are made from
 */
struct lpae_format {
	unsigned int min_ias;
	unsigned int max_ias;
	unsigned int max_oas;
	unsigned int wide_bits;
	unsigned long granules;
	unsigned int concat;
	bool four_levels;
	u64 page_type;
	unsigned long quirks;
	const char *name;
	const struct io_pgtable_field *fields;
	u64 (*attributes)(const struct io_pgtable_cfg *cfg, int prot);
	void (*outputs)(const struct lpae *data, struct io_pgtable_cfg *cfg);
};

/**
 * struct lpae - one set of tables
 * @format: what they are
 * @granule_shift: log2 of a page, and of a table
 * @level_bits: index bits of a table
 * @start_level: where the lookup starts
 * @root_bits: index bits of the first table, or of those side by side
 * @base: the first input address
 * @table_bits: what a table descriptor has beside type and address
 */
struct lpae {
	struct io_pgtable iop;
	const struct lpae_format *format;
	unsigned int granule_shift;
	unsigned int level_bits;
	int start_level;
	unsigned int root_bits;
	unsigned long base;
	u64 table_bits;
	u64 *root;
};

struct io_pgtable *lpae_alloc(const struct lpae_format *format,
			      struct io_pgtable_cfg *cfg, void *cookie);
void lpae_free(struct io_pgtable *iop);

#endif
