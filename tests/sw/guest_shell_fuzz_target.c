/* The guest's shell, for the host: scripts, the line editor, results. */
#include "guest_host.h"
/* Bring their static functions. */
#include "../../sw/shell/script.c"
#undef pr_fmt
#define pr_fmt(fmt) fmt
#include "../../sw/shell/builtin.c"
#include <mm.h>
#include <sysfs.h>
#include "../../sw/kernel/module/internal.h"

int script_fuzz_one(const u8 *data, size_t size);
int editor_fuzz_one(const u8 *data, size_t size);
int ktap_fuzz_one(const u8 *data, size_t size);

static void *end_of_run[5];
unsigned int warn_count;
int console_loglevel = 7;

void machine_power_off(int status)
{
	if (status < 0 || status > 255)
		__builtin_trap();
	__builtin_longjmp(end_of_run, 1);
}

bool console_sleep(unsigned int ms)
{
	return ms == 3;
}

bool console_interrupted(void)
{
	return false;
}

void console_clear_interrupt(bool unread)
{
}

int module_get_for(struct module *m, struct module *holder, const char *why)
{
	(void)m;
	(void)holder;
	(void)why;
	return 0;
}

void module_put_for(struct module *m, struct module *holder, const char *why)
{
	(void)m;
	(void)holder;
	(void)why;
}

void __warn(const char *file, int line, const char *cond, const char *fmt, ...)
{
	__builtin_trap();
}

void wait_for_device_probe(void)
{
}

int bus_for_each(void *data, int (*fn)(struct bus_type *bus, void *data))
{
	return 0;
}

int bus_for_each_dev(struct bus_type *bus, struct device *start, void *data,
		     int (*fn)(struct device *dev, void *data))
{
	return 0;
}

/* There is no /sys: its paths are of the initramfs. */
bool shell_in_sysfs(const char *path)
{
	(void)path;
	return false;
}

int shell_sysfs_ls(const char *path)
{
	(void)path;
	return -ENOENT;
}

int shell_sysfs_cat(const char *path)
{
	(void)path;
	return -ENOENT;
}

/* A folder of two, and a file of a name that is longer than paths can be. */
static char far[300];
static int fake_nodes[3];

struct sysfs_node *sysfs_open(const char *path, bool follow)
{
	size_t len = strlen(path);

	(void)follow;
	if (!str_has_prefix(path, "/sys/") || path[len - 1] != '/')
		__builtin_trap();
	return len < 30 ? (void *)fake_nodes : ERR_PTR(-ENOENT);
}

void sysfs_put(struct sysfs_node *node)
{
	(void)node;
}

enum sysfs_kind sysfs_kind(const struct sysfs_node *node)
{
	return (void *)node == &fake_nodes[1] ? SYSFS_LINK : SYSFS_DIR;
}

struct sysfs_node *sysfs_target(struct sysfs_node *link)
{
	(void)link;
	return (void *)fake_nodes;
}

const char *sysfs_name(const struct sysfs_node *node)
{
	if ((void *)node != &fake_nodes[2])
		return "bus";
	memset(far, 'x', sizeof(far) - 1);
	return far;
}

struct sysfs_node *sysfs_next(struct sysfs_node *dir, u64 *seq)
{
	return *seq < 2 ? (void *)&fake_nodes[++*seq] : NULL;
}

bool module_get_facts(unsigned int n, struct module_facts *f)
{
	if (n > 1)
		return false;
	strscpy(f->name, n ? "arm_smmu" : "arm_smmu_v3", sizeof(f->name));
	return true;
}

bool device_is_deferred(struct device *dev)
{
	return false;
}

void dmesg_show(void)
{
}

void irq_show(void)
{
}

void tasks_show(void)
{
}

void slab_usage(size_t *objects, size_t *bytes)
{
	*objects = *bytes = 0;
}

unsigned long totalram_pages(void)
{
	return 0;
}

unsigned long nr_free_pages(void)
{
	return 0;
}

u64 ktime_get_ns(void)
{
	return 0;
}

/* Words that a line can give, and as many. */
static int cmd_count(int argc, char **argv)
{
	int i;

	if (argc < 1 || argc > MAX_ARGS || argv[argc])
		__builtin_trap();
	for (i = 0; i < argc; i++)
		if (!is_text(argv[i], strlen(argv[i])))
			__builtin_trap();
	return argc % 3 ? argc % 3 - 2 : 0;
}

/* One file, for ls and cat. */
static void make_files(void)
{
	static char archive[128];
	int n = snprintf(archive, sizeof(archive),
			 "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s",
			 1, RAMFS_IFREG, 0, 0, 1, 0, 5, 0, 0, 0, 0, 9, 0,
			 "lib/text");

	memcpy(archive + n + 2, "text\n", 5);
	initramfs_init((u64)archive - PAGE_OFFSET, sizeof(archive));
}

static void register_all(void)
{
	if (shell_find_command("c"))
		return;
	make_files();
	register_shell_command("c", "WORD... - count words", cmd_count);
	help_register();
	echo_register();
	ls_register();
	cat_register();
	sleep_register();
	poweroff_register();
	expect_fail_register();
	ps_register();
}

/* True when all of the script was run. */
int script_fuzz_one(const u8 *data, size_t size)
{
	const struct ramfs_file f = {
		.path = "/init", .data = data, .size = size, .mode = RAMFS_IFREG,
	};
	int ret;
	u64 mark;

	register_all();
	shell_follows = size && data[size - 1] & 1;
	mark = host_mark();
	if (__builtin_setjmp(end_of_run)) {
		in_script = false;
		host_free_since(mark);
		return 1;
	}
	ret = run_script(&f);
	if (in_script || host_free_since(mark))
		__builtin_trap();
	return !ret;
}

/* True when a line came. */
int editor_fuzz_one(const u8 *data, size_t size)
{
	char line[LINE_SIZE];
	int lines = 0;

	register_all();
	host_console_raw = true;
	host_input = data;
	host_input_left = size;
	while (host_input_left) {
		/* Some have little room. */
		size_t room = *data & 1 ? sizeof(line) : 8;
		int n = shell_read_line("# ", line, room);

		if (n != -EINTR && (n < 0 || (size_t)n >= room ||
				    strlen(line) != (size_t)n))
			__builtin_trap();
		if (n >= 0 && !is_text(line, (size_t)n))
			__builtin_trap();
		lines += n > 0;
	}
	host_console_raw = false;
	return lines;
}

/* Each piece of text, up to a null character, is one call; true when all are
 * as planned.
 */
int ktap_fuzz_one(const u8 *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;
	unsigned int before = ktap_failures() + ktap_missing();
	u64 mark = host_mark();

	ktap_plan(size ? data[0] % 8u : 0);
	while (p < end) {
		size_t n = strnlen(p, (size_t)(end - p));
		char *s = kstrndup(p, n, GFP_KERNEL);

		switch (n % 4) {
		case 0:
			ktap_skip(s, "%s", s);
			break;
		case 1:
			ktap_diag("%s", s);
			break;
		default:
			ktap_ok(n % 4 == 2, "%s", s);
		}
		kfree(s);
		p += n + 1;
	}
	if (host_free_since(mark))
		__builtin_trap();
	return ktap_failures() + ktap_missing() == before;
}
