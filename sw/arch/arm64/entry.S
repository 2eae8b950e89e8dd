/* SPDX-License-Identifier: MIT */
/* Exception vectors and thread switch. */
#define S_LR		(30 * 8)
#define S_PC		(32 * 8)
#define S_FRAME		(34 * 8)
#define PT_REGS_SIZE	(36 * 8)

	.macro	save_regs, from_overflow=0
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x22, elr_el1
	mrs	x23, spsr_el1
	.if	\from_overflow
	mrs	x21, tpidr_el0
	.else
	add	x21, sp, #PT_REGS_SIZE
	.endif
	stp	x30, x21, [sp, #S_LR]
	stp	x22, x23, [sp, #S_PC]
	stp	x29, x22, [sp, #S_FRAME]
	add	x29, sp, #S_FRAME
	.endm

	.macro	restore_regs
	ldp	x22, x23, [sp, #S_PC]
	msr	elr_el1, x22
	msr	spsr_el1, x23
	ldp	x0, x1, [sp, #0]
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x19, [sp, #144]
	ldp	x20, x21, [sp, #160]
	ldp	x22, x23, [sp, #176]
	ldp	x24, x25, [sp, #192]
	ldp	x26, x27, [sp, #208]
	ldp	x28, x29, [sp, #224]
	ldr	x30, [sp, #S_LR]
	add	sp, sp, #PT_REGS_SIZE
	eret
	.endm

	.macro	vector, label
	.balign	128
	// No register is free yet: sums and differences of sp and x0 keep both.
	sub	sp, sp, #PT_REGS_SIZE
	add	sp, sp, x0
	sub	x0, sp, x0		// sp
	tbnz	x0, #14, 0f		// THREAD_SHIFT
	sub	x0, sp, x0		// x0
	sub	sp, sp, x0
	b	\label
0:	msr	tpidr_el0, x0		// sp
	sub	x0, sp, x0
	msr	tpidrro_el0, x0		// x0
	b	stack_overflow
	.endm

	.macro	bad, label, reason
\label:
	save_regs
	mov	x0, sp
	mov	x1, #\reason
	bl	handle_bad_vector
	.endm

	.text
	.balign	2048
	.globl	vectors
vectors:
	vector	bad_sp0
	vector	bad_sp0
	vector	bad_sp0
	vector	bad_sp0
	vector	el1_sync
	vector	el1_irq
	vector	bad_fiq
	vector	bad_serror
	.rept	8
	vector	bad_lower
	.endr

el1_sync:
	save_regs
	mov	x0, sp
	mrs	x1, esr_el1
	mrs	x2, far_el1
	bl	handle_sync
	restore_regs

el1_irq:
	save_regs
	bl	handle_arch_irq
	restore_regs

	bad	bad_sp0, 0
	bad	bad_fiq, 1
	bad	bad_serror, 2
	bad	bad_lower, 3

stack_overflow:
	// sp is unusable: run on a stack apart, one for each CPU. The bit that
	// tells an overflow is clear in them all.
	mrs	x0, tpidr_el0
	add	x0, x0, #PT_REGS_SIZE
	msr	tpidr_el0, x0
	mrs	x0, tpidr_el1
	and	x0, x0, #7
	lsl	x0, x0, #15
	mov	sp, x0
	ldr	x0, =(overflow_stacks + 0x2000)
	add	sp, sp, x0
	mrs	x0, tpidrro_el0
	sub	sp, sp, #PT_REGS_SIZE
	save_regs from_overflow=1
	mov	x0, sp
	mrs	x1, esr_el1
	mrs	x2, far_el1
	bl	handle_stack_overflow

/* cpu_switch_to(struct task *prev, const struct task *next): each begins with
 * its struct cpu_context.
 */
	.globl	cpu_switch_to
cpu_switch_to:
	stp	x19, x20, [x0, #0]
	stp	x21, x22, [x0, #16]
	stp	x23, x24, [x0, #32]
	stp	x25, x26, [x0, #48]
	stp	x27, x28, [x0, #64]
	mov	x9, sp
	stp	x29, x30, [x0, #80]
	str	x9, [x0, #96]
	ldp	x19, x20, [x1, #0]
	ldp	x21, x22, [x1, #16]
	ldp	x23, x24, [x1, #32]
	ldp	x25, x26, [x1, #48]
	ldp	x27, x28, [x1, #64]
	ldp	x29, x30, [x1, #80]
	ldr	x9, [x1, #96]
	mov	sp, x9
	msr	sp_el0, x1		// current
	ret

/* A new thread starts here: x19 = function, x20 = argument. */
	// The outermost frame: debuggers stop here.
	.cfi_sections .debug_frame
	.globl	thread_start
	.type	thread_start, %function
thread_start:
	.cfi_startproc
	.cfi_undefined x30
	bl	finish_switch
	msr	daifclr, #2
	mov	x0, x20
	blr	x19
	bl	thread_exit
	.cfi_endproc
	.size	thread_start, . - thread_start

	.section ".bss.overflow", "aw", %nobits
	.balign	0x8000
	.globl	overflow_stacks
overflow_stacks:	.space	0x8000 * 8		// NR_CPUS

	// A page that is never mapped, then the stack of start-up and idle.
	.section ".bss.guard", "aw", %nobits
	.balign	0x8000
	.space	4096
	.section ".bss.stack", "aw", %nobits
	.balign	0x8000
	.globl	boot_stack
boot_stack:	.space	0x4000
