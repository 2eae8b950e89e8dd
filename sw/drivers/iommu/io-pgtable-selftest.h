/* SPDX-License-Identifier: MIT */
/* The formats' self-test: linked into each module of formats. */
#ifndef IO_PGTABLE_SELFTEST_H
#define IO_PGTABLE_SELFTEST_H

#include <io-pgtable.h>

/**
 * struct io_pgtable_selftest_case - tables to check: every combination
 * @format: the format; used directly, since it is not registered yet
 * @ias: input sizes, then 0
 * @oas: output sizes, then 0
 * @pgsizes: page size bitmaps, then 0
 * @quirks: of all of them
 * @small_oas: output size of all leaves but the largest that exists, if not
 *	       that of the tables; then 16 MiB is what the others' limit is not
 *	       for
 */
struct io_pgtable_selftest_case {
	const struct io_pgtable_init_fns_node *format;
	const unsigned int *ias;
	const unsigned int *oas;
	const unsigned long *pgsizes;
	unsigned long quirks;
	unsigned int small_oas;
};

/**
 * io_pgtable_selftest - check formats on tables that no walker sees
 * @cases: what to check
 * @count: how many
 *
 * Return: 0, or -EFAULT after a line for each check that failed.
 */
int io_pgtable_selftest(const struct io_pgtable_selftest_case *cases,
			unsigned int count);

#endif
