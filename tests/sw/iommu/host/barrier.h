#pragma once
#define dma_wmb() __asm__ volatile("" ::: "memory")
