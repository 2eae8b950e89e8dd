/* SPDX-License-Identifier: MIT */
/* What the tests of msmtest share. */
#ifndef MSM_TEST_H
#define MSM_TEST_H

#include "msm.h"

#include <ktap.h>
#include <sizes.h>
#include <slab.h>

/* The same addresses in each process. */
#define CODE_IOVA	0x10000000ULL
#define DATA_IOVA	0x7fffffff0000ULL
#define FREE_IOVA	0x5a5a5a50000ULL
#define HEAP_IOVA	0x200000000ULL

#define POISON		0xdeadbeefu

/**
 * struct msm_client - a process with a page for packets and one for data
 * @s: packets that are being written
 */
struct msm_client {
	struct msm_process *p;
	struct msm_bo code;
	struct msm_bo data;
	struct msm_stream s;
};

/* All of it, or a diagnostic. Data is mapped for reading and writing. */
bool msm_client_open(struct msm_gpu *gpu, struct msm_client *c);
/* Behind this the GPU has no way there; false after a diagnostic. */
bool msm_client_close(struct msm_gpu *gpu, struct msm_client *c);

static inline volatile u32 *msm_data(const struct msm_client *c)
{
	return c->data.cpu;
}

/* Begin packets anew. */
static inline struct msm_stream *msm_begin(struct msm_client *c)
{
	msm_stream_init(&c->s, c->code.cpu, (u32)(c->code.size / 4));
	return &c->s;
}

int msm_client_submit(struct msm_client *c, struct msm_job *job);
int msm_client_run(struct msm_client *c, struct msm_job *job);
/* Run what was written; its status must be that. */
bool msm_expect(struct msm_client *c, int status);
bool msm_is(const char *what, u64 value, u64 expected);

typedef bool (*msm_test_fn)(struct msm_gpu *gpu, u64 seed);

bool msm_test_write(struct msm_gpu *gpu, u64 seed);
bool msm_test_copy(struct msm_gpu *gpu, u64 seed);
bool msm_test_add(struct msm_gpu *gpu, u64 seed);
bool msm_test_nested(struct msm_gpu *gpu, u64 seed);
bool msm_test_order(struct msm_gpu *gpu, u64 seed);
bool msm_test_ring(struct msm_gpu *gpu, u64 seed);
bool msm_test_switch(struct msm_gpu *gpu, u64 seed);
bool msm_test_threads(struct msm_gpu *gpu, u64 seed);
bool msm_test_same_addresses(struct msm_gpu *gpu, u64 seed);
bool msm_test_isolation(struct msm_gpu *gpu, u64 seed);
bool msm_test_kernel(struct msm_gpu *gpu, u64 seed);
bool msm_test_kernel_unmap(struct msm_gpu *gpu, u64 seed);
bool msm_test_readonly(struct msm_gpu *gpu, u64 seed);
bool msm_test_unmap(struct msm_gpu *gpu, u64 seed);
bool msm_test_heap(struct msm_gpu *gpu, u64 seed);
bool msm_test_terminate(struct msm_gpu *gpu, u64 seed);
bool msm_test_no_stall(struct msm_gpu *gpu, u64 seed);
bool msm_test_bad_packet(struct msm_gpu *gpu, u64 seed);
bool msm_test_protected(struct msm_gpu *gpu, u64 seed);
bool msm_test_table_update(struct msm_gpu *gpu, u64 seed);
bool msm_test_bad_buffer(struct msm_gpu *gpu, u64 seed);
bool msm_test_hang(struct msm_gpu *gpu, u64 seed);
bool msm_test_watchdog(struct msm_gpu *gpu, u64 seed);
bool msm_test_reset_in_fault(struct msm_gpu *gpu, u64 seed);
bool msm_test_others(struct msm_gpu *gpu, u64 seed);
bool msm_test_random(struct msm_gpu *gpu, u64 seed);

const char *msm_skip_stalls(struct msm_gpu *gpu);

#endif
