#ifndef _SHELL_INTERNAL_H
#define _SHELL_INTERNAL_H

#include <list.h>
#include <shell.h>

#define MAX_ARGS	32
#define LINE_SIZE	512

struct shell_command {
	struct list_head node;
	const char *name;
	const char *help;
	shell_fn_t fn;
	struct module *owner;
};

/* By name. */
extern struct list_head shell_commands;
struct shell_command *shell_find_command(const char *name);

int shell_run_argv(int argc, char **argv);
/* True in the init script when a shell follows it: poweroff ends the script. */
bool shell_script_stop(void);

/* Returns the length, or -EINTR after Ctrl-C, -EPIPE after Ctrl-D. */
int shell_read_line(const char *prompt, char *buf, size_t size);

/* 0 when nothing failed. */
int shell_verdict(void);

#define SHELL_COMMAND(id, name, help)				\
static int id##_register(void)					\
{								\
	return register_shell_command(name, help, cmd_##id);	\
}								\
device_initcall(id##_register)

#endif
