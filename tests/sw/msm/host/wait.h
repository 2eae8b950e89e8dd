#pragma once
#include <types.h>
typedef int wait_queue_head_t;
#define init_waitqueue_head(q) ((void)(q))
#define wake_up(q) ((void)(q))
/* What happens while a thread waits: the GPU, works, what a test has others do. False when nothing can any
 * more. */
bool host_something_happens(void);
void host_check(bool condition, const char* what);
#define wait_event(q, condition)                                                        \
  do {                                                                                  \
    (void)(q);                                                                          \
    while (!(condition)) host_check(host_something_happens(), "a wait without an end"); \
  } while (0)
#define wait_event_timeout(q, condition, timeout) ((void)(timeout), (condition) || host_something_happens())
