// SPDX-License-Identifier: MIT
/* Kernel translation tables: 48-bit addresses, 4 KiB granule, levels 0-3. */
#define pr_fmt(fmt) "mmu: " fmt
#include <arch.h>
#include <io.h>
#include <kernel.h>
#include <export.h>
#include <mm.h>
#include <smp.h>
#include <spinlock.h>

#define LEVEL_SHIFT(l)	(PAGE_SHIFT + 9 * (3 - (l)))
#define LEVEL_INDEX(va, l)	(((va) >> LEVEL_SHIFT(l)) & 511)

/* Tables that are needed before there is a page allocator: the linear map of
 * up to some 30 GiB in 2 MiB blocks, or of more in 1 GiB blocks.
 */
#define NR_EARLY_TABLES	64

static u64 early_tables[NR_EARLY_TABLES][512] __aligned(4096);
static unsigned int early_used;
static u64 *swapper;
static bool mem_ready;

phys_addr_t kernel_phys;

/* Guards the entries of the tables, once there are several CPUs. Readers need
 * none: tables are only added.
 */
static DEFINE_SPINLOCK(table_lock);

phys_addr_t swapper_phys(void)
{
	return virt_to_phys(swapper);
}

void switch_ttbr1(phys_addr_t tables, phys_addr_t idmap_fn);
extern char idmap_switch[];

phys_addr_t virt_to_phys(const volatile void *addr)
{
	unsigned long a = (unsigned long)addr;

	if (a >= KIMAGE_VADDR && a < (unsigned long)_end)
		return a - KIMAGE_VADDR + kernel_phys;
	BUG_ON(a < PAGE_OFFSET || a >= LINEAR_END);
	return a - PAGE_OFFSET;
}
EXPORT_SYMBOL(virt_to_phys);

static u64 *table_virt(u64 desc)
{
	phys_addr_t pa = desc & PTE_ADDR_MASK;

	if (pa >= kernel_phys &&
	    pa < kernel_phys + (unsigned long)(_end - _text))
		return (u64 *)(pa - kernel_phys + KIMAGE_VADDR);
	return phys_to_virt(pa);
}

static u64 *table_alloc(void)
{
	if (!mem_ready) {
		if (early_used == NR_EARLY_TABLES)
			panic("RAM is in too many pieces: more than %d translation tables",
			      NR_EARLY_TABLES);
		return early_tables[early_used++];
	}
	return (u64 *)get_zeroed_page(GFP_KERNEL);
}

static int map_level(u64 *table, int level, unsigned long va,
		     phys_addr_t pa, size_t size, u64 prot)
{
	unsigned long step = 1UL << LEVEL_SHIFT(level);

	while (size) {
		u64 *e = &table[LEVEL_INDEX(va, level)];
		unsigned long n = min(size, step - (va & (step - 1)));
		int ret;

		if (level == 3) {
			if (*e & PTE_VALID)
				return -EEXIST;
			*e = pa | prot | PTE_TABLE | PTE_VALID;
		} else if (level > 0 && n == step && !(pa & (step - 1)) &&
			   !*e) {
			*e = pa | prot | PTE_VALID;
		} else {
			if (!*e) {
				u64 *t = table_alloc();

				if (!t)
					return -ENOMEM;
				dsb(ishst);
				*e = virt_to_phys(t) | PTE_TABLE | PTE_VALID;
			} else if (!(*e & PTE_TABLE)) {
				return -EEXIST;
			}
			ret = map_level(table_virt(*e), level + 1, va, pa, n,
					prot);
			if (ret)
				return ret;
		}
		va += n;
		pa += n;
		size -= n;
	}
	return 0;
}

static u64 *find_leaf(unsigned long va, int *levelp)
{
	u64 *table = swapper;
	int level;

	/* An oops may come before there are any. */
	if (!table)
		return NULL;
	for (level = 0; level < 4; level++) {
		u64 *e = &table[LEVEL_INDEX(va, level)];

		if (!(*e & PTE_VALID))
			return NULL;
		if (level == 3 || !(*e & PTE_TABLE)) {
			*levelp = level;
			return e;
		}
		table = table_virt(*e);
	}
	return NULL;
}

static void nothing(void *data)
{
}

void flush_icache_range(unsigned long start, unsigned long end)
{
	unsigned long ctr, line, a;

	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	line = 4UL << ((ctr >> 16) & 0xf);
	for (a = start & ~(line - 1); a < end; a += line)
		__asm__ volatile("dc cvau, %0" : : "r"(a) : "memory");
	dsb(ish);
	__asm__ volatile("ic ialluis");
	dsb(ish);
	isb();
	/* The instruction cache is broadcast to; what other CPUs have fetched
	 * already is not (DDI 0487, B2.4.4). An exception synchronises it.
	 */
	if (!irqs_disabled())
		smp_call_function(nothing, NULL);
}

static void flush_tlb_range(unsigned long va, size_t size)
{
	dsb(ishst);
	if (size > 64 * PAGE_SIZE) {
		__asm__ volatile("tlbi vmalle1is");
	} else {
		unsigned long a;

		for (a = va; a < va + size; a += PAGE_SIZE)
			__asm__ volatile("tlbi vaae1is, %0"
					 : : "r"((a >> 12) & GENMASK(43, 0)));
	}
	dsb(ish);
	isb();
}

