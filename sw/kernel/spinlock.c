// SPDX-License-Identifier: MIT
/* Ticket locks. */
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

static void taken(spinlock_t *l)
{
	WRITE_ONCE(l->holder, me());
	this_cpu(depth)++;
}

void spin_lock(spinlock_t *l)
{
	u16 ticket;

	if (unlikely(READ_ONCE(l->holder) == me()))
		panic("spin lock %pS: recursion on CPU %u, from %pS", l,
		      smp_processor_id(), __builtin_return_address(0));
	ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);
	/* The event of spin_unlock() is kept if it comes before the WFE. */
	while (smp_load_acquire(&l->serving) != ticket)
		wfe();
	taken(l);
}
EXPORT_SYMBOL(spin_lock);

bool spin_trylock(spinlock_t *l)
{
	u16 serving = smp_load_acquire(&l->serving);
	u16 next = serving;

	if (!__atomic_compare_exchange_n(&l->next, &next, (u16)(serving + 1),
					 false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED))
		return false;
	taken(l);
	return true;
}
EXPORT_SYMBOL(spin_trylock);

void spin_unlock(spinlock_t *l)
{
	if (unlikely(READ_ONCE(l->holder) != me()))
		panic("spin lock %pS: CPU %u releases it, which does not hold it, from %pS",
		      l, smp_processor_id(), __builtin_return_address(0));
	this_cpu(depth)--;
	WRITE_ONCE(l->holder, 0);
	smp_store_release(&l->serving, (u16)(l->serving + 1));
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
