// SPDX-License-Identifier: MIT
/* pantest: jobs that do not end, resets, and clients that go. */
#include "panfrost-test.h"

#include <delay.h>

/* An odd number of exchanges of two pages by way of a third: what runs twice or
 * not at all shows.
 */
#define EXCHANGES		201u

struct exchange {
	struct pan_buffer *b;
	struct pan_chain chain;
	struct pan_job job;
};

static bool exchange_init(struct exchange *e, struct pan_client *c,
			  unsigned int slot)
{
	unsigned int i;
	u64 x, y, spare;
	bool ok;

	memset(e, 0, sizeof(*e));
	e->b = pan_make(c, 0, 3 * PAGE_SIZE, PAGE_SIZE, 0);
	ok = e->b && pan_fill(e->b, 3) &&
	     pan_chain_init(&e->chain, c, 3 * EXCHANGES);
	if (!ok)
		return false;
	x = e->b->addr;
	y = x + PAGE_SIZE;
	spare = y + PAGE_SIZE;
	for (i = 0; ok && i < EXCHANGES; i++)
		ok = pan_chain_copy(&e->chain, spare, x, PAGE_SIZE) &&
		     pan_chain_copy(&e->chain, x, y, PAGE_SIZE) &&
		     pan_chain_copy(&e->chain, y, spare, PAGE_SIZE);
	e->job.client = c;
	e->job.slot = slot;
	e->job.head = pan_chain_head(&e->chain);
	return ok;
}

static bool exchange_done(struct exchange *e)
{
	int ret = pan_job_wait(&e->job);

	if (ret) {
		ktap_diag("the exchange: %d, %s %#x", ret,
			  pan_exception_name(e->job.status), e->job.status);
		return false;
	}
	return pan_filled(e->b, 0, PAGE_SIZE, 3, PAGE_SIZE) &&
	       pan_filled(e->b, PAGE_SIZE, PAGE_SIZE, 3, 0);
}

/* A chain of two jobs, the second of which leads to the first. */
static bool endless_init(struct pan_chain *chain, struct pan_job *job,
			 struct pan_client *c, unsigned int slot)
{
	struct pan_desc d;

	memset(job, 0, sizeof(*job));
	pan_desc_init(&d, PAN_TYPE_NULL, 1);
	if (!pan_chain_init(chain, c, 2) || !pan_chain_add(chain, &d) ||
	    !pan_chain_add(chain, &d) || !pan_chain_loop(chain))
		return false;
	job->client = c;
	job->slot = slot;
	job->head = pan_chain_head(chain);
	job->timeout_ms = 2;
	return true;
}

/* A value by a chain of its own. */
static bool one_value(struct pan_client *c, unsigned int slot, u32 value)
{
	struct pan_buffer *b = pan_make(c, 0, PAGE_SIZE, 0, 0);
	struct pan_chain chain;
	bool ok = b && pan_chain_init(&chain, c, 1) &&
		  pan_chain_value(&chain, b->addr, PAN_VALUE_32, value) &&
		  pan_chain_run(&chain, slot) && pan_expect(b, 0, value, 4);

	if (b && ok)
		pan_buffer_destroy(chain.b);
	pan_buffer_destroy(b);
	return ok;
}

static bool endless(const struct pan_args *args, struct pan_client *other)
{
	unsigned int slot = pan_first_slot(args->pan), i;
	u64 resets = args->pan->stats.resets;
	struct pan_chain chain;
	struct pan_job job;
	int ret;
	bool ok = endless_init(&chain, &job, args->c, slot) &&
		  !pan_job_submit(&job);

	if (!ok)
		return false;
	for (i = 0; ok && i < 5; i++)
		ok = one_value(other, pan_other_slot(args->pan, slot), i);
	ret = pan_job_wait(&job);
	if (ret != -ETIMEDOUT || args->pan->stats.resets != resets) {
		ktap_diag("the chain without an end: %d, %llu resets", ret,
			  args->pan->stats.resets - resets);
		return false;
	}
	return ok && one_value(args->c, slot, 1) && one_value(other, slot, 2);
}

bool pan_test_endless(const struct pan_args *args)
{
	struct pan_client *other;
	bool ok;

	if (pan_client_open(args->pan, &other))
		return false;
	ok = endless(args, other);
	pan_client_close(other);
	return ok;
}

