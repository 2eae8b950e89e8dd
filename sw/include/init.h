/* SPDX-License-Identifier: MIT */
/* Start-up calls of built-in code, in order of level. */
#ifndef INIT_H
#define INIT_H

#include <compiler.h>

typedef int (*initcall_t)(void);

#define __define_initcall(fn, lvl)				\
	static initcall_t __initcall_##fn __used		\
	__section(".initcall" lvl ".init") = fn

#define core_initcall(fn)	__define_initcall(fn, "1")
#define device_initcall(fn)	__define_initcall(fn, "6")

#endif
