#pragma once
/* Taken and left in turns, or the test ends. */
typedef struct {
  int locked;
} spinlock_t;
void host_spin(spinlock_t* l, int lock);
#define spin_lock_init(l) ((void)((l)->locked = 0))
#define spin_lock_irqsave(l, f) (host_spin(l, 1), (void)((f) = 0))
#define spin_unlock_irqrestore(l, f) (host_spin(l, 0), (void)(f))
