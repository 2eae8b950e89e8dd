/* SPDX-License-Identifier: MIT */
/* Match tables; their layout is read by scripts/modpost.py. */
#ifndef MOD_DEVICETABLE_H
#define MOD_DEVICETABLE_H

struct of_device_id {
	char name[32];
	char type[32];
	char compatible[128];
	const void *data;
};

#endif
