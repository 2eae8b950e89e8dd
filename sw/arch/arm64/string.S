/* SPDX-License-Identifier: MIT */
/* Copies, fills and compares in pairs of 64-bit words: on an emulated CPU the
 * number of instructions is what counts.
 */
	.text
	.globl	memcpy
	.globl	memmove
	.globl	memset
	.globl	memcmp

	.balign	64
memmove:
	sub	x3, x0, x1
	cmp	x3, x2
	b.lo	copy_backward
memcpy:
	mov	x3, x0
	cmp	x2, #64
	b.lo	2f
	sub	x2, x2, #64
1:	ldp	x4, x5, [x1]
	ldp	x6, x7, [x1, #16]
	ldp	x8, x9, [x1, #32]
	ldp	x10, x11, [x1, #48]
	add	x1, x1, #64
	stp	x4, x5, [x3]
	stp	x6, x7, [x3, #16]
	stp	x8, x9, [x3, #32]
	stp	x10, x11, [x3, #48]
	add	x3, x3, #64
	subs	x2, x2, #64
	b.hs	1b
	add	x2, x2, #64
2:	cmp	x2, #8
	b.lo	4f
3:	ldr	x4, [x1], #8
	str	x4, [x3], #8
	sub	x2, x2, #8
	cmp	x2, #8
	b.hs	3b
4:	cbz	x2, 6f
5:	ldrb	w4, [x1], #1
	strb	w4, [x3], #1
	subs	x2, x2, #1
	b.ne	5b
6:	ret

// The destination starts inside the source: from the end downwards.
copy_backward:
	add	x3, x0, x2
	add	x1, x1, x2
	cmp	x2, #8
	b.lo	8f
7:	ldr	x4, [x1, #-8]!
	str	x4, [x3, #-8]!
	sub	x2, x2, #8
	cmp	x2, #8
	b.hs	7b
8:	cbz	x2, 10f
9:	ldrb	w4, [x1, #-1]!
	strb	w4, [x3, #-1]!
	subs	x2, x2, #1
	b.ne	9b
10:	ret

	.balign	64
memset:
	mov	x3, x0
	and	x1, x1, #0xff
	orr	x1, x1, x1, lsl #8
	orr	x1, x1, x1, lsl #16
	orr	x1, x1, x1, lsl #32
	cmp	x2, #64
	b.lo	2f
	sub	x2, x2, #64
1:	stp	x1, x1, [x3]
	stp	x1, x1, [x3, #16]
	stp	x1, x1, [x3, #32]
	stp	x1, x1, [x3, #48]
	add	x3, x3, #64
	subs	x2, x2, #64
	b.hs	1b
	add	x2, x2, #64
2:	cmp	x2, #8
	b.lo	4f
3:	str	x1, [x3], #8
	sub	x2, x2, #8
	cmp	x2, #8
	b.hs	3b
4:	cbz	x2, 6f
5:	strb	w1, [x3], #1
	subs	x2, x2, #1
	b.ne	5b
6:	ret

	.balign	64
memcmp:
	cmp	x2, #32
	b.lo	2f
	sub	x2, x2, #32
1:	ldp	x4, x5, [x0]
	ldp	x6, x7, [x1]
	ldp	x8, x9, [x0, #16]
	ldp	x10, x11, [x1, #16]
	cmp	x4, x6
	ccmp	x5, x7, #0, eq
	ccmp	x8, x10, #0, eq
	ccmp	x9, x11, #0, eq
	b.ne	3f			// the byte loop finds where
	add	x0, x0, #32
	add	x1, x1, #32
	subs	x2, x2, #32
	b.hs	1b
3:	add	x2, x2, #32
2:	cbz	x2, 5f
4:	ldrb	w4, [x0], #1
	ldrb	w5, [x1], #1
	subs	w4, w4, w5
	b.ne	6f
	subs	x2, x2, #1
	b.ne	4b
5:	mov	w0, #0
	ret
6:	mov	w0, w4
	ret
