/* SPDX-License-Identifier: MIT */
/* Atomic counters and reference counts. Those that give a value back have
 * acquire and release order; smp_mb() orders plain accesses around them
 * further.
 */
#ifndef ATOMIC_H
#define ATOMIC_H

#include <bug.h>
#include <compiler.h>
#include <types.h>

#define ATOMIC_INIT(i)		{ (i) }
#define atomic_read(v)		READ_ONCE((v)->counter)
#define atomic_set(v, i)	WRITE_ONCE((v)->counter, i)
#define atomic_add_return(i, v)	\
	__atomic_add_fetch(&(v)->counter, i, __ATOMIC_SEQ_CST)
#define atomic_sub_return(i, v)	\
	__atomic_sub_fetch(&(v)->counter, i, __ATOMIC_SEQ_CST)
#define atomic_add(i, v)	((void)atomic_add_return(i, v))
#define atomic_sub(i, v)	((void)atomic_sub_return(i, v))
#define atomic_inc(v)		atomic_add(1, v)
#define atomic_dec(v)		atomic_sub(1, v)
#define atomic_inc_return(v)	atomic_add_return(1, v)
#define atomic_dec_return(v)	atomic_sub_return(1, v)
#define atomic_dec_and_test(v)	(atomic_sub_return(1, v) == 0)

/* Returns what was there. */
#define cmpxchg(p, o, n) ({					\
	__typeof__(*(p)) _o = (o);				\
	__atomic_compare_exchange_n(p, &_o, n, false,		\
				    __ATOMIC_SEQ_CST,		\
				    __ATOMIC_SEQ_CST);		\
	_o; })

typedef struct {
	atomic_t refs;
} refcount_t;

#define REFCOUNT_INIT(n)	{ ATOMIC_INIT(n) }
#define refcount_set(r, n)	atomic_set(&(r)->refs, n)

static inline void refcount_inc(refcount_t *r)
{
	WARN_ON(atomic_inc_return(&r->refs) <= 1);
}

static inline bool refcount_dec_and_test(refcount_t *r)
{
	int n = atomic_dec_return(&r->refs);

	WARN_ON(n < 0);
	return n == 0;
}

struct kref {
	refcount_t refcount;
};

#define kref_init(k)	refcount_set(&(k)->refcount, 1)
#define kref_get(k)	refcount_inc(&(k)->refcount)

static inline int kref_put(struct kref *k, void (*release)(struct kref *k))
{
	if (!refcount_dec_and_test(&k->refcount))
		return 0;
	release(k);
	return 1;
}

#endif
