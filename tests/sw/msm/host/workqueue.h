#pragma once
#include <types.h>
struct workqueue_struct;
struct work_struct {
  void (*func)(struct work_struct* w);
};
#define INIT_WORK(w, f) ((void)((w)->func = (f)))
void queue_work(struct workqueue_struct* wq, struct work_struct* w);
struct workqueue_struct* alloc_ordered_workqueue(const char* fmt, unsigned flags, const char* name);
void destroy_workqueue(struct workqueue_struct* wq);
