// SPDX-License-Identifier: MIT
/*
 * pantest: random jobs. Each client has one buffer, and a copy of it that a
 * model of the jobs writes. Buffers move, chains go wrong, and the GPU is reset
 * while they run.
 */
#include "panfrost-test.h"

#define CLIENTS			4
#define ROUNDS			40
#define MAX_JOBS		24u
#define REGION			(16 * PAGE_SIZE)
/* Copies go by pieces that cross no border of so many bytes (docs/mali.md). */
#define PIECE			256u
/* Nothing is ever mapped there. */
#define NOWHERE			(PAN_VA_END - PAN_BLOCK)

struct actor {
	struct pan_client *c;
	struct pan_buffer *b;
	struct pan_chain chain;
	struct pan_job job;
	u8 *model;
	u32 expected;		/* exception, or 0 */
	unsigned int bad;	/* number of the job that meets it */
};

static u64 draw(struct rnd_state *rnd, u64 limit)
{
	return prandom_u64_state(rnd) % limit;
}

/* A buffer with what the model has, at a random place. */
static bool move(struct actor *a, struct rnd_state *rnd)
{
	const u64 room = (NOWHERE - PAN_VA_START) / REGION;
	unsigned int tries;

	pan_buffer_destroy(a->b);
	a->b = NULL;
	for (tries = 0; tries < 8 && !a->b; tries++) {
		u64 addr = PAN_VA_START + draw(rnd, room) * REGION;
		struct pan_buffer *b = pan_buffer_create(a->c, addr, REGION,
							 PAGE_SIZE, 0);

		/* The chain may lie there. */
		if (!IS_ERR(b))
			a->b = b;
	}
	return a->b && !pan_buffer_write(a->b, 0, a->model, REGION);
}

static bool add_value(struct actor *a, struct rnd_state *rnd)
{
	enum pan_value_kind kind = (enum pan_value_kind)
		(PAN_VALUE_ZERO + draw(rnd, 5));
	unsigned int size = pan_value_size(kind);
	size_t at = draw(rnd, REGION / size) * size;
	u64 value = prandom_u64_state(rnd);
	u64 written = kind == PAN_VALUE_ZERO ? 0 : value;

	memcpy(a->model + at, &written, size);
	return pan_chain_value(&a->chain, a->b->addr + at, kind, value);
}

static void model_copy(u8 *model, size_t to, size_t from, size_t size)
{
	u8 piece[PIECE];
	size_t n;

	for (; size; to += n, from += n, size -= n) {
		n = min(size, (size_t)(PIECE - to % PIECE));
		n = min(n, (size_t)(PIECE - from % PIECE));
		memcpy(piece, model + from, n);
		memcpy(model + to, piece, n);
	}
}

static bool add_copy(struct actor *a, struct rnd_state *rnd)
{
	size_t size = 1 + draw(rnd, 3 * PAGE_SIZE);
	size_t to = draw(rnd, REGION - size + 1);
	size_t from = draw(rnd, REGION - size + 1);

	model_copy(a->model, to, from, size);
	return pan_chain_copy(&a->chain, a->b->addr + to, a->b->addr + from,
			      size);
}

/* @rules: only what an unlucky program may do. */
static bool add_bad(struct actor *a, struct rnd_state *rnd, bool rules)
{
	struct pan_desc d;

	a->bad = a->chain.count;
	switch (draw(rnd, rules ? 2 : 3)) {
	case 0:
		a->expected = PAN_EXC_JOB_WRITE_FAULT;
		return pan_chain_value(&a->chain, NOWHERE, PAN_VALUE_8, 1);
	case 1:
		a->expected = PAN_EXC_JOB_READ_FAULT;
		return pan_chain_copy(&a->chain, a->b->addr, NOWHERE, 16);
	default:
		a->expected = PAN_EXC_JOB_CONFIG_FAULT;
		pan_desc_init(&d, (enum pan_job_type)99, 1);
		return pan_chain_add(&a->chain, &d);
	}
}

static bool build(struct actor *a, struct rnd_state *rnd, bool rules)
{
	unsigned int jobs = 1 + (unsigned int)draw(rnd, MAX_JOBS - 1), i;
	bool ok = true;

	a->chain.count = 0;
	a->expected = 0;
	for (i = 0; ok && i < jobs; i++)
		ok = draw(rnd, 2) ? add_value(a, rnd) : add_copy(a, rnd);
	/* What follows it leaves no trace, neither here nor in the model. */
	if (ok && !draw(rnd, 5)) {
		ok = add_bad(a, rnd, rules) &&
		     pan_chain_value(&a->chain, a->b->addr, PAN_VALUE_64,
				     0xbad);
	}
	return ok;
}

