#pragma once
#include <types.h>
struct kref {
  int count;
};
static inline void kref_init(struct kref* k) { k->count = 1; }
static inline void kref_get(struct kref* k) { k->count++; }
static inline int kref_put(struct kref* k, void (*release)(struct kref* k)) {
  if (--k->count) return 0;
  release(k);
  return 1;
}
