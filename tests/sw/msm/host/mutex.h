#pragma once
#include <spinlock.h>
struct mutex {
  spinlock_t lock;
};
#define DEFINE_MUTEX(n) struct mutex n
#define mutex_init(m) spin_lock_init(&(m)->lock)
/* Its holder may sleep. */
void mutex_lock(struct mutex* m);
void mutex_unlock(struct mutex* m);