static bool submit(struct pan_device *pan, struct actor *a,
		   struct rnd_state *rnd)
{
	unsigned int n = (unsigned int)draw(rnd, PAN_MAX_SLOTS);
	unsigned int slot = pan_first_slot(pan);

	while (n--)
		slot = pan_other_slot(pan, slot);
	memset(&a->job, 0, sizeof(a->job));
	a->job.client = a->c;
	a->job.slot = slot;
	a->job.head = pan_chain_head(&a->chain);
	return !pan_job_submit(&a->job);
}

static bool matches(struct actor *a)
{
	u8 piece[PIECE];
	size_t at, i;

	for (at = 0; at < REGION; at += PIECE) {
		if (pan_buffer_read(a->b, at, piece, PIECE))
			return false;
		if (!memcmp(piece, a->model + at, PIECE))
			continue;
		for (i = 0; piece[i] == a->model[at + i]; i++)
			;
		ktap_diag("client %u: %#x at %#zx, expected %#x", a->c->id,
			  piece[i], at + i, a->model[at + i]);
		return false;
	}
	return true;
}

static bool check(struct actor *a)
{
	int ret = pan_job_wait(&a->job);
	u64 at = pan_chain_head(&a->chain) + (u64)a->bad * PAN_DESC_SIZE;

	if (a->expected ? ret == -EIO && a->job.status == a->expected &&
			  a->job.stopped_at == at : !ret)
		return matches(a);
	ktap_diag("client %u: %d, %s %#x at %#llx, expected %s at %#llx",
		  a->c->id, ret, pan_exception_name(a->job.status),
		  a->job.status, a->job.stopped_at,
		  pan_exception_name(a->expected), at);
	return false;
}

static bool round_of(const struct pan_args *args, struct actor *actors,
		     struct rnd_state *rnd, bool rules)
{
	struct pan_device *pan = args->pan;
	unsigned int i, submitted = 0;
	bool ok = true;

	for (i = 0; ok && i < CLIENTS; i++)
		ok = (draw(rnd, 4) || move(&actors[i], rnd)) &&
		     build(&actors[i], rnd, rules);
	for (i = 0; ok && i < CLIENTS; i++) {
		ok = submit(pan, &actors[i], rnd);
		submitted += ok;
	}
	if (!draw(rnd, 8)) {
		mutex_lock(&pan->lock);
		pan_reset(pan, "pantest");
		mutex_unlock(&pan->lock);
	}
	for (i = 0; i < submitted; i++)
		ok &= check(&actors[i]);
	return ok;
}

static bool prepare(const struct pan_args *args, struct actor *a,
		    struct rnd_state *rnd)
{
	size_t i;

	if (pan_client_open(args->pan, &a->c)) {
		a->c = NULL;
		return false;
	}
	a->model = kvmalloc(REGION, GFP_KERNEL);
	for (i = 0; a->model && i < REGION; i++)
		a->model[i] = (u8)prandom_u32_state(rnd);
	return a->model && pan_chain_init(&a->chain, a->c, MAX_JOBS + 2) &&
	       move(a, rnd);
}

static bool run(const struct pan_args *args, bool rules)
{
	struct actor *actors = kcalloc(CLIENTS, sizeof(*actors), GFP_KERNEL);
	struct rnd_state rnd;
	unsigned int i;
	bool ok = actors;

	prandom_seed_state(&rnd, args->seed);
	for (i = 0; ok && i < CLIENTS; i++)
		ok = prepare(args, &actors[i], &rnd);
	for (i = 0; ok && i < ROUNDS; i++) {
		ok = round_of(args, actors, &rnd, rules);
		if (!ok)
			ktap_diag("in round %u of seed %llu", i, args->seed);
	}
	for (i = 0; actors && i < CLIENTS; i++) {
		if (actors[i].c)
			pan_client_close(actors[i].c);
		kvfree(actors[i].model);
	}
	kfree(actors);
	return ok;
}

bool pan_test_random(const struct pan_args *args)
{
	return run(args, true);
}

bool pan_test_random_bad(const struct pan_args *args)
{
	return run(args, false);
}
