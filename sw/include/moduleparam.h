/* SPDX-License-Identifier: MIT */
/* Parameters of modules, and of the same code when it is built in: given to
 * insmod and modprobe, in modprobe.conf, and as "module.name=value" on the
 * kernel's command line.
 */
#ifndef MODULEPARAM_H
#define MODULEPARAM_H

#include <compiler.h>
#include <types.h>

enum param_type {
	PARAM_bool,
	PARAM_int,
	PARAM_uint,
	PARAM_ulong,
	PARAM_charp,
};

/* In the section __param. */
struct kernel_param {
	const char *name;
	const char *module;
	void *var;
	enum param_type type;
	u16 perm;
};

/* Allows for no wrong kind of variable. */
typedef bool param_var_bool;
typedef int param_var_int;
typedef unsigned int param_var_uint;
typedef unsigned long param_var_ulong;
typedef char *param_var_charp;

/**
 * module_param() - Let a variable be set when the module is loaded.
 * @name: the variable, and the parameter
 * @ptype: bool, int, uint, ulong, or charp (char *; the value is kept as long
 *	as the module)
 * @perm: as Linux's: with 0444 it is shown in /sys/module; nothing there can be written
 */
#define module_param(name, ptype, perm) \
	module_param_named(name, name, ptype, perm)
#define module_param_named(pname, pvar, ptype, pperm)			\
	static param_var_##ptype *const __check_##pname __maybe_unused	\
		= &(pvar);						\
	static const struct kernel_param __param_##pname __used		\
	__section("__param") __aligned(8) = {				\
		.name = #pname, .module = KBUILD_MODNAME,		\
		.var = &(pvar), .type = PARAM_##ptype, .perm = (pperm),	\
	};								\
	__MODULE_INFO(parmtype, __parmtype_##pname, #pname ":" #ptype)
#define MODULE_PARM_DESC(pname, desc) \
	__MODULE_INFO(parm, __parm_##pname, #pname ":" desc)

/* A value of a charp parameter. */
struct param_value {
	struct param_value *next;
	char text[];
};

/* What parse_args() works on. */
struct param_set {
	const char *module;	/* for messages */
	const struct kernel_param *params;
	unsigned int num;
	struct param_value **values;
};

/**
 * parse_args() - Set parameters from "name=value name2='a b' flag".
 * @args: NULL is the same as ""; double quotes keep blanks in a value
 * @reason: why, when it fails
 *
 * '-' and '_' are one in a name. A name that is not known is told and passed
 * over, as Linux does; a value that does not fit is an error.
 *
 * Return: 0, -EINVAL, -ERANGE or -ENOMEM.
 */
int parse_args(const struct param_set *set, const char *args, char *reason,
	       size_t reason_size);
void param_values_free(struct param_value *values);

/* Splits off the next "name=value"; NULL at the end, or ERR_PTR(-EINVAL) for
 * quotes that are not closed. @value: NULL without '='. Writes into @p.
 */
char *next_arg(char **p, char **value);

#endif
