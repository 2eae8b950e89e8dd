#pragma once
/* There is one thread: taken and left in turns, or the test ends. */
typedef struct {
  int locked;
} spinlock_t;
void spin_lock_init(spinlock_t* l);
void spin_lock(spinlock_t* l);
void spin_unlock(spinlock_t* l);
#define spin_lock_irqsave(l, flags) ((flags) = 0, spin_lock(l))
#define spin_unlock_irqrestore(l, flags) ((void)(flags), spin_unlock(l))
