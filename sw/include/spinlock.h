/* SPDX-License-Identifier: MIT */
/* Spin locks. With one CPU and cooperative threads a lock is a check against
 * recursion; the _irqsave forms keep interrupt handlers out.
 */
#ifndef SPINLOCK_H
#define SPINLOCK_H

#include <bug.h>
#include <compiler.h>
#include <irqflags.h>
#include <types.h>

typedef struct {
	unsigned int locked;
} spinlock_t;

typedef spinlock_t raw_spinlock_t;

#define __SPIN_LOCK_UNLOCKED	{ 0 }
#define DEFINE_SPINLOCK(x)	spinlock_t x = __SPIN_LOCK_UNLOCKED
#define spin_lock_init(l)	((void)((l)->locked = 0))
#define raw_spin_lock_init(l)	spin_lock_init(l)

static inline void spin_lock(spinlock_t *l)
{
	BUG_ON(l->locked);
	l->locked = 1;
	barrier();
}

static inline bool spin_trylock(spinlock_t *l)
{
	if (l->locked)
		return false;
	l->locked = 1;
	barrier();
	return true;
}

static inline void spin_unlock(spinlock_t *l)
{
	barrier();
	l->locked = 0;
}

#define spin_lock_irqsave(l, f)			\
do {						\
	local_irq_save(f);			\
	spin_lock(l);				\
} while (0)
#define spin_unlock_irqrestore(l, f)		\
do {						\
	spin_unlock(l);				\
	local_irq_restore(f);			\
} while (0)

static inline void spin_lock_irq(spinlock_t *l)
{
	local_irq_disable();
	spin_lock(l);
}

static inline void spin_unlock_irq(spinlock_t *l)
{
	spin_unlock(l);
	local_irq_enable();
}

#define raw_spin_lock_irqsave(l, f)		spin_lock_irqsave(l, f)
#define raw_spin_unlock_irqrestore(l, f)	spin_unlock_irqrestore(l, f)
#define lockdep_assert_held(l)			do { (void)(l); } while (0)

#endif
