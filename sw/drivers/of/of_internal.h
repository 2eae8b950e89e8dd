/* SPDX-License-Identifier: MIT */
/* Between the parts of the device tree's code. */
#ifndef OF_INTERNAL_H
#define OF_INTERNAL_H

#include <of.h>

/* Make @np what of_find_node_by_phandle() finds, unless it cannot be. */
void of_add_phandle(struct device_node *np, u32 phandle);

#endif
