/* SPDX-License-Identifier: MIT */
/* Between the parts of io-pgtable-arm-v7s: Short descriptors. */
#ifndef IO_PGTABLE_ARM_V7S_H
#define IO_PGTABLE_ARM_V7S_H

#include <io-pgtable.h>

/* A level 1 descriptor of a table (DDI 0487, G5.4.1). */
#define L1_TABLE	1U
#define L1_TABLE_NS	(1U << 3)
#define L1_TABLE_ADDR	0xfffffc00U

/* TEX[0], C, B: attribute n of PRRR and NMRR, which means the same as it
 * would without TEX remap (G5.7.2).
 */
#define ATTR_DEV	1U
#define ATTR_NC		4U
#define ATTR_WBWA	7U

/* The four leaves, and what else an entry can be. */
enum v7s_kind {
	V7S_SMALL,	/* page of 4 KiB */
	V7S_LARGE,	/* page of 64 KiB */
	V7S_SECTION,	/* 1 MiB */
	V7S_SUPER,	/* supersection of 16 MiB */
	V7S_TABLE,
	V7S_NONE,
};

/**
 * struct v7s_kind_info - where leaves of a kind lie
 * @size: bytes that they map
 * @level: level of their table
 * @entries: equal descriptors, side by side
 */
struct v7s_kind_info {
	size_t size;
	int level;
	unsigned long entries;
};

/* By kind, of leaves. */
extern const struct v7s_kind_info v7s_kinds[];

/* What a leaf says, wherever its kind has the bits. S and nG are always set. */
struct v7s_attr {
	unsigned int ap;	/* AP[2:0] */
	unsigned int texcb;	/* TEX[2:0], C, B */
	bool xn;
};

/* What leaves say, for people: by kind. */
extern const struct io_pgtable_field *const v7s_fields[];

enum v7s_kind v7s_l1_kind(u32 desc);
enum v7s_kind v7s_l2_kind(u32 desc);

struct v7s_attr v7s_make_attr(const struct io_pgtable_cfg *cfg, int prot);
struct v7s_attr v7s_leaf_attr(enum v7s_kind kind, u32 desc);

u32 v7s_make_leaf(const struct io_pgtable_cfg *cfg, enum v7s_kind kind,
		  phys_addr_t paddr, struct v7s_attr attr);
phys_addr_t v7s_leaf_address(enum v7s_kind kind, u32 desc);

#endif
