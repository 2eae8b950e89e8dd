#pragma once
#include <types.h>
/* Registers that behave; see host_gpu.c. */
u32 readl(const volatile void* addr);
void writel(u32 value, volatile void* addr);
