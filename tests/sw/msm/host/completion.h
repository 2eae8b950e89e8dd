#pragma once
#include <wait.h>
struct completion {
  bool done;
};
static inline void init_completion(struct completion* c) { c->done = false; }
static inline void complete(struct completion* c) { c->done = true; }
static inline void wait_for_completion(struct completion* c) { wait_event(0, c->done); }
