#pragma once
#include <types.h>
struct workqueue_struct {
  int unused;
};
struct work_struct {
  void (*func)(struct work_struct* w);
  bool pending;
};
#define INIT_WORK(w, f) ((void)((w)->func = (f), (w)->pending = false))
bool queue_work(struct workqueue_struct* wq, struct work_struct* w);
bool cancel_work_sync(struct work_struct* w);
struct workqueue_struct* alloc_ordered_workqueue(const char* name, unsigned flags);
void destroy_workqueue(struct workqueue_struct* wq);
