// The processor starts here at EL1 with interrupts masked, MMU and caches off; X0 is the device tree's address.
	.section .text.start, "ax"
	.globl	_start
_start:
	adrp	x1, vectors
	add	x1, x1, :lo12:vectors
	msr	vbar_el1, x1
	isb
	ldr	x1, =stack_top
	mov	sp, x1
	bl	main
	// PSCI SYSTEM_OFF by HVC (DEN 0022 5.10); the results on the console decide whether the run passes.
	ldr	w0, =0x84000008
	hvc	#0
	b	.

// Any exception is a mistake of this program: say what it was, then end the run.
	.macro vector
	.balign	128
	mrs	x0, esr_el1
	mrs	x1, elr_el1
	mrs	x2, far_el1
	b	failed
	.endm

	.text
	.balign	2048
vectors:
	.rept	16
	vector
	.endr

failed:
	ldr	x3, =stack_top
	mov	sp, x3
	bl	exception
	// Semihosting SYS_EXIT: reason ADP_Stopped_ApplicationExit with status 1.
	mov	w0, #0x18
	adr	x1, 1f
	hlt	#0xf000
	b	.
	.balign	8
1:	.quad	0x20026, 1
