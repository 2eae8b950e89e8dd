/* SPDX-License-Identifier: MIT */
/* What the tests of pantest share. */
#ifndef PANFROST_TEST_H
#define PANFROST_TEST_H

#include "panfrost.h"

#include <ktap.h>

/**
 * struct pan_args - what a test gets
 * @pan: the GPU
 * @c: a client of its own, closed behind it with all its buffers
 * @seed: of what is random
 */
struct pan_args {
	struct pan_device *pan;
	struct pan_client *c;
	u64 seed;
};

/**
 * struct pan_chain - jobs one behind the other in a buffer
 * @b: the buffer
 * @first: number of the first job of the chain in it
 * @count: jobs of the chain
 * @last: the last one, as it is in the buffer
 */
struct pan_chain {
	struct pan_buffer *b;
	unsigned int first;
	unsigned int count;
	struct pan_desc last;
};

bool pan_chain_init(struct pan_chain *chain, struct pan_client *c,
		    unsigned int room);
void pan_chain_next(struct pan_chain *chain);
bool pan_chain_add(struct pan_chain *chain, const struct pan_desc *d);
bool pan_chain_value(struct pan_chain *chain, u64 addr,
		     enum pan_value_kind kind, u64 value);
bool pan_chain_copy(struct pan_chain *chain, u64 dst, u64 src, u64 size);
bool pan_chain_loop(struct pan_chain *chain);
u64 pan_chain_head(const struct pan_chain *chain);
bool pan_chain_run(struct pan_chain *chain, unsigned int slot);
bool pan_chain_fails(struct pan_chain *chain, u32 exception,
		     unsigned int number);

bool pan_has_copy(const struct pan_args *args);
struct pan_buffer *pan_make(struct pan_client *c, u64 addr, size_t size,
			    size_t chunk, unsigned int flags);
bool pan_expect(struct pan_buffer *b, size_t offset, u64 value,
		unsigned int size);
bool pan_fill(struct pan_buffer *b, u64 seed);
bool pan_filled(struct pan_buffer *b, size_t offset, size_t size, u64 seed,
		size_t from);
bool pan_expect_fault(const struct pan_client *c, u64 before, u64 addr,
		      enum pan_access access, u32 kind);
unsigned int pan_first_slot(const struct pan_device *pan);
unsigned int pan_other_slot(const struct pan_device *pan, unsigned int slot);

bool pan_test_values(const struct pan_args *args);
bool pan_test_times(const struct pan_args *args);
bool pan_test_copy(const struct pan_args *args);
bool pan_test_chain(const struct pan_args *args);
bool pan_test_slots(const struct pan_args *args);
bool pan_test_types(const struct pan_args *args);
bool pan_test_bad_job(const struct pan_args *args);
bool pan_test_submit(const struct pan_args *args);

bool pan_test_hole(const struct pan_args *args);
bool pan_test_readonly(const struct pan_args *args);
bool pan_test_isolation(const struct pan_args *args);
bool pan_test_turns(const struct pan_args *args);
bool pan_test_unmap(const struct pan_args *args);
bool pan_test_remap(const struct pan_args *args);
bool pan_test_places(const struct pan_args *args);
bool pan_test_heap(const struct pan_args *args);
bool pan_test_heap_blocks(const struct pan_args *args);
bool pan_test_heap_shared(const struct pan_args *args);
bool pan_test_memory(const struct pan_args *args);

bool pan_test_endless(const struct pan_args *args);
bool pan_test_hang(const struct pan_args *args);
bool pan_test_reset(const struct pan_args *args);
bool pan_test_close(const struct pan_args *args);
bool pan_test_unbind(const struct pan_args *args);

bool pan_test_random(const struct pan_args *args);
bool pan_test_random_bad(const struct pan_args *args);

#endif
