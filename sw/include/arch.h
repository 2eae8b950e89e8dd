/* SPDX-License-Identifier: MIT */
/* Inside the kernel: start-up, exceptions, translation tables, firmware. */
#ifndef ARCH_H
#define ARCH_H

#include <compiler.h>
#include <types.h>

/* Each stack is aligned to twice its size, so that one address bit tells an
 * overflow.
 */
#define THREAD_SHIFT	14
#define THREAD_SIZE	(1UL << THREAD_SHIFT)

struct pt_regs {
	u64 regs[31];
	u64 sp;
	u64 pc;
	u64 pstate;
	/* A frame record, so that a back-trace goes through the exception. */
	u64 frame_fp;
	u64 frame_pc;
};

/* Translation-table attributes (DDI 0487, D8.3). */
#define PTE_VALID	BIT(0)
#define PTE_TABLE	BIT(1)		/* or page, at level 3 */
#define PTE_ATTR(i)	((u64)(i) << 2)
#define PTE_RDONLY	BIT(7)
#define PTE_SH_INNER	(3UL << 8)
#define PTE_AF		BIT(10)
#define PTE_PXN		BIT(53)
#define PTE_UXN		BIT(54)
#define PTE_ADDR_MASK	GENMASK(47, 12)

#define MT_NORMAL	0
#define MT_DEVICE_nGnRE	1
#define MT_DEVICE_nGnRnE 2
#define MT_NORMAL_NC	3

#define PROT_NORMAL	(PTE_AF | PTE_SH_INNER | PTE_ATTR(MT_NORMAL) | PTE_UXN)
#define PROT_RW		(PROT_NORMAL | PTE_PXN)
#define PROT_RO		(PROT_NORMAL | PTE_PXN | PTE_RDONLY)
#define PROT_ROX	(PROT_NORMAL | PTE_RDONLY)
#define PROT_NORMAL_NC	(PTE_AF | PTE_ATTR(MT_NORMAL_NC) | PTE_PXN | PTE_UXN)
#define PROT_DEVICE	(PTE_AF | PTE_ATTR(MT_DEVICE_nGnRE) | PTE_PXN | PTE_UXN)

extern phys_addr_t kernel_phys;
extern char __rodata_start[], __rodata_end[], __boot_stack_guard[];
extern char boot_stack[];

void paging_init(void);
/* Code that was written becomes visible to instruction fetches. */
void flush_icache_range(unsigned long start, unsigned long end);
int map_kernel(unsigned long va, phys_addr_t pa, size_t size, u64 prot);
void unmap_kernel(unsigned long va, size_t size);
/* Physical address behind a mapped kernel address; ~0 when there is none. */
phys_addr_t walk_kernel(unsigned long va);

/* Ranges of virtual addresses: no memory, no mapping. 0 when full. */
unsigned long va_alloc(unsigned long lo, unsigned long hi, size_t size,
		       size_t align);
/* The size that it has, without its guard page; 0: unknown. */
size_t va_size(unsigned long addr);
/* Behind unmap_kernel(): another may get it at once. */
void va_free(unsigned long addr);

/* RAM for a module's text and data: below the kernel when there is room. */
void *module_alloc(size_t size);
void module_free(void *p);
void *stack_alloc(void);
void stack_free(void *p);

void memblock_add(phys_addr_t base, u64 size);
void memblock_reserve(phys_addr_t base, u64 size);
void memblock_remove(phys_addr_t base, u64 size);
bool memblock_is_ram(phys_addr_t base, u64 size);
unsigned int memblock_regions(void);
void memblock_region(unsigned int i, phys_addr_t *base, phys_addr_t *end);
void mem_init(void);
void slab_init(void);

int early_fdt_scan(phys_addr_t fdt_phys, phys_addr_t *initrd, u64 *initrd_size);
void fdt_unflatten(void);
extern char boot_command_line[1024];
/* Value of name= or of a bare name (""), NULL when absent. */
const char *cmdline_get(const char *name, char *buf, size_t size);

/* MPIDR_EL1 Aff3 to Aff0 (DDI 0487, D19.2.101). */
#define MPIDR_AFFINITY	0xff00ffffffULL

void psci_init(void);
void psci_system_off(void);
/* @context is what secondary_entry finds in x0. 0 or -errno. */
int psci_cpu_on(u64 mpidr, unsigned long context);
void psci_cpu_off(void);
extern char secondary_entry[];
/* The tables of the upper half. */
phys_addr_t swapper_phys(void);

/* HLT #0xf000, which is its first instruction: where nobody serves it, it is
 * stepped over, and semihosting_absent set.
 */
long semihosting_call(unsigned long op, const void *param);
void semihosting_exit(int status);
/* To the host, for what comes before the console. Text with a final 0. */
void semihosting_write(const char *s, size_t n);
extern bool semihosting_absent;

void __noreturn cpu_idle(void);
void time_early_init(void);
void time_init(void);
void console_init(void);
void console_write(const char *s, size_t n);
/* Blocks until a character arrives. */
int console_getc(void);
/* True from a Ctrl-C on until console_clear_interrupt(). */
bool console_interrupted(void);
/* @unread: one that nobody has read yet stays; it was typed for what comes. */
void console_clear_interrupt(bool unread);
/* Sleep. Return: true if a Ctrl-C ended it early. */
bool console_sleep(unsigned int ms);
void irqchip_init(void);
void workqueue_init(void);
void of_platform_populate(void);
void shell_main(void);
struct module;
/* Commands that a module forgot when it left. */
void shell_drop_module(struct module *m);
bool kernel_stack_range(unsigned long sp, unsigned long *lo,
			unsigned long *hi);
void initramfs_init(phys_addr_t start, u64 size);
void console_flush_buffer(void);

#endif
