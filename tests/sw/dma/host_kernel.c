/* What the guest's sources find on a host. */
#include "host_kernel.h"

#include <slab.h>
#include <spinlock.h>

unsigned host_fail_countdown;
int host_objects;
static int locks;

void* kmalloc(size_t size, unsigned gfp) {
  (void)gfp;
  /* An allocation under a spin lock could wait for its own lock. */
  if (locks) abort();
  if (host_fail_countdown && --host_fail_countdown == 0) return NULL;
  host_objects++;
  return malloc(size);
}

void kfree(const void* p) {
  if (!p) return;
  host_objects--;
  free((void*)p);
}

void host_lock(spinlock_t* l, int lock) {
  if (l->locked == lock) abort();
  l->locked = lock;
  locks += lock ? 1 : -1;
}
