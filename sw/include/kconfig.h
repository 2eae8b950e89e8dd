/* SPDX-License-Identifier: MIT */
/*
 * The configuration, in front of every source file (-include): what is y is
 * CONFIG_FOO, what is m is CONFIG_FOO_MODULE, both 1. In C, rather than #ifdef:
 *
 *	IS_ENABLED(CONFIG_FOO)		y or m
 *	IS_BUILTIN(CONFIG_FOO)		y
 *	IS_MODULE(CONFIG_FOO)		m
 *	IS_REACHABLE(CONFIG_FOO)	its symbols can be linked to from here: y,
 *					or m and this is a module itself
 */
#ifndef KCONFIG_H
#define KCONFIG_H

#include <generated/autoconf.h>

/* A macro that is 1 becomes an argument more, which moves the 1 behind it to
 * the second place. One that is not defined leaves the 0 there.
 */
#define KCONFIG_COMMA_1			0,
#define KCONFIG_SECOND(first, second, ...)	second
#define KCONFIG_CHOOSE(comma_or_none)	KCONFIG_SECOND(comma_or_none 1, 0, 0)
#define KCONFIG_JOIN(value)		KCONFIG_CHOOSE(KCONFIG_COMMA_##value)
#define KCONFIG_IS_1(option)		KCONFIG_JOIN(option)

#define IS_BUILTIN(option)	KCONFIG_IS_1(option)
#define IS_MODULE(option)	KCONFIG_IS_1(option##_MODULE)
#define IS_ENABLED(option)	(IS_BUILTIN(option) || IS_MODULE(option))
#ifdef MODULE
#define IS_REACHABLE(option)	IS_ENABLED(option)
#else
#define IS_REACHABLE(option)	IS_BUILTIN(option)
#endif

#endif
