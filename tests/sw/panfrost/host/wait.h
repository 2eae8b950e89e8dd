#pragma once
#include <types.h>
typedef int wait_queue_head_t;
#define init_waitqueue_head(q) ((void)(q))
#define wake_up(q) ((void)(q))
/* Whatever happens meanwhile: interrupts, timers, works; false when nothing can any more. */
bool host_something_happens(void);
void host_check(bool condition, const char* what);
#define wait_event(q, condition)                                                        \
  do {                                                                                  \
    (void)(q);                                                                          \
    while (!(condition)) host_check(host_something_happens(), "a wait without an end"); \
  } while (0)
