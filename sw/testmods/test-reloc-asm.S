/* SPDX-License-Identifier: MIT */
/* One function for each relocation type; each returns what it reaches. */
	.data
	.balign	16
	.globl	reloc_target
reloc_target:
	.byte	0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88
	.quad	0x1122334455667788

	.globl	reloc_abs64, reloc_prel64, reloc_prel32
	.balign	8
reloc_abs64:	.quad	reloc_target + 8
reloc_prel64:	.quad	reloc_target - .
reloc_prel32:	.long	reloc_target - .

	.text
	.macro	func name
	.globl	\name
	.type	\name, %function
\name:
	.endm

	func	reloc_ldst8
	adrp	x0, reloc_target + 1
	ldrb	w0, [x0, :lo12:reloc_target + 1]
	ret
	func	reloc_ldst16
	adrp	x0, reloc_target + 2
	ldrh	w0, [x0, :lo12:reloc_target + 2]
	ret
	func	reloc_ldst32
	adrp	x0, reloc_target + 4
	ldr	w0, [x0, :lo12:reloc_target + 4]
	ret
	func	reloc_ldst64
	adrp	x0, reloc_target + 8
	ldr	x0, [x0, :lo12:reloc_target + 8]
	ret
	func	reloc_add
	adrp	x0, reloc_target + 5
	add	x0, x0, :lo12:reloc_target + 5
	ret
	func	reloc_condbr
	cmp	xzr, xzr
	b.eq	reloc_seven
	mov	x0, #0
	ret
	func	reloc_tstbr
	mov	x0, #8
	tbnz	x0, #3, reloc_seven
	mov	x0, #0
	ret
	func	reloc_jump
	b	reloc_seven
	func	reloc_adr
	adr	x0, reloc_literal
	ldr	x0, [x0]
	ret
	func	reloc_ldlit
	ldr	x0, reloc_literal
	ret

	.section ".text.far", "ax"
	.globl	reloc_seven, reloc_literal
	.type	reloc_seven, %function
reloc_seven:
	mov	x0, #7
	ret
	.balign	8
reloc_literal:	.quad	0xfeedfacecafebeef
