// SPDX-License-Identifier: MIT
/*
 * msmtest: random schedules of processes. A model in memory does what packets
 * and mappings should; in the end, and whenever a process is idle, both agree.
 */
#include "msm-test.h"

#define PROCESSES	3
#define SLOTS		6
#define WORDS		48
#define STEPS		240
#define MAX_OPS		5
/* Words of a job's packets, and how many jobs of a process may be in. */
#define CODE_WORDS	64
#define DEPTH		6
#define SLOT_IOVA	0x300000000ULL

/* A buffer, and where it is mapped, if it is. */
struct slot {
	struct msm_bo bo;
	bool mapped;
	bool heap;
	u32 model[WORDS];
};

struct random_process {
	struct msm_client c;
	struct slot slots[SLOTS];
	struct msm_job jobs[DEPTH];
	int expected[DEPTH];
	unsigned int in;
};

struct random {
	struct rnd_state rnd;
	struct msm_gpu *gpu;
	struct random_process p[PROCESSES];
	unsigned int resets;
};

static u32 below(struct random *r, u32 n)
{
	return prandom_u32_state(&r->rnd) % n;
}

/* The last slot is the heap's: it is there from the first access on. */
static u64 slot_iova(const struct random *r, unsigned int n)
{
	return n == SLOTS - 1 ? HEAP_IOVA :
	       SLOT_IOVA + n * 2 * (u64)r->gpu->page;
}

static const volatile u32 *slot_words(const struct random_process *p,
				      unsigned int n)
{
	if (!p->slots[n].heap)
		return p->slots[n].bo.cpu;
	return p->c.p->heap[0] ? p->c.p->heap[0]->cpu : NULL;
}

static bool agree(const struct random_process *p)
{
	unsigned int n, i;

	for (n = 0; n < SLOTS; n++) {
		const volatile u32 *words = slot_words(p, n);

		for (i = 0; words && i < WORDS; i++)
			if (words[i] != p->slots[n].model[i]) {
				ktap_diag("process %u: word %u of buffer %u is %#x, the model has %#x",
					  p->c.p->id, i, n, words[i],
					  p->slots[n].model[i]);
				return false;
			}
	}
	return true;
}

/* All of its jobs are done, each with the status that it should have. */
static bool settle(struct random_process *p)
{
	unsigned int i;
	bool ok = true;

	for (i = 0; i < p->in; i++) {
		int status = msm_wait(&p->jobs[i]);

		if (status != p->expected[i]) {
			ktap_diag("process %u: job %u ends with %d, expected %d",
				  p->c.p->id, i, status, p->expected[i]);
			ok = false;
		}
	}
	p->in = 0;
	msm_begin(&p->c);
	return ok && agree(p);
}

/* What packets read of a place, and what becomes of what they write there. */
static u32 load(struct random_process *p, unsigned int slot, u32 word,
		int *status)
{
	if (p->slots[slot].mapped)
		return p->slots[slot].model[word];
	*status = -EFAULT;
	return 0;
}

static void store(struct random_process *p, unsigned int slot, u32 word,
		  u32 value, int *status)
{
	if (p->slots[slot].mapped)
		p->slots[slot].model[word] = value;
	else
		*status = -EFAULT;
}

static void op_write(struct random *r, struct random_process *p, int *status)
{
	unsigned int slot = below(r, SLOTS);
	u32 word = below(r, WORDS - 2), values[2], i;

	for (i = 0; i < 2; i++) {
		values[i] = prandom_u32_state(&r->rnd);
		store(p, slot, word + i, values[i], status);
	}
	msm_pkt_mem_write(&p->c.s, slot_iova(r, slot) + 4 * word, values, 2);
}

static void op_copy(struct random *r, struct random_process *p, int *status)
{
	unsigned int from = below(r, SLOTS), to = below(r, SLOTS);
	u32 count = 1 + below(r, 8), src, dst, i;

	/* Never over itself: the halves of a buffer. */
	src = below(r, WORDS / 2 - count);
	dst = WORDS / 2 + below(r, WORDS / 2 - count);
	for (i = 0; i < count; i++)
		store(p, to, dst + i, load(p, from, src + i, status), status);
	msm_pkt_memcpy(&p->c.s, slot_iova(r, to) + 4 * dst,
		       slot_iova(r, from) + 4 * src, count);
}

static void op_add(struct random *r, struct random_process *p, int *status)
{
	unsigned int a = below(r, SLOTS), b = below(r, SLOTS);
	unsigned int to = below(r, SLOTS);
	u32 wa = below(r, WORDS / 2) * 2, wb = below(r, WORDS / 2) * 2;
	u32 wt = below(r, WORDS / 2) * 2;
	u64 sum = load(p, a, wa, status) |
		  (u64)load(p, a, wa + 1, status) << 32;

	sum += load(p, b, wb, status) | (u64)load(p, b, wb + 1, status) << 32;
	store(p, to, wt, (u32)sum, status);
	store(p, to, wt + 1, (u32)(sum >> 32), status);
	msm_pkt_add64(&p->c.s, slot_iova(r, to) + 4 * wt,
		      slot_iova(r, a) + 4 * wa, slot_iova(r, b) + 4 * wb);
}

