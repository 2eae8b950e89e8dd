// SPDX-License-Identifier: MIT
/* The command panfrost: what the GPU does, and clients to play with. */
#include "panfrost.h"

#include <module.h>
#include <shell.h>

/* Those that the shell has opened, each with a buffer of so many bytes. */
static struct pan_client *held[8];
#define HELD_SIZE	(16 * PAGE_SIZE)

static void show_client(const struct pan_client *c)
{
	const struct pan_buffer *b;
	size_t buffers = 0, bytes = 0;
	int as = pan_as_find(&c->pan->as, c);

	list_for_each_entry(b, &c->buffers, node) {
		buffers++;
		bytes += b->present * b->chunk;
	}
	shell_printf("client %u: %zu buffers, %zu KiB, %llu faults, ", c->id,
		     buffers, bytes >> 10, c->faults);
	if (as < 0)
		shell_printf("no address space\n");
	else
		shell_printf("address space %d%s\n", as,
			     c->faulted ? ", off by a fault" : "");
}

static void status(struct pan_device *pan)
{
	const struct pan_stats *s = &pan->stats;
	const struct pan_client *c;
	unsigned int n;

	mutex_lock(&pan->lock);
	shell_printf("%s: %llu jobs done, %llu failed, %llu stopped; %llu faults, %llu of them answered; %llu evictions, %llu resets%s\n",
		     dev_name(pan->dev), s->done, s->failed, s->stopped,
		     s->faults, s->grown, s->evictions, s->resets,
		     pan->lost ? "; lost" : "");
	if (pan->bound)
		shell_printf("power: shader %#llx, tiler %#llx, L2 %#llx\n",
			     pan_read64(pan, PWR_SHADER + PWR_READY_LO),
			     pan_read64(pan, PWR_TILER + PWR_READY_LO),
			     pan_read64(pan, PWR_L2 + PWR_READY_LO));
	for (n = 0; n < PAN_MAX_SLOTS; n++)
		if (pan->slots[n].running)
			shell_printf("slot %u: chain at %#llx of client %u\n",
				     n, pan->slots[n].running->head,
				     pan->slots[n].running->client->id);
	list_for_each_entry(c, &pan->clients, node)
		show_client(c);
	mutex_unlock(&pan->lock);
}

static int open_one(struct pan_device *pan)
{
	struct pan_buffer *b;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(held) && held[i]; i++)
		;
	if (i == ARRAY_SIZE(held)) {
		shell_printf("panfrost: %zu clients are open\n",
			     ARRAY_SIZE(held));
		return -EBUSY;
	}
	ret = pan_client_open(pan, &held[i]);
	if (ret) {
		shell_printf("panfrost: no client: %d\n", ret);
		return ret;
	}
	b = pan_buffer_create(held[i], 0, HELD_SIZE, 0, 0);
	if (IS_ERR(b)) {
		pan_client_close(held[i]);
		held[i] = NULL;
		shell_printf("panfrost: no buffer: %ld\n", PTR_ERR(b));
		return (int)PTR_ERR(b);
	}
	shell_printf("client %u is open, it has %lu KiB at %#llx\n",
		     held[i]->id, HELD_SIZE >> 10, b->addr);
	return 0;
}

static int close_all(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(held); i++) {
		if (held[i])
			pan_client_close(held[i]);
		held[i] = NULL;
	}
	return 0;
}

static void entry(void *from, unsigned long iova, unsigned int depth,
		  struct io_pgtable_entry *e)
{
	struct pan_client *c = from;

	c->tables->entry(c->tables, iova, depth, e);
}

static void put(void *to, const char *line)
{
	shell_printf("%s", line);
}

/* All of it, or the way to one address. */
static int show_tables(struct pan_device *pan, unsigned int id,
		       const char *address)
{
	unsigned long first = 0, last = (1UL << pan->features.va_bits) - 1;
	struct pan_client *c;
	int ret = -ENOENT;

	if (address && (kstrtoul(address, 0, &first) || first > last)) {
		shell_printf("panfrost: %s is no address\n", address);
		return -EINVAL;
	}
	if (address)
		last = first;
	mutex_lock(&pan->lock);
	list_for_each_entry(c, &pan->clients, node)
		if (c->id == id && c->tables)
			ret = io_pgtable_dump(first, last, entry, c, put,
					      NULL);
	mutex_unlock(&pan->lock);
	if (ret == -ENOENT)
		shell_printf("panfrost: no client %u is open\n", id);
	return ret;
}

static void reset(struct pan_device *pan)
{
	mutex_lock(&pan->lock);
	if (pan->bound && !pan->lost)
		pan_reset(pan, "somebody asked for it");
	mutex_unlock(&pan->lock);
}

static int usage(void)
{
	shell_printf("usage: panfrost status | open | close | reset | tables CLIENT [ADDRESS]\n");
	return -EINVAL;
}

static int on_gpu(struct pan_device *pan, int argc, char **argv)
{
	unsigned int id;

	if (argc >= 3) {
		if (argc > 4 || strcmp(argv[1], "tables") ||
		    kstrtouint(argv[2], 0, &id))
			return usage();
		return show_tables(pan, id, argc == 4 ? argv[3] : NULL);
	}
	if (!strcmp(argv[1], "open"))
		return open_one(pan);
	if (!strcmp(argv[1], "status"))
		status(pan);
	else if (!strcmp(argv[1], "reset"))
		reset(pan);
	else
		return usage();
	return 0;
}

static int panfrost_command(int argc, char **argv)
{
	struct pan_device *pan;
	int ret;

	if (argc < 2)
		return usage();
	/* Also of a GPU that is gone. */
	if (argc == 2 && !strcmp(argv[1], "close"))
		return close_all();
	pan = pan_get(NULL);
	if (!pan) {
		shell_printf("panfrost: no GPU is bound\n");
		return -ENODEV;
	}
	ret = on_gpu(pan, argc, argv);
	pan_put(pan);
	return ret;
}

int pan_shell_init(void)
{
	int ret = register_shell_command("panfrost", "status | open | close | reset | tables CLIENT [ADDRESS] - state of the GPU; clients that hold it, and their tables; a reset",
					 panfrost_command);

	if (ret)
		return ret;
	ret = register_shell_selftest("pantest", "[--device NAME] [--test NAME | --all] [--seed N] [--list] - test a GPU",
				      pan_test);
	if (ret)
		unregister_shell_command("panfrost");
	return ret;
}

void pan_shell_exit(void)
{
	unregister_shell_command("pantest");
	unregister_shell_command("panfrost");
}
