// SPDX-License-Identifier: MIT
/* Modules that the kernel asks for by itself. */
#define pr_fmt(fmt) "kmod: " fmt
#include <export.h>
#include <init.h>
#include <kernel.h>
#include <module.h>
#include <slab.h>
#include <workqueue.h>
#include "modprobe.h"

/* Its one thread loads them in the order of the requests. */
static struct workqueue_struct *kmod_wq;

struct request {
	struct work_struct work;
	char *name;
};

int request_module(const char *fmt, ...)
{
	char *name;
	va_list ap;
	int ret;

	va_start(ap, fmt);
	name = kvasprintf(GFP_KERNEL, fmt, ap);
	va_end(ap);
	if (!name)
		return -ENOMEM;
	ret = modprobe(name, NULL, false);
	kfree(name);
	return ret;
}
EXPORT_SYMBOL(request_module);

static void run_request(struct work_struct *work)
{
	struct request *r = container_of(work, struct request, work);

	/* What is refused has been told; nobody may answer, as with uevents. */
	modprobe(r->name, NULL, false);
	kfree(r->name);
	kfree(r);
}

int request_module_nowait(const char *fmt, ...)
{
	struct request *r = kzalloc(sizeof(*r), GFP_ATOMIC);
	va_list ap;

	if (!r)
		return -ENOMEM;
	va_start(ap, fmt);
	r->name = kvasprintf(GFP_ATOMIC, fmt, ap);
	va_end(ap);
	if (!r->name) {
		kfree(r);
		return -ENOMEM;
	}
	INIT_WORK(&r->work, run_request);
	queue_work(kmod_wq, &r->work);
	return 0;
}
EXPORT_SYMBOL(request_module_nowait);

void kmod_settle(void)
{
	flush_workqueue(kmod_wq);
}

static int kmod_init(void)
{
	kmod_wq = alloc_workqueue("kmod", 0, 1);
	if (!kmod_wq)
		panic("no memory for the work queue that loads modules");
	return 0;
}
core_initcall(kmod_init);