static bool submit(struct random *r, struct random_process *p)
{
	unsigned int ops = 1 + below(r, MAX_OPS);
	u32 start = p->in * CODE_WORDS;
	int status = 0;

	p->c.s.at = start;
	p->c.s.room = CODE_WORDS;
	while (ops--) {
		switch (below(r, 3)) {
		case 0:
			op_write(r, p, &status);
			break;
		case 1:
			op_copy(r, p, &status);
			break;
		default:
			op_add(r, p, &status);
			break;
		}
	}
	/* Now and then one stops the GPU, behind what it has done. */
	if (!below(r, 40)) {
		msm_pkt_indirect_buffer(&p->c.s, FREE_IOVA, 4);
		status = -EFAULT;
		r->resets++;
	}
	if (p->c.s.overflow) {
		ktap_diag("more packets than fit");
		return false;
	}
	p->expected[p->in] = status;
	if (msm_submit(p->c.p, &p->jobs[p->in], CODE_IOVA + 4 * start,
		       p->c.s.at - start))
		return false;
	p->in++;
	return true;
}

/* Mapped or not: the other way round, and the GPU sees it at once. */
static bool turn(struct random *r, struct random_process *p)
{
	unsigned int n = below(r, SLOTS - 1);
	struct slot *slot = &p->slots[n];
	int ret;

	if (!settle(p))
		return false;
	if (slot->mapped)
		ret = msm_unmap(p->c.p, slot_iova(r, n), slot->bo.size);
	else
		ret = msm_map(p->c.p, slot_iova(r, n), &slot->bo,
			      IOMMU_READ | IOMMU_WRITE);
	slot->mapped = !slot->mapped;
	if (ret)
		ktap_diag("buffer %u: -%s", n, errname(ret));
	return !ret;
}

static bool open_process(struct random *r, struct random_process *p)
{
	unsigned int n;

	if (!msm_client_open(r->gpu, &p->c))
		return false;
	for (n = 0; n < SLOTS - 1; n++)
		if (msm_bo_alloc(r->gpu, &p->slots[n].bo, r->gpu->page))
			return false;
	p->slots[SLOTS - 1].heap = true;
	p->slots[SLOTS - 1].mapped = true;
	return !msm_process_heap(p->c.p, HEAP_IOVA, 1);
}

static bool close_process(struct random *r, struct random_process *p)
{
	unsigned int n;

	if (p->c.p && !msm_client_close(r->gpu, &p->c)) {
		/* Its buffers are kept, too. */
		memset(p, 0, sizeof(*p));
		return false;
	}
	for (n = 0; n < SLOTS - 1; n++)
		msm_bo_free(r->gpu, &p->slots[n].bo);
	memset(p, 0, sizeof(*p));
	return true;
}

/* Now and then a process ends, and another takes its place, and its tag. */
static bool replace(struct random *r, struct random_process *p)
{
	return settle(p) && close_process(r, p) && open_process(r, p);
}

static bool step(struct random *r)
{
	struct random_process *p = &r->p[below(r, PROCESSES)];

	switch (below(r, 16)) {
	case 0:
		return replace(r, p);
	case 1 ... 4:
		return turn(r, p);
	case 5:
		return settle(p);
	default:
		return (p->in < DEPTH || settle(p)) && submit(r, p);
	}
}

bool msm_test_random(struct msm_gpu *gpu, u64 seed)
{
	struct random *r = kvzalloc(sizeof(*r), GFP_KERNEL);
	u64 before = gpu->recoveries;
	unsigned int i, done = 0;
	bool ok = r != NULL;

	if (!ok)
		return false;
	r->gpu = gpu;
	prandom_seed_state(&r->rnd, seed);
	for (i = 0; ok && i < PROCESSES; i++)
		ok = open_process(r, &r->p[i]);
	for (; ok && done < STEPS; done++)
		ok = step(r);
	/* Before they go: nothing may be left in the ring. */
	for (i = 0; i < PROCESSES; i++)
		ok = (!r->p[i].c.p || settle(&r->p[i])) && ok;
	for (i = 0; i < PROCESSES; i++)
		ok = close_process(r, &r->p[i]) && ok;
	ok = ok && msm_is("resets", gpu->recoveries, before + r->resets);
	if (!ok)
		ktap_diag("seed %llu, step %u", seed, done);
	kvfree(r);
	return ok;
}
