/* SPDX-License-Identifier: MIT */
/* Commands of the serial shell and the init script. */
#ifndef SHELL_H
#define SHELL_H

#include <compiler.h>
#include <types.h>

struct module;

/* Returns 0, or -errno; the shell prints nothing by itself for a failure, so
 * the command says what was wrong.
 */
typedef int (*shell_fn_t)(int argc, char **argv);

/**
 * register_shell_command() - Add a command.
 * @name: one word, printable
 * @help: "ARGS - what it does"; "- what it does" of a command that takes none,
 *	which is then never called with any
 * @fn: called in the shell's thread; it may sleep
 *
 * The strings are kept by reference.
 *
 * Return: 0, -EEXIST, -ENOMEM; -EINVAL for a name that cannot be typed.
 */
#define register_shell_command(name, help, fn) \
	__register_shell_command(name, help, fn, THIS_MODULE)
int __register_shell_command(const char *name, const char *help,
			     shell_fn_t fn, struct module *owner);

/**
 * register_shell_selftest() - Add a command that tests what its module does.
 * @name: as for register_shell_command(), and so are @help and @fn
 *
 * It is a command like any other, and one that "selftest" runs, without
 * arguments: it then begins a KTAP list of its own (ktap_plan()), and leaves
 * all as it was.
 *
 * Return: as register_shell_command().
 */
#define register_shell_selftest(name, help, fn) \
	__register_shell_selftest(name, help, fn, THIS_MODULE)
int __register_shell_selftest(const char *name, const char *help,
			      shell_fn_t fn, struct module *owner);
/* Of either kind. */
void unregister_shell_command(const char *name);

/* Text to the console, without level or time. */
int shell_printf(const char *fmt, ...) __printf(1, 2);
/* Bytes as they are. */
void shell_write(const void *bytes, size_t n);

/* Run one line as it is typed. */
int shell_run(const char *line);
/* True after Ctrl-C on the console, until the next command is typed: long
 * commands end early, and so does a script.
 */
bool shell_interrupted(void);

#endif
