/* SPDX-License-Identifier: MIT */
#ifndef VERSION_H
#define VERSION_H

#include <generated/confighash.h>

#define KERNEL_RELEASE	"0.1.0"

#ifdef CONFIG_SMP
#define VERMAGIC_SMP	"SMP "
#else
#define VERMAGIC_SMP	""
#endif

/* Modules must be built for exactly this. The build hashes the configuration
 * without what is =m: a further module changes no kernel.
 */
#define VERMAGIC_STRING	KERNEL_RELEASE " " VERMAGIC_SMP \
	"mod_unload aarch64 config-" CONFIG_HASH

extern const char kernel_banner[];

#endif
