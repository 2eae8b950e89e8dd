#pragma once
/* What was stored before becomes visible to the walker; see host_pgtable.c. */
void host_barrier(void);
#define dma_wmb() host_barrier()
