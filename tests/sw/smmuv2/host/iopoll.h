#pragma once
#include <io.h>
/* Time passes by reads. */
#define readl_poll_timeout_atomic(addr, value, condition, delay, timeout) \
  ({                                                                      \
    int tries_ = 1000;                                                    \
    do (value) = readl(addr);                                             \
    while (!(condition) && --tries_);                                     \
    (condition) ? 0 : -ETIMEDOUT;                                         \
  })
