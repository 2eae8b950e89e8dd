#pragma once
#include <types.h>
/* Registers that behave; see host_smmu.c. */
u32 readl(const volatile void* addr);
u64 readq(const volatile void* addr);
void writel(u32 value, volatile void* addr);
void writeq(u64 value, volatile void* addr);
