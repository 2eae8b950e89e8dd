#pragma once
/* Taken and left in turns, or the test ends. */
typedef struct {
  int locked;
} spinlock_t;
#ifdef __cplusplus
extern "C"
#endif
    void
    host_lock(spinlock_t* l, int lock);
#define spin_lock_init(l) ((void)((l)->locked = 0))
#define spin_lock_irqsave(l, f) (host_lock(l, 1), (void)((f) = 0))
#define spin_unlock_irqrestore(l, f) (host_lock(l, 0), (void)(f))
