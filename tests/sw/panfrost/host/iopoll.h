#pragma once
#include <io.h>
/* Time passes by reads. */
#define read_poll_timeout(op, value, condition, sleep, timeout, args...) \
  ({                                                                     \
    int tries_ = 1000;                                                   \
    do (value) = op(args);                                               \
    while (!(condition) && --tries_);                                    \
    (condition) ? 0 : -ETIMEDOUT;                                        \
  })
#define readl_poll_timeout(a, v, c, s, t) read_poll_timeout(readl, v, c, s, t, a)
#define readl_poll_timeout_atomic(a, v, c, s, t) read_poll_timeout(readl, v, c, s, t, a)
