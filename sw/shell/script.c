// SPDX-License-Identifier: MIT
/* The command interpreter: registry, lines, the init script. */
#define pr_fmt(fmt) "init: " fmt
#include <arch.h>
#include <device.h>
#include <export.h>
#include <kernel.h>
#include <ktap.h>
#include <module.h>
#include <ramfs.h>
#include <reboot.h>
#include <slab.h>
#include "internal.h"

/* A path of the initramfs and a command fit. */
#define SCRIPT_LINE_MAX	8191

LIST_HEAD(shell_commands);
DEFINE_MUTEX(shell_commands_lock);

/* While the init script runs; of the thread that runs it. */
static bool in_script, script_stop, shell_follows;

struct shell_command *shell_find_command(const char *name)
{
	struct shell_command *c;

	list_for_each_entry(c, &shell_commands, node)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

/* One word that can be typed. */
static bool is_name(const char *name)
{
	const char *p;

	for (p = name; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr("'\"\\", *p))
			return false;
	return *name && *name != '#' && *name != '-';
}

static int add_command(const char *name, const char *help, shell_fn_t fn,
		       struct module *owner, bool selftest)
{
	struct shell_command *c, *o;
	struct list_head *at = &shell_commands;
	int ret = 0;

	if (!is_name(name))
		return -EINVAL;
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	c->name = name;
	c->help = help;
	c->fn = fn;
	c->owner = owner;
	c->selftest = selftest;
	mutex_lock(&shell_commands_lock);
	if (shell_find_command(name)) {
		ret = -EEXIST;
		kfree(c);
		goto out_unlock;
	}
	list_for_each_entry(o, &shell_commands, node)
		if (strcmp(o->name, name) > 0) {
			at = &o->node;
			break;
		}
	list_add_tail(&c->node, at);
out_unlock:
	mutex_unlock(&shell_commands_lock);
	return ret;
}

int __register_shell_command(const char *name, const char *help,
			     shell_fn_t fn, struct module *owner)
{
	return add_command(name, help, fn, owner, false);
}
EXPORT_SYMBOL(__register_shell_command);

int __register_shell_selftest(const char *name, const char *help,
			      shell_fn_t fn, struct module *owner)
{
	return add_command(name, help, fn, owner, true);
}
EXPORT_SYMBOL(__register_shell_selftest);

void unregister_shell_command(const char *name)
{
	struct shell_command *c;

	mutex_lock(&shell_commands_lock);
	c = shell_find_command(name);
	if (c)
		list_del(&c->node);
	mutex_unlock(&shell_commands_lock);
	if (!WARN(!c, "no shell command %pE\n", name))
		kfree(c);
}
EXPORT_SYMBOL(unregister_shell_command);

void shell_drop_module(struct module *m)
{
	struct shell_command *c, *n;

	if (!m)
		return;
	mutex_lock(&shell_commands_lock);
	list_for_each_entry_safe(c, n, &shell_commands, node)
		if (c->owner == m) {
			pr_warn("%s leaves the shell command %s\n", m->name,
				c->name);
			list_del(&c->node);
			kfree(c);
		}
	mutex_unlock(&shell_commands_lock);
}

size_t shell_help_args(const char *help)
{
	const char *dash = strstr(help, " - ");

	return str_has_prefix(help, "- ") ? 0 :
	       dash ? (size_t)(dash - help) : strlen(help);
}

int shell_usage(const char *name)
{
	struct shell_command *c;

	mutex_lock(&shell_commands_lock);
	c = shell_find_command(name);
	if (c) {
		size_t n = shell_help_args(c->help);

		shell_printf("usage: %s%s%.*s\n", name, n ? " " : "", (int)n,
			     c->help);
	}
	mutex_unlock(&shell_commands_lock);
	return -EINVAL;
}

int shell_printf(const char *fmt, ...)
{
	char small[256], *buf = small;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if ((size_t)n >= sizeof(small)) {
		va_start(ap, fmt);
		buf = kvasprintf(GFP_KERNEL, fmt, ap);
		va_end(ap);
		if (!buf)
			buf = small;
	}
	console_write(buf, strlen(buf));
	if (buf != small)
		kfree(buf);
	return n;
}
EXPORT_SYMBOL(shell_printf);

void shell_write(const void *bytes, size_t n)
{
	console_write(bytes, n);
}
EXPORT_SYMBOL(shell_write);

bool shell_interrupted(void)
{
	return console_interrupted();
}
EXPORT_SYMBOL(shell_interrupted);

/* Splits in place: blanks separate, quotes and backslashes protect, # starts
 * a comment. Returns the count, or -E2BIG, -EINVAL.
 */
static int split(char *s, char **argv)
{
	char *out = s;
	int argc = 0;

	for (;;) {
		char quote = 0;

		while (isspace(*s))
			s++;
		if (!*s || *s == '#')
			break;
		if (argc == MAX_ARGS)
			return -E2BIG;
		argv[argc++] = out;
		for (; *s && (quote || !isspace(*s)); s++) {
			if (quote && *s == quote)
				quote = 0;
			else if (!quote && (*s == '"' || *s == '\''))
				quote = *s;
			else if (*s == '\\' && s[1] && quote != '\'')
				*out++ = *++s;
			else
				*out++ = *s;
		}
		if (quote)
			return -EINVAL;
		if (*s)
			s++;
		*out++ = 0;
	}
	return argc;
}

int shell_run_argv(int argc, char **argv)
{
	struct shell_command *c;
	struct module *owner;
	bool refused;
	shell_fn_t fn;
	char why[64];
	int ret;

	mutex_lock(&shell_commands_lock);
	c = shell_find_command(argv[0]);
	if (!c) {
		mutex_unlock(&shell_commands_lock);
		shell_printf("sh: %pE: command not found\n", argv[0]);
		return -ENOENT;
	}
	/* Help without arguments: the command takes none. */
	refused = argc > 1 && str_has_prefix(c->help, "- ");
	fn = c->fn;
	/* Its module must not go while it runs. */
	owner = c->owner;
	scnprintf(why, sizeof(why), "command %s", c->name);
	ret = module_get_for(owner, NULL, why);
	if (ret) {
		mutex_unlock(&shell_commands_lock);
		shell_printf(ret == -ENOMEM ? "sh: %s: no memory\n" :
			     "sh: %s: its module is not ready\n", argv[0]);
		return ret == -ENOMEM ? ret : -EAGAIN;
	}
	mutex_unlock(&shell_commands_lock);
	if (refused) {
		module_put_for(owner, NULL, why);
		return shell_usage(argv[0]);
	}
	/* A Ctrl-C is for the command that is typed before it, or for the
	 * script as a whole.
	 */
	if (!in_script)
		console_clear_interrupt(true);
	ret = fn(argc, argv);
	/* What it brought in may let others come: the next command sees it. */
	wait_for_device_probe();
	module_put_for(owner, NULL, why);
	return ret;
}

/* Text without control characters, but tabs: what stands behind a null
 * character would not be seen, and what an escape sequence hides neither.
 */
static bool is_text(const char *s, size_t n)
{
	size_t i;

	if (n > SCRIPT_LINE_MAX) {
		shell_printf("sh: a line of %zu bytes: %d are allowed\n", n,
			     SCRIPT_LINE_MAX);
		return false;
	}
	for (i = 0; i < n; i++)
		if ((s[i] < ' ' && s[i] != '\t') || s[i] == 127) {
			shell_printf("sh: control character 0x%02x in column %zu\n",
				     s[i], i + 1);
			return false;
		}
	return true;
}

/* Runs a line of @n bytes. *@is_line: whether it is one, whatever it did. */
static int run_line(const char *line, size_t n, bool *is_line)
{
	char *copy, *argv[MAX_ARGS + 1];
	int argc, ret;

	*is_line = false;
	if (!is_text(line, n))
		return -EINVAL;
	copy = kstrndup(line, n, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	argc = split(copy, argv);
	if (argc == -E2BIG)
		shell_printf("sh: more than %d words\n", MAX_ARGS);
	else if (argc < 0)
		shell_printf("sh: a quote is not closed\n");
	*is_line = argc >= 0;
	ret = min(argc, 0);
	if (argc > 0) {
		argv[argc] = NULL;
		ret = shell_run_argv(argc, argv);
	}
	kfree(copy);
	return ret;
}

int shell_run(const char *line)
{
	bool is_line;

	return run_line(line, strlen(line), &is_line);
}
EXPORT_SYMBOL(shell_run);

bool shell_script_stop(void)
{
	if (!in_script || !shell_follows)
		return false;
	script_stop = true;
	return true;
}

static int run_script_line(const struct ramfs_file *f, unsigned int number,
			   const char *line, size_t n)
{
	bool ignore, is_line;
	char *shown;
	int ret;

	/* An editor elsewhere may end lines by CR LF. */
	if (n && line[n - 1] == '\r')
		n--;
	while (n && isspace(*line)) {
		line++;
		n--;
	}
	while (n && isspace(line[n - 1]))
		n--;
	ignore = n && *line == '-';
	if (ignore) {
		line++;
		n--;
	}
	ret = run_line(line, n, &is_line);
	/* What is no line has not failed, it is a mistake. */
	if (!ret || (ignore && is_line))
		return 0;
	shown = kstrndup(line, n, GFP_KERNEL);
	pr_err("%pE: line %u: '%pE' failed: %s%s\n", f->path, number, shown,
	       ret < 0 ? "-" : "status ", ret < 0 ? errname(ret) : "non-zero");
	kfree(shown);
	return ret;
}

/* Returns 0, or the error of the line that ended it. */
static int run_script(const struct ramfs_file *f)
{
	const char *p = f->data, *end = p + f->size;
	unsigned int number = 0;
	int ret = 0;

	in_script = true;
	script_stop = false;
	/* What was typed before is not meant for it. */
	console_clear_interrupt(false);
	while (p < end && !script_stop && !ret) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((eol ? eol : end) - p);

		ret = run_script_line(f, ++number, p, n);
		p += n + (eol != NULL);
		if (!ret && console_interrupted()) {
			pr_err("%pE: line %u: ended by Ctrl-C\n", f->path,
			       number);
			ret = -EINTR;
		}
	}
	in_script = false;
	return ret;
}

int shell_verdict(void)
{
	if (ktap_missing()) {
		pr_err("%u test results are missing\n", ktap_missing());
		return 1;
	}
	if (ktap_failures()) {
		pr_err("%u test failures\n", ktap_failures());
		return 1;
	}
	if (warn_count) {
		pr_err("%u warnings\n", warn_count);
		return 1;
	}
	return 0;
}

static void interactive(void)
{
	char line[LINE_SIZE];
	int n;

	if (!IS_ENABLED(CONFIG_SHELL_INTERACTIVE)) {
		pr_err("shell=1: this kernel has no interactive shell (CONFIG_SHELL_INTERACTIVE)\n");
		machine_power_off(1);
	}
	shell_printf("Type \"help\" for the commands.\n");
	for (;;) {
		n = shell_read_line("guest# ", line, sizeof(line));
		if (n >= 0)
			shell_run(line);
	}
}

void shell_main(void)
{
	const struct ramfs_file *f;
	char path[64] = "", flag[8] = "";
	int ret = 0;

	shell_follows = cmdline_get("shell", flag, sizeof(flag)) &&
			strcmp(flag, "0");
	if (!cmdline_get("init", path, sizeof(path)))
		strscpy(path, "/init", sizeof(path));
	if (strcmp(path, "none")) {
		f = ramfs_find(path);
		if (!f) {
			pr_err("no %pE in the initramfs\n", path);
			ret = -ENOENT;
		} else if (!ramfs_is_regular(f)) {
			pr_err("%pE is no file to run\n", path);
			ret = -EISDIR;
		} else {
			ret = run_script(f);
		}
	}
	if (shell_follows)
		interactive();
	if (!ret)
		ret = shell_verdict();
	machine_power_off(ret ? 1 : 0);
}
