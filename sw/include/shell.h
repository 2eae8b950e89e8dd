/* Commands of the serial shell and the init script. */
#ifndef _SHELL_H
#define _SHELL_H

#include <compiler.h>
#include <types.h>

struct module;

/* Returns 0, or -errno; the shell prints nothing by itself for a failure, so
 * the command says what was wrong.
 */
typedef int (*shell_fn_t)(int argc, char **argv);

/**
 * register_shell_command() - Add a command.
 * @name: one word
 * @help: "ARGS - what it does"
 * @fn: called in the shell's thread; it may sleep
 *
 * The strings are kept by reference.
 *
 * Return: 0, -EEXIST or -ENOMEM.
 */
#define register_shell_command(name, help, fn) \
	__register_shell_command(name, help, fn, THIS_MODULE)
int __register_shell_command(const char *name, const char *help,
			     shell_fn_t fn, struct module *owner);
void unregister_shell_command(const char *name);

/* Text to the console, without level or time. */
int shell_printf(const char *fmt, ...) __printf(1, 2);

/* Run one line as the init script does. */
int shell_run(const char *line);
/* True after Ctrl-C on the console, until the next command: long commands
 * end early.
 */
bool shell_interrupted(void);

#endif
