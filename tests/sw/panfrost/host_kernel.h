// Between the two halves of the harness.
#pragma once
#include "host_gpu.h"

void* host_registers(void);
uint32_t host_window(void);
const struct host_options* host_get(void);
void host_power_up(const struct host_options* options);
uint64_t host_transtab(unsigned as);
