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

LIST_HEAD(shell_commands);

/* While the init script runs. */
static bool in_script, script_stop, shell_follows;

struct shell_command *shell_find_command(const char *name)
{
	struct shell_command *c;

	list_for_each_entry(c, &shell_commands, node)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

int __register_shell_command(const char *name, const char *help,
			     shell_fn_t fn, struct module *owner)
{
	struct shell_command *c, *o;
	struct list_head *at = &shell_commands;

	if (shell_find_command(name))
		return -EEXIST;
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	c->name = name;
	c->help = help;
	c->fn = fn;
	c->owner = owner;
	list_for_each_entry(o, &shell_commands, node)
		if (strcmp(o->name, name) > 0) {
			at = &o->node;
			break;
		}
	list_add_tail(&c->node, at);
	return 0;
}
EXPORT_SYMBOL(__register_shell_command);

void unregister_shell_command(const char *name)
{
	struct shell_command *c = shell_find_command(name);

	if (WARN(!c, "no shell command %s\n", name))
		return;
	list_del(&c->node);
	kfree(c);
}
EXPORT_SYMBOL(unregister_shell_command);

void shell_drop_module(struct module *m)
{
	struct shell_command *c, *n;

	list_for_each_entry_safe(c, n, &shell_commands, node)
		if (c->owner == m && m) {
			pr_warn("%s leaves the shell command %s\n", m->name,
				c->name);
			unregister_shell_command(c->name);
		}
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
	struct shell_command *c = shell_find_command(argv[0]);
	struct module *owner;
	int ret;

	if (!c) {
		shell_printf("sh: %s: command not found\n", argv[0]);
		return -ENOENT;
	}
	/* Lines of a script are not typed: what comes before one is not
	 * meant for it.
	 */
	console_clear_interrupt(!in_script);
	/* Its module must not go while it runs. */
	owner = c->owner;
	if (!try_module_get(owner))
		return -ENOENT;
	ret = c->fn(argc, argv);
	/* What it brought in may let others come: the next command sees that. */
	wait_for_device_probe();
	module_put(owner);
	return ret;
}

int shell_run(const char *line)
{
	char *copy = kstrdup(line, GFP_KERNEL), *argv[MAX_ARGS + 1];
	int argc, ret = 0;

	if (!copy)
		return -ENOMEM;
	argc = split(copy, argv);
	if (argc < 0) {
		shell_printf("sh: %s\n", argc == -E2BIG ?
			     "too many arguments" : "a quote is not closed");
		ret = argc;
	} else if (argc) {
		argv[argc] = NULL;
		ret = shell_run_argv(argc, argv);
	}
	kfree(copy);
	return ret;
}
EXPORT_SYMBOL(shell_run);

bool shell_script_stop(void)
{
	if (!in_script || !shell_follows)
		return false;
	script_stop = true;
	return true;
}

/* Returns 0, or the error of the line that ended it. */
static int run_script(const struct ramfs_file *f)
{
	const char *p = f->data, *end = p + f->size;
	unsigned int number = 0;
	int ret = 0;

	in_script = true;
	script_stop = false;
	while (p < end && !script_stop) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((eol ? eol : end) - p);
		char *copy = kstrndup(p, n, GFP_KERNEL), *line;
		bool ignore;

		number++;
		p += n + 1;
		if (!copy) {
			ret = -ENOMEM;
			break;
		}
		line = strim(copy);
		ignore = *line == '-';
		if (ignore)
			line++;
		ret = shell_run(line);
		if (ret && !ignore)
			pr_err("%s: line %u: '%s' failed: %s%s\n", f->path,
			       number, line, ret < 0 ? "-" : "status ",
			       ret < 0 ? errname(ret) : "non-zero");
		kfree(copy);
		if (ret && !ignore)
			break;
		ret = 0;
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
		if (f) {
			ret = run_script(f);
		} else {
			pr_err("no %s in the initramfs\n", path);
			ret = -ENOENT;
		}
	}
	if (shell_follows)
		interactive();
	if (!ret)
		ret = shell_verdict();
	machine_power_off(ret ? 1 : 0);
}
