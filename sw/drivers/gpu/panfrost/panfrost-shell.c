// SPDX-License-Identifier: MIT
/* The command panfrost: what the GPU does, and clients to play with. */
#include "panfrost.h"

#include <module.h>
#include <shell.h>

/* Those that the shell has opened. */
static struct pan_client *held[8];

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
	shell_printf("client %u is open\n", held[i]->id);
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

static void reset(struct pan_device *pan)
{
	mutex_lock(&pan->lock);
	if (pan->bound && !pan->lost)
		pan_reset(pan, "somebody asked for it");
	mutex_unlock(&pan->lock);
}

static int panfrost_command(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";
	struct pan_device *pan;
	int ret = 0;

	/* Also of a GPU that is gone. */
	if (!strcmp(what, "close"))
		return close_all();
	if (strcmp(what, "status") && strcmp(what, "open") &&
	    strcmp(what, "reset")) {
		shell_printf("usage: panfrost status|open|close|reset\n");
		return -EINVAL;
	}
	pan = pan_get(NULL);
	if (!pan) {
		shell_printf("panfrost: no GPU is bound\n");
		return -ENODEV;
	}
	if (!strcmp(what, "status"))
		status(pan);
	else if (!strcmp(what, "open"))
		ret = open_one(pan);
	else
		reset(pan);
	pan_put(pan);
	return ret;
}

int pan_shell_init(void)
{
	int ret = register_shell_command("panfrost", "status|open|close|reset - state of the GPU; clients that hold it; a reset",
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
