/* SPDX-License-Identifier: MIT */
/* Image header and the way from the boot loader to start_kernel().
 *
 * Boot protocol: MMU off, x0 = physical address of the device tree, image at
 * any 2 MiB boundary, entered at EL1 or EL2.
 */
#define PTE_TABLE	3
/* block, AttrIndx 0 (normal), inner shareable, AF */
#define BLOCK_NORMAL	(1 | (3 << 8) | (1 << 10))
#define SCTLR_RES1	0x30d00800

	.section ".head.text", "ax"
	.globl	_text
_text:
	b	primary_entry
	.long	0
	.quad	0			// text_offset
	.quad	__image_size
	.quad	0xa			// little-endian, 4 KiB pages, anywhere
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

/* semihosting_call(operation, parameter). Nobody may be there to serve it: then
 * the HLT is undefined, and the handlers step over this very instruction.
 */
	.globl	semihosting_call
semihosting_call:
	hlt	#0xf000
	ret

/* To EL1 with the MMU off, and the vectors below. Uses x0 and x1. */
init_el:
	msr	daifset, #0xf
	mrs	x0, CurrentEL
	cmp	x0, #(2 << 2)
	b.ne	1f

	mov	x0, #(1 << 31)		// HCR_EL2.RW: EL1 is AArch64
	msr	hcr_el2, x0
	mrs	x0, cnthctl_el2
	orr	x0, x0, #3		// counter and timer free for EL1
	msr	cnthctl_el2, x0
	msr	cntvoff_el2, xzr
	mov	x0, #0x33ff		// CPTR_EL2 RES1, no trap of FP
	msr	cptr_el2, x0
	msr	hstr_el2, xzr
	msr	vttbr_el2, xzr
	mrs	x0, midr_el1
	msr	vpidr_el2, x0
	mrs	x0, mpidr_el1
	msr	vmpidr_el2, x0
	ldr	x0, =SCTLR_RES1
	msr	sctlr_el1, x0
	mov	x0, #0x3c5		// EL1h, DAIF masked
	msr	spsr_el2, x0
	adr	x0, 1f
	msr	elr_el2, x0
	isb
	eret

1:	ldr	x0, =SCTLR_RES1
	msr	sctlr_el1, x0
	adr	x0, early_vectors
	msr	vbar_el1, x0
	isb
	ret

primary_entry:
	mov	x21, x0
	bl	init_el
	.globl	early_start
early_start:
	adrp	x22, _text		// where we were loaded

	// .bss holds the tables: clear it, and drop stale cache lines over it
	adrp	x0, __bss_start
	adrp	x1, __bss_end
	mov	x2, x0
