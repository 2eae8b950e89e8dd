#pragma once
#include <mm.h>
struct device;
enum dma_data_direction { DMA_BIDIRECTIONAL };
#define DMA_BIT_MASK(n) ((n) == 64 ? ~0ULL : (1ULL << (n)) - 1)
int dma_set_mask_and_coherent(struct device* dev, u64 mask);
dma_addr_t dma_map_single(struct device* dev, void* p, size_t size, enum dma_data_direction dir);
void dma_unmap_single(struct device* dev, dma_addr_t addr, size_t size, enum dma_data_direction dir);
#define dma_mapping_error(dev, addr) ((addr) == ~0ULL)
#define dma_sync_single_for_cpu(dev, addr, size, dir) ((void)(dev), (void)(addr))
#define dma_sync_single_for_device(dev, addr, size, dir) ((void)(dev), (void)(addr))
