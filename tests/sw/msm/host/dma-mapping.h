#pragma once
#include <types.h>
struct device;
#define DMA_BIT_MASK(n) ((n) == 64 ? ~0ULL : (1ULL << (n)) - 1)
#define dma_set_mask_and_coherent(dev, mask) ((void)(dev), (void)(mask), 0)
void* dma_alloc_coherent(struct device* dev, size_t size, dma_addr_t* dma, gfp_t gfp);
void dma_free_coherent(struct device* dev, size_t size, void* cpu, dma_addr_t dma);
#define dma_wmb() ((void)0)
#define dma_rmb() ((void)0)
