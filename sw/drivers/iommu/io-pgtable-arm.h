/* SPDX-License-Identifier: MIT */
/* Between the parts of io-pgtable-arm. */
#ifndef IO_PGTABLE_ARM_H
#define IO_PGTABLE_ARM_H

#include <io-pgtable.h>

/**
 * io_pgtable_arm_nr_tables - pages that a set of tables occupies
 * @ops: of this format
 */
unsigned long io_pgtable_arm_nr_tables(struct io_pgtable_ops *ops);

/**
 * io_pgtable_arm_selftest - run the format through a matrix of sizes
 * @node: the format, used directly: its module is not live yet
 *
 * Return: 0, or -EFAULT after a line for each check that failed.
 */
int io_pgtable_arm_selftest(const struct io_pgtable_init_fns_node *node);

#endif
