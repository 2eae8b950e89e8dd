/* SPDX-License-Identifier: MIT */
/* Match tables; their layout is read by scripts/modpost.py. */
#ifndef MOD_DEVICETABLE_H
#define MOD_DEVICETABLE_H

#include <types.h>

struct of_device_id {
	char name[32];
	char type[32];
	char compatible[128];
	const void *data;
};

/* IDs may be PCI_ANY_ID; of a class the bits of @class_mask count. The last
 * entry is all zeroes.
 */
struct pci_device_id {
	u32 vendor, device;
	u32 subvendor, subdevice;
	u32 class, class_mask;
	unsigned long driver_data;
};

#endif
