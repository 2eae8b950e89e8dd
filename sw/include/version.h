#ifndef _VERSION_H
#define _VERSION_H

#define KERNEL_RELEASE	"0.1.0"
/* Modules must be built for exactly this. */
#define VERMAGIC_STRING	KERNEL_RELEASE " mod_unload aarch64"

extern const char kernel_banner[];

#endif