static bool hang(const struct pan_args *args, struct pan_client *other)
{
	unsigned int slot = pan_first_slot(args->pan);
	u64 resets = args->pan->stats.resets;
	struct pan_chain chain;
	struct exchange e;
	struct pan_job job;
	int ret;
	bool ok = exchange_init(&e, other, pan_other_slot(args->pan, slot)) &&
		  endless_init(&chain, &job, args->c, slot);

	job.timeout_ms = 1;
	if (!ok || pan_job_submit(&e.job))
		return false;
	ok = !pan_job_submit(&job);
	ret = ok ? pan_job_wait(&job) : 0;
	ok = exchange_done(&e);
	if (ret != -ETIMEDOUT || args->pan->stats.resets != resets + 1 ||
	    e.job.starts != 2) {
		ktap_diag("the chain that hangs: %d, %llu resets, the other was started %u times",
			  ret, args->pan->stats.resets - resets, e.job.starts);
		return false;
	}
	return ok && one_value(args->c, slot, 1);
}

bool pan_test_hang(const struct pan_args *args)
{
	bool may_stop = pan_may_stop, ok;
	struct pan_client *other;

	if (pan_client_open(args->pan, &other))
		return false;
	/* Then a stop does not help. */
	pan_may_stop = false;
	ok = hang(args, other);
	pan_may_stop = may_stop;
	pan_client_close(other);
	return ok;
}

/* Again and again while it runs. */
bool pan_test_reset(const struct pan_args *args)
{
	struct pan_device *pan = args->pan;
	struct exchange e;
	unsigned int i;
	bool ok = exchange_init(&e, args->c, pan_first_slot(pan)) &&
		  !pan_job_submit(&e.job);

	if (!ok)
		return false;
	for (i = 0; i < 4; i++) {
		usleep_range(20, 20);
		mutex_lock(&pan->lock);
		pan_reset(pan, "pantest");
		mutex_unlock(&pan->lock);
	}
	ok = exchange_done(&e);
	if (ok && e.job.starts < 3) {
		ktap_diag("the chain was started %u times", e.job.starts);
		return false;
	}
	return ok;
}

/* One that runs, and three behind it. */
bool pan_test_close(const struct pan_args *args)
{
	unsigned int slot = pan_first_slot(args->pan), i;
	struct pan_client *other;
	struct pan_chain chain[4];
	struct pan_job jobs[4];
	bool ok = true;

	if (pan_client_open(args->pan, &other))
		return false;
	for (i = 0; ok && i < 4; i++) {
		ok = endless_init(&chain[i], &jobs[i], other, slot);
		jobs[i].timeout_ms = 0;
		ok = ok && !pan_job_submit(&jobs[i]);
	}
	pan_client_close(other);
	for (i = 0; ok && i < 4; i++) {
		if (pan_job_wait(&jobs[i]) == -ECANCELED)
			continue;
		ktap_diag("job %u: %d", i, jobs[i].result);
		ok = false;
	}
	return ok && one_value(args->c, slot, 1);
}

/* What an open client of a GPU that is gone may still ask for. */
static bool nothing_left(const struct pan_args *args, struct pan_job *job)
{
	struct pan_buffer *b = pan_buffer_create(args->c, 0, PAGE_SIZE, 0, 0);
	struct pan_client *other;
	u64 head = job->head;
	int ended = pan_job_wait(job), again;

	memset(job, 0, sizeof(*job));
	job->client = args->c;
	job->head = head;
	again = pan_job_submit(job);
	if (ended == -ENODEV && again == -ENODEV && IS_ERR(b) &&
	    PTR_ERR(b) == -ENODEV &&
	    pan_client_open(args->pan, &other) == -ENODEV)
		return true;
	ktap_diag("the job that ran: %d; another: %d; a buffer: %ld", ended,
		  again, IS_ERR(b) ? PTR_ERR(b) : 0);
	return false;
}

/* Bound again it is another GPU for the driver. */
static bool works_again(const char *name)
{
	struct pan_device *pan = pan_get(name);
	struct pan_client *c;
	bool ok;

	if (!pan)
		return false;
	ok = !pan_client_open(pan, &c);
	if (ok) {
		ok = one_value(c, pan_first_slot(pan), 1);
		pan_client_close(c);
	}
	pan_put(pan);
	return ok;
}

bool pan_test_unbind(const struct pan_args *args)
{
	struct device *dev = args->pan->dev;
	struct pan_chain chain;
	struct pan_job job;
	int ret;
	bool ok = endless_init(&chain, &job, args->c,
			       pan_first_slot(args->pan)) &&
		  !pan_job_submit(&job);

	if (!ok)
		return false;
	device_release_driver(dev);
	ok = nothing_left(args, &job);
	ret = device_attach(dev);
	if (ret) {
		ktap_diag("not bound again: %d", ret);
		return false;
	}
	return ok && works_again(dev_name(dev));
}
