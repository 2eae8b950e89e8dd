#pragma once
typedef struct {
  int counter;
} atomic_t;
#define ATOMIC_INIT(i) \
  { i }
#define atomic_read(v) ((v)->counter)
#define atomic_add(i, v) ((void)((v)->counter += (i)))
#define atomic_sub(i, v) ((void)((v)->counter -= (i)))
