/* Match tables; their layout is read by scripts/modpost.py. */
#ifndef _MOD_DEVICETABLE_H
#define _MOD_DEVICETABLE_H

struct of_device_id {
	char name[32];
	char type[32];
	char compatible[128];
	const void *data;
};

#endif
