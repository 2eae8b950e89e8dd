/* SPDX-License-Identifier: MIT */
/* Exceptions until a CPU has the kernel's vectors: MMU off, or on by the idmap,
 * no stack, no printk. What happened goes to the host by semihosting, and the
 * run ends with status 2; where nobody serves that, the CPU halts.
 */
#define SYS_WRITE0		0x04
#define SYS_EXIT_EXTENDED	0x20

	.section ".head.vectors", "ax"
	.balign	2048
	.globl	early_vectors
early_vectors:
	.rept	16
	.balign	128
	b	early_exception
	.endr
	.balign	128

early_exception:
	mrs	x27, elr_el1
	adr	x26, semihosting_call
	cmp	x27, x26
	b.ne	1f
	// Nobody serves the HLT: go on behind it.
	add	x27, x27, #4
	msr	elr_el1, x27
	mov	x0, #-1
	eret

1:	msr	tpidr_el0, x30
	adr	x0, esr_digits
	mrs	x1, esr_el1
	bl	put_hex
	adr	x0, elr_digits
	mov	x1, x27
	bl	put_hex
	adr	x0, far_digits
	mrs	x1, far_el1
	bl	put_hex
	adr	x0, text_digits
	adrp	x1, _text
	bl	put_hex
	dsb	sy
	mov	x0, #SYS_WRITE0
	adr	x1, message
	bl	semihosting_call
	mov	x0, #SYS_EXIT_EXTENDED
	adr	x1, exit_block
	bl	semihosting_call
2:	wfi
	b	2b

// x1 as 16 digits at x0. Uses x2 and x3.
put_hex:
	mov	x2, #60
3:	lsr	x3, x1, x2
	and	x3, x3, #0xf
	cmp	x3, #10
	add	x3, x3, #'0'
	b.lo	4f
	add	x3, x3, #('a' - '0' - 10)
4:	strb	w3, [x0], #1
	subs	x2, x2, #4
	b.pl	3b
	ret

/* Written to: with the MMU off by the physical address, and by the idmap, which
 * is writable.
 */
message:
	.ascii	"Kernel panic: exception before the kernel's vectors are set, ESR 0x"
esr_digits:
	.ascii	"................ ELR 0x"
elr_digits:
	.ascii	"................ FAR 0x"
far_digits:
	.ascii	"................ image at 0x"
text_digits:
	.asciz	"................\n"
	.balign	8
exit_block:
	.quad	0x20026			// ADP_Stopped_ApplicationExit
	.quad	2