int map_kernel(unsigned long va, phys_addr_t pa, size_t size, u64 prot)
{
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&table_lock, flags);
	ret = map_level(swapper, 0, va, pa, size, prot);
	spin_unlock_irqrestore(&table_lock, flags);
	dsb(ishst);
	isb();
	return ret;
}

void unmap_kernel(unsigned long va, size_t size)
{
	unsigned long a = va, end = va + size, flags;
	int level;

	spin_lock_irqsave(&table_lock, flags);
	while (a < end) {
		u64 *e = find_leaf(a, &level);

		if (e)
			*e = 0;
		else
			level = 3;
		a = (a | ((1UL << LEVEL_SHIFT(level)) - 1)) + 1;
	}
	spin_unlock_irqrestore(&table_lock, flags);
	flush_tlb_range(va, size);
}

phys_addr_t walk_kernel(unsigned long va)
{
	int level;
	u64 *e = find_leaf(va, &level);

	if (!e)
		return ~0ULL;
	return (*e & PTE_ADDR_MASK) | (va & ((1UL << LEVEL_SHIFT(level)) - 1));
}

static int change_prot(unsigned long addr, int pages, u64 prot)
{
	unsigned long a, flags;
	int level, ret = 0;

	spin_lock_irqsave(&table_lock, flags);
	for (a = addr; a < addr + (unsigned long)pages * PAGE_SIZE;
	     a += PAGE_SIZE) {
		u64 *e = find_leaf(a, &level);

		if (!e || level != 3) {
			ret = -EINVAL;
			break;
		}
		*e = (*e & PTE_ADDR_MASK) | prot | PTE_TABLE | PTE_VALID;
	}
	spin_unlock_irqrestore(&table_lock, flags);
	flush_tlb_range(addr, (size_t)pages * PAGE_SIZE);
	return ret;
}

int set_memory_ro(unsigned long addr, int pages)
{
	return change_prot(addr, pages, PROT_RO);
}

int set_memory_rox(unsigned long addr, int pages)
{
	return change_prot(addr, pages, PROT_ROX);
}

static void __init map_boot(unsigned long va, phys_addr_t pa, size_t size,
			    u64 prot)
{
	if (size && map_level(swapper, 0, va, pa, size, prot))
		panic("cannot map %#lx", va);
}

/* The image in the linear map: read-only where the image itself is, in pages,
 * so that no writable alias of the text is left.
 */
static void __init map_linear(phys_addr_t base, phys_addr_t end)
{
	phys_addr_t ks = kernel_phys;
	phys_addr_t ke = kernel_phys + (__rodata_end - _text);

	if (ke <= base || ks >= end) {
		map_boot(PAGE_OFFSET + base, base, end - base, PROT_RW);
		return;
	}
	map_boot(PAGE_OFFSET + base, base, ks - base, PROT_RW);
	map_boot(PAGE_OFFSET + ks, ks, ke - ks, PROT_RO);
	map_boot(PAGE_OFFSET + ke, ke, end - ke, PROT_RW);
}

void __init paging_init(void)
{
	unsigned long t = (unsigned long)_text;
	unsigned long ro = (unsigned long)__rodata_start;
	unsigned long rw = (unsigned long)__rodata_end;
	unsigned long guard = (unsigned long)boot_stack - PAGE_SIZE;
	unsigned int i;

	swapper = table_alloc();
	map_boot(t, kernel_phys, ro - t, PROT_ROX);
	map_boot(ro, virt_to_phys((void *)ro), rw - ro, PROT_RO);
	map_boot(rw, virt_to_phys((void *)rw), guard - rw, PROT_RW);
	map_boot(guard + PAGE_SIZE, virt_to_phys((void *)boot_stack),
		 (unsigned long)_end - guard - PAGE_SIZE, PROT_RW);
	for (i = 0; i < memblock_regions(); i++) {
		phys_addr_t base, end;

		memblock_region(i, &base, &end);
		map_linear(base, end);
	}
	dsb(ishst);
	switch_ttbr1(virt_to_phys(swapper), virt_to_phys(idmap_switch));
	mem_ready = true;
}

void __iomem *ioremap(phys_addr_t phys, size_t size)
{
	unsigned long off = offset_in_page(phys);
	unsigned long va;

	if (!size || phys + size - 1 < phys || phys + size > BIT_ULL(48))
		return NULL;
	size = PAGE_ALIGN(size + off);
	va = va_alloc(VMALLOC_START, VMALLOC_END, size, PAGE_SIZE);
	if (!va)
		return NULL;
	if (map_kernel(va, phys - off, size, PROT_DEVICE)) {
		unmap_kernel(va, size);
		va_free(va);
		return NULL;
	}
	return (void __iomem *)(va + off);
}
EXPORT_SYMBOL(ioremap);

void iounmap(volatile void __iomem *addr)
{
	unsigned long va = (unsigned long)addr & PAGE_MASK;
	size_t size = va_size(va);

	if (WARN_ON(!size))
		return;
	unmap_kernel(va, size);
	va_free(va);
}
EXPORT_SYMBOL(iounmap);
