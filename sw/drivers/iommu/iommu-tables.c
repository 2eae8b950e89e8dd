// SPDX-License-Identifier: MIT
/* IOMMU core: what a domain's tables hold, as text. */
#include "iommu-internal.h"

#include <device.h>
#include <io-pgtable.h>
#include <kernel.h>

static void entry(void *from, unsigned long iova, unsigned int depth,
		  struct io_pgtable_entry *e)
{
	struct iommu_domain *domain = from;

	domain->ops->entry(domain, iova, depth, e);
}

int iommu_dump_tables(struct iommu_domain *domain, unsigned long first,
		      unsigned long last,
		      void (*put)(void *to, const char *line), void *to)
{
	/* None before the first device is attached, and none of an owner's. */
	if (!domain->ops->entry || !domain->pgsize_bitmap) {
		put(to, "no tables\n");
		return 0;
	}
	first = max(first, (unsigned long)domain->aperture_start);
	last = min(last, (unsigned long)domain->aperture_end);
	if (first > last)
		return -ERANGE;
	return io_pgtable_dump(first, last, entry, domain, put, to);
}
