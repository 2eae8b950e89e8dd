/* SPDX-License-Identifier: MIT */
#ifndef PRINTABLE_H
#define PRINTABLE_H

/* What a file says goes to a terminal: its control characters do not. */
static inline char *mask_control(char *s)
{
	char *p;

	for (p = s; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	return s;
}

#endif
