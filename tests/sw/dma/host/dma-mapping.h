#pragma once
#include <types.h>
typedef u64 dma_addr_t;
struct scatterlist;
enum dma_data_direction { DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE };
