#pragma once
/* There is one thread: taken and left in turns, or the test ends. */
struct mutex {
  int locked;
};
#define DEFINE_MUTEX(n) struct mutex n
void mutex_init(struct mutex* m);
void mutex_lock(struct mutex* m);
void mutex_unlock(struct mutex* m);
void host_assert_held(const struct mutex* m);
#define lockdep_assert_held(m) host_assert_held(m)
