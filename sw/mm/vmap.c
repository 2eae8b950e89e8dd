// SPDX-License-Identifier: MIT
/* Memory under a second address. */
#include <arch.h>
#include <kernel.h>
#include <mm.h>

void *vmap_nc(phys_addr_t phys, size_t size)
{
	unsigned long va = va_alloc(VMALLOC_START, VMALLOC_END, size,
				    PAGE_SIZE);

	if (!va)
		return NULL;
	if (map_kernel(va, phys, size, PROT_NORMAL_NC)) {
		unmap_kernel(va, size);
		va_free(va);
		return NULL;
	}
	return (void *)va;
}

phys_addr_t vunmap_nc(void *addr)
{
	unsigned long va = (unsigned long)addr;
	phys_addr_t phys = walk_kernel(va);
	size_t size = va_size(va);

	BUG_ON(!size);
	unmap_kernel(va, size);
	/* Nobody gets these addresses before they lead nowhere. */
	va_free(va);
	return phys;
}