1:	stp	xzr, xzr, [x2], #16
	cmp	x2, x1
	b.lo	1b
	dmb	sy
	bl	inval_range

	// TTBR0: the 2 MiB of this code at its own address
	adrp	x0, idmap_l0
	adrp	x1, idmap_l1
	adrp	x2, idmap_l2
	orr	x3, x1, #PTE_TABLE
	ubfx	x4, x22, #39, #9
	str	x3, [x0, x4, lsl #3]
	orr	x3, x2, #PTE_TABLE
	ubfx	x4, x22, #30, #9
	str	x3, [x1, x4, lsl #3]
	ldr	x5, =BLOCK_NORMAL
	orr	x3, x22, x5
	ubfx	x4, x22, #21, #9
	str	x3, [x2, x4, lsl #3]

	// TTBR1: the image at KIMAGE_VADDR, the device tree at FIXMAP_FDT
	adrp	x0, early_l0
	adrp	x1, early_l1
	adrp	x2, early_l2
	orr	x3, x1, #PTE_TABLE
	str	x3, [x0, #(256 * 8)]
	orr	x3, x2, #PTE_TABLE
	str	x3, [x1]
	adrp	x6, _end
	mov	x7, x22
	add	x4, x2, #(32 * 8)
2:	orr	x3, x7, x5
	str	x3, [x4], #8
	add	x7, x7, #0x200000
	cmp	x7, x6
	b.lo	2b
	lsr	x3, x21, #48		// no such address: left unmapped
	cbnz	x3, 3f
	bic	x7, x21, #0x1fffff
	orr	x3, x7, x5
	str	x3, [x2, #(510 * 8)]
	add	x7, x7, #0x200000
	orr	x3, x7, x5
	str	x3, [x2, #(511 * 8)]
3:	dmb	sy
	adrp	x0, __bss_start
	adrp	x1, __bss_end
	bl	inval_range

	adrp	x24, early_l0
	ldr	x25, =primary_switched
	b	enable_mmu

/* The way of all other CPUs, from PSCI CPU_ON: MMU off, x0 = number of the CPU.
 */
	.globl	secondary_entry
secondary_entry:
	mov	x21, x0
	bl	init_el
	adrp	x24, secondary_ttbr1
	ldr	x24, [x24, :lo12:secondary_ttbr1]
	ldr	x25, =secondary_switched

/* To x25 with the upper half from x24, and the idmap for the way there. */
enable_mmu:
	ldr	x0, =0x440004ff		// MAIR: WB, nGnRE, nGnRnE, NC
	msr	mair_el1, x0
	// 48-bit both, 4 KiB, inner shareable, write-back walks
	ldr	x0, =(16 | (16 << 16) | (2 << 30) | (3 << 12) | (3 << 28) | \
		      (1 << 8) | (1 << 10) | (1 << 24) | (1 << 26))
	mrs	x1, id_aa64mmfr0_el1
	and	x1, x1, #0xf
	cmp	x1, #5			// IPS above 48 bits needs larger pages
	b.ls	3f
	mov	x1, #5
3:	bfi	x0, x1, #32, #3
	msr	tcr_el1, x0
	adrp	x0, idmap_l0
	msr	ttbr0_el1, x0
	msr	ttbr1_el1, x24
	dsb	sy
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	ldr	x0, =(SCTLR_RES1 | 0x100d)	// M, C, SA, I
	msr	sctlr_el1, x0
	isb
	br	x25

// Invalidate data-cache lines of [x0, x1). Uses x2, x3.
inval_range:
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4
	mov	x3, #4
	lsl	x3, x3, x2
4:	dc	ivac, x0
	add	x0, x0, x3
	cmp	x0, x1
	b.lo	4b
	dsb	sy
	ret

/* Exchange the tables of the upper half. Runs at its physical address, so
 * that no address is ever translated by two tables with different block
 * sizes (break before make). x0 = physical address of the tables.
 */
	.globl	idmap_switch
idmap_switch:
	adrp	x1, empty_l0
	msr	ttbr1_el1, x1
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	msr	ttbr1_el1, x0
	isb
	ret

	.text
	.globl	switch_ttbr1
/* switch_ttbr1(tables, physical address of idmap_switch) */
switch_ttbr1:
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	mrs	x9, daif
	msr	daifset, #0xf
	// The link register must be usable there: return by a virtual address
	// works, since the tables are in place again by then.
	blr	x1
	// No lower half from here on.
	adrp	x1, empty_l0
	adrp	x2, _text
	sub	x1, x1, x2
	adrp	x2, kernel_phys
	add	x2, x2, :lo12:kernel_phys
	ldr	x2, [x2]
	add	x1, x1, x2
	msr	ttbr0_el1, x1
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	msr	daif, x9
	ldp	x29, x30, [sp], #16
	ret

primary_switched:
	msr	tpidr_el1, xzr		// smp_processor_id()
	ldr	x0, =idle_tasks		// current
	msr	sp_el0, x0
	ldr	x0, =vectors
	msr	vbar_el1, x0
	isb
	ldr	x0, =(boot_stack + 0x4000)
	mov	sp, x0
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x21
	mov	x1, x22
	bl	start_kernel
5:	wfi
	b	5b

secondary_switched:
	msr	tpidr_el1, x21
	ldr	x0, =secondary_stack
	ldr	x0, [x0, x21, lsl #3]
	mov	sp, x0
	ldr	x0, =idle_tasks
	ldr	x1, =sizeof_task
	ldr	x1, [x1]
	madd	x0, x21, x1, x0
	msr	sp_el0, x0
	ldr	x0, =vectors
	msr	vbar_el1, x0
	isb
	// No lower half from here on.
	adrp	x1, empty_l0
	adrp	x2, _text
	sub	x1, x1, x2
	ldr	x2, =kernel_phys
	ldr	x2, [x2]
	add	x1, x1, x2
	msr	ttbr0_el1, x1
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x21
	bl	secondary_start
6:	wfi
	b	6b

	.section ".bss.tables", "aw", %nobits
	.balign	4096
	.globl	empty_l0
idmap_l0:	.space	4096
idmap_l1:	.space	4096
idmap_l2:	.space	4096
early_l0:	.space	4096
early_l1:	.space	4096
early_l2:	.space	4096
empty_l0:	.space	4096
