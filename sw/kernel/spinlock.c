// SPDX-License-Identifier: MIT
/* Locks that a CPU waits for by WFE. */
#include <atomic.h>
#include <export.h>
#include <kernel.h>
#include <percpu.h>
#include <spinlock.h>

static DEFINE_PER_CPU(unsigned int, depth);

unsigned int spin_depth(void)
{
	return this_cpu(depth);
}
EXPORT_SYMBOL(spin_depth);

static u32 me(void)
{
	return smp_processor_id() + 1;
}

bool spin_trylock(spinlock_t *l)
{
	u32 none = 0;

	/* First a look, which takes the line from nobody. */
	if (READ_ONCE(l->holder) ||
	    !__atomic_compare_exchange_n(&l->holder, &none, me(), false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	this_cpu(depth)++;
	return true;
}
EXPORT_SYMBOL(spin_trylock);

void spin_lock(spinlock_t *l)
{
	if (unlikely(READ_ONCE(l->holder) == me()))
		panic("spin lock %p: recursion on CPU %u, from %pS", l,
		      smp_processor_id(), __builtin_return_address(0));
	/* The event of spin_unlock() is kept if it comes before the WFE. */
	while (!spin_trylock(l))
		wfe();
}
EXPORT_SYMBOL(spin_lock);

void spin_unlock(spinlock_t *l)
{
	if (unlikely(READ_ONCE(l->holder) != me()))
		panic("spin lock %p: CPU %u releases it, which does not hold it, from %pS",
		      l, smp_processor_id(), __builtin_return_address(0));
	this_cpu(depth)--;
	smp_store_release(&l->holder, 0);
	/* The store is seen by whom the event wakes. */
	dsb(ishst);
	sev();
}
EXPORT_SYMBOL(spin_unlock);

bool spin_is_locked(const spinlock_t *l)
{
	return READ_ONCE(l->holder);
}
EXPORT_SYMBOL(spin_is_locked);

bool spin_is_held(const spinlock_t *l)
{
	return READ_ONCE(l->holder) == me();
}
EXPORT_SYMBOL(spin_is_held);
