// SPDX-License-Identifier: MIT
/* RAM as the device tree describes it, until the page allocator has it. */
#define pr_fmt(fmt) "memblock: " fmt
#include <arch.h>
#include <kernel.h>
#include <mm.h>
#include "mm_internal.h"

#define MAX_REGIONS	64

struct region {
	phys_addr_t base, end;
};

struct region_set {
	struct region r[MAX_REGIONS];
	unsigned int n;
};

static struct region_set ram, reserved;

/* Kept sorted and merged. */
static void set_add(struct region_set *s, phys_addr_t base, phys_addr_t end)
{
	unsigned int i = 0, j;

	while (i < s->n && s->r[i].end < base)
		i++;
	for (j = i; j < s->n && s->r[j].base <= end; j++) {
		base = min(base, s->r[j].base);
		end = max(end, s->r[j].end);
	}
	if (j == i && s->n == MAX_REGIONS) {
		pr_err("no room for [%#llx, %#llx)\n", base, end);
		return;
	}
	memmove(&s->r[i + 1], &s->r[j], (s->n - j) * sizeof(s->r[0]));
	s->r[i].base = base;
	s->r[i].end = end;
	s->n = s->n - (j - i) + 1;
}

void __init memblock_add(phys_addr_t base, u64 size)
{
	phys_addr_t end = base + size;

	/* The linear map takes 47 bits. */
	if (end < base || end > BIT_ULL(47))
		end = BIT_ULL(47);
	base = PAGE_ALIGN(base);
	end &= PAGE_MASK;
	if (base < end)
		set_add(&ram, base, end);
}

void __init memblock_reserve(phys_addr_t base, u64 size)
{
	phys_addr_t end = base + size;

	if (!size || end < base)
		return;
	set_add(&reserved, base & PAGE_MASK, PAGE_ALIGN(end));
}

/* Neither used nor mapped. */
void __init memblock_remove(phys_addr_t base, u64 size)
{
	phys_addr_t end = PAGE_ALIGN(base + size), tail;
	unsigned int i;

	base &= PAGE_MASK;
	for (i = 0; i < ram.n; i++) {
		struct region *r = &ram.r[i];

		if (r->end <= base || r->base >= end)
			continue;
		tail = r->end;
		r->end = max(base, r->base);
		if (r->end == r->base) {
			memmove(r, r + 1, (--ram.n - i) * sizeof(*r));
			i--;
		}
		if (tail > end)
			set_add(&ram, end, tail);
	}
}

bool memblock_is_ram(phys_addr_t base, u64 size)
{
	unsigned int i;

	for (i = 0; i < ram.n; i++)
		if (base >= ram.r[i].base && base < ram.r[i].end &&
		    size <= ram.r[i].end - base)
			return true;
	return false;
}

unsigned int memblock_regions(void)
{
	return ram.n;
}

void memblock_region(unsigned int i, phys_addr_t *base, phys_addr_t *end)
{
	*base = ram.r[i].base;
	*end = ram.r[i].end;
}

/* Walks RAM without the reserved parts; @pos counts bytes of address. */
bool memblock_next_free(phys_addr_t *pos, phys_addr_t *base, phys_addr_t *end)
{
	unsigned int i, j;

	for (i = 0; i < ram.n; i++) {
		phys_addr_t b = max(*pos, ram.r[i].base);
		phys_addr_t e = ram.r[i].end;

		for (j = 0; j < reserved.n && b < e; j++) {
			if (reserved.r[j].end <= b)
				continue;
			if (reserved.r[j].base > b) {
				e = min(e, reserved.r[j].base);
				break;
			}
			b = reserved.r[j].end;
		}
		if (b < e) {
			*base = b;
			*end = e;
			*pos = e;
			return true;
		}
	}
	return false;
}

/* Memory for ever, zeroed, in the linear map. */
void __init *memblock_alloc(size_t size)
{
	phys_addr_t pos = 0, b, e;

	size = PAGE_ALIGN(size);
	while (memblock_next_free(&pos, &b, &e)) {
		if (e - b < size)
			continue;
		memblock_reserve(e - size, size);
		return memset(phys_to_virt(e - size), 0, size);
	}
	panic("no %zu bytes of RAM left", size);
}
