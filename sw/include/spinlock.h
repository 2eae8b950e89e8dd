/* SPDX-License-Identifier: MIT */
/* Spin locks: the CPU that finds it free has it. A queue of CPUs would be
 * fairer, and stand still whenever the host does not run the emulated CPU whose
 * turn it is. What an interrupt handler takes is taken with interrupts disabled
 * everywhere else (_irqsave). A holder does not sleep: schedule() refuses.
 * Taking a lock orders what follows behind it, and releasing it what came
 * before (acquire and release).
 */
#ifndef SPINLOCK_H
#define SPINLOCK_H

#include <bug.h>
#include <compiler.h>
#include <irqflags.h>
#include <types.h>

typedef struct {
	u32 holder;		/* number of the CPU + 1; 0: free */
} spinlock_t;

#define __SPIN_LOCK_UNLOCKED	{ 0 }
#define DEFINE_SPINLOCK(x)	spinlock_t x = __SPIN_LOCK_UNLOCKED

static inline void spin_lock_init(spinlock_t *l)
{
	l->holder = 0;
}

/* A second spin_lock() by the CPU that holds it, and an unlock by another, is a
 * BUG that names the lock and the CPU.
 */
void spin_lock(spinlock_t *l);
bool spin_trylock(spinlock_t *l);
void spin_unlock(spinlock_t *l);
/* By any CPU. */
bool spin_is_locked(const spinlock_t *l);
/* By this CPU. */
bool spin_is_held(const spinlock_t *l);
/* Locks that this CPU holds. */
unsigned int spin_depth(void);

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

struct mutex;
bool mutex_is_held(const struct mutex *m);

static inline bool __no_lock(const void *l)
{
	return true;
}

/* WARN unless this CPU holds the spin lock, or this thread the mutex. */
#define lockdep_assert_held(l)						\
	WARN(!_Generic((l),						\
		       spinlock_t *: spin_is_held,			\
		       const spinlock_t *: spin_is_held,		\
		       struct mutex *: mutex_is_held,			\
		       const struct mutex *: mutex_is_held,		\
		       default: __no_lock)(l),				\
	     "%s is not held\n", #l)

#endif
