/* SPDX-License-Identifier: MIT */
/* Between the parts of the shell. */
#ifndef SHELL_INTERNAL_H
#define SHELL_INTERNAL_H

#include <list.h>
#include <mutex.h>
#include <shell.h>

#define MAX_ARGS	32
#define LINE_SIZE	512

struct shell_command {
	struct list_head node;
	const char *name;
	const char *help;
	shell_fn_t fn;
	struct module *owner;
	bool selftest;		/* "selftest" runs it */
};

/* By name; with the lock held. */
extern struct list_head shell_commands;
extern struct mutex shell_commands_lock;
/* With the lock held, or to know only whether there is one. */
struct shell_command *shell_find_command(const char *name);

/* "usage: NAME ARGS", by the command's help. Returns -EINVAL. */
int shell_usage(const char *name);
/* Length of the ARGS in "ARGS - what it does". */
size_t shell_help_args(const char *help);

int shell_run_argv(int argc, char **argv);
/* True in the init script when a shell follows it: poweroff ends the script. */
bool shell_script_stop(void);

/* Returns the length, or -EINTR after Ctrl-C. */
int shell_read_line(const char *prompt, char *buf, size_t size);

/* A word that completes one: @len characters of @text. @more: it goes on, as a
 * folder does.
 */
typedef void (*shell_match_t)(void *data, const char *text, size_t len,
			      bool more);
/* Each word that the one at the end of @line, of @len characters, can become;
 * one can come several times. Returns where that word begins.
 */
size_t shell_complete(const char *line, size_t len, shell_match_t match,
		      void *data);

/* ls and cat, for paths in /sys. */
bool shell_in_sysfs(const char *path);
int shell_sysfs_ls(const char *path);
int shell_sysfs_cat(const char *path);

/* lsmod -a: each module file, whether it is loaded, and its size there. */
int shell_lsmod_files(void);
/* rmmod -a: what nobody holds goes, until none is left or the rest stays. */
int shell_rmmod_all(void);
/* rmmod --held: each that is held must be refused. */
int shell_rmmod_held(void);

/* 0 when nothing failed. */
int shell_verdict(void);

#define SHELL_COMMAND(id, name, help)				\
static int id##_register(void)					\
{								\
	return register_shell_command(name, help, cmd_##id);	\
}								\
device_initcall(id##_register)

#endif
