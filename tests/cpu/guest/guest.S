// Bare-metal snippets that the CPU tests run. Each starts at its label and ends in WFI.
// Exceptions go through `vectors`, which log {vector offset, ESR, FAR, ELR, SPSR} at `exception_log` and then
// continue at X28 when that is not zero, else behind the faulting instruction. X24 to X27 are theirs.

// An interrupt line that stays high makes WFI fall through.
.macro END
9:	wfi
	b	9b
.endm

	.text
	.globl _start
_start:
	END

.macro LOG kind
	.balign 128
	mov	x24, #\kind
	b	log_exception
.endm

	.balign 2048
	.globl vectors
vectors:
	LOG 0x000
	LOG 0x080
	LOG 0x100
	LOG 0x180
	LOG 0x200
	LOG 0x280
	LOG 0x300
	LOG 0x380
	LOG 0x400
	LOG 0x480
	LOG 0x500
	LOG 0x580
	LOG 0x600
	LOG 0x680
	LOG 0x700
	LOG 0x780

log_exception:
	adrp	x25, exception_count
	add	x25, x25, :lo12:exception_count
	ldr	x26, [x25]
	add	x27, x26, #1
	str	x27, [x25]
	adrp	x25, exception_log
	add	x25, x25, :lo12:exception_log
	and	x26, x26, #31
	mov	x27, #40
	madd	x25, x26, x27, x25
	mrs	x26, esr_el1
	mrs	x27, far_el1
	stp	x24, x26, [x25]
	mrs	x26, elr_el1
	stp	x27, x26, [x25, #16]
	mrs	x27, spsr_el1
	str	x27, [x25, #32]
	tst	x24, #0x180		// IRQ and FIQ return to where they came from, and mask themselves
	b.ne	2f
	mrs	x27, esr_el1
	lsr	x27, x27, #26
	cmp	x27, #0x15		// SVC: ELR is already behind it
	b.eq	1f
	add	x26, x26, #4
1:	cmp	x28, #0
	csel	x26, x28, x26, ne
	msr	elr_el1, x26
	eret
2:	mrs	x27, spsr_el1
	orr	x27, x27, #0x80
	msr	spsr_el1, x27
	eret

// ---- Stores to [X1] and [X2], around a load from the device [X3]; a block each up to the second
	.globl store_first
store_first:
	str	x0, [x1]
	b	1f
1:	add	x0, x0, #1
	.globl store_second
store_second:
	str	x0, [x2], #8
	ldr	w4, [x3]
	.globl store_third
store_third:
	stp	x0, x4, [x1, #16]
	add	x0, x0, #1
	b	1f
	.globl store_fourth
1:	ldr	x5, [x1]
store_fourth:
	str	x0, [x1]
	END

// ---- Quantum
	.globl tight_loop
tight_loop:
	add	x0, x0, #1
	b	tight_loop

	.globl branch_to_self
branch_to_self:
	b	branch_to_self

	.globl speed_loop		// X0 rounds of a loop with loads, stores and arithmetic on X1
speed_loop:
	mov	x2, #0
1:	ldr	x3, [x1]
	add	x2, x2, x3
	eor	x4, x2, x0
	lsr	x5, x4, #3
	add	x2, x2, x5
	str	x2, [x1, #8]
	ldr	w6, [x1, #12]
	add	x2, x2, x6
	subs	x0, x0, #1
	b.ne	1b
	END

// ---- Hints
// A breakpoint on code that runs, set and removed over and over; ends with what DBGBCR0_EL1 reads in x2.
	.globl set_breakpoints
set_breakpoints:
	adr	x0, 2f
	mov	x1, #0x1e7
	mov	x3, #64
1:	msr	dbgbvr0_el1, x0
	msr	dbgbcr0_el1, x1
	msr	dbgwvr0_el1, x0
	msr	dbgwcr0_el1, x1
	isb
2:	mrs	x2, dbgbcr0_el1
	msr	dbgbcr0_el1, xzr
	isb
	subs	x3, x3, #1
	b.ne	1b
	wfi

	.globl hints
hints:
	wfe
	mov	x0, #1
	yield
	mov	x0, #2
	sev
	sevl
	mov	x0, #3
	wfi
	mov	x0, #4
	END

// ---- Interrupts
	.globl irq_while_running
irq_while_running:
	msr	daifclr, #3
1:	add	x0, x0, #1
	b	1b

	.globl irq_masked_then_unmasked
irq_masked_then_unmasked:
	mov	x1, #1000
1:	subs	x1, x1, #1
	b.ne	1b
	mov	x0, #1
	msr	daifclr, #2
	mov	x0, #2
	nop
	END

	.globl irq_from_store		// a store to X1 raises the interrupt
irq_from_store:
	msr	daifclr, #2
	str	w1, [x1]
	b	1f
1:	mov	x0, #1
	b	2f
2:	mov	x0, #2
	END

// ---- Timers
	.globl timer_wait		// X1 ticks
timer_wait:
	mrs	x2, cntvct_el0
	add	x3, x2, x1
	msr	cntv_cval_el0, x3
	mov	x4, #1
	msr	cntv_ctl_el0, x4
	mrs	x5, cntv_ctl_el0
	msr	daifclr, #2
1:	wfi
	mrs	x6, cntv_ctl_el0
	mrs	x7, cntvct_el0
	END

	.globl timer_spin		// until the interrupt handler masked interrupts
timer_spin:
	mrs	x2, cntpct_el0
	msr	cntp_tval_el0, x1
	mrs	x3, cntp_cval_el0
	mov	x4, #1
	msr	cntp_ctl_el0, x4
	msr	daifclr, #2
1:	mrs	x5, daif
	tbz	x5, #7, 1b
	mrs	x6, cntpct_el0
	mrs	x7, cntp_tval_el0
	mrs	x8, cntfrq_el0
	END

	.globl counter_trap
counter_trap:
	mrs	x0, cntvct_el0
	svc	#1
	b	.

// ---- Firmware
	.globl firmware_hvc		// X20 calls from the table at X21: {x0, x1, x2}, result over x0
firmware_hvc:
	ldp	x0, x1, [x21]
	ldr	x2, [x21, #16]
	hvc	#0
	str	x0, [x21], #24
	subs	x20, x20, #1
	b.ne	firmware_hvc
	END
	.globl firmware_smc
firmware_smc:
	smc	#0
	END
	.globl semihosting
semihosting:
	hlt	#0xf000
	mov	x19, #1
	END

// ---- Aborts
	.globl load_word
load_word:
	ldr	w0, [x1]
	END
	.globl store_word
store_word:
	str	w0, [x1]
	END
	.globl load_exclusive
load_exclusive:
	ldxr	x0, [x1]
	END
	.globl call_x1
call_x1:
	adr	x28, 1f
	br	x1
1:	wfi
	.globl undefined_word
undefined_word:
	.word	0
	END
	.globl read_unknown_register
read_unknown_register:
	mrs	x0, s3_0_c15_c9_7
	END
	.globl read_cycle_counter
read_cycle_counter:
	mrs	x0, pmccntr_el0
	END
	.globl read_id_registers
read_id_registers:
	mrs	x0, midr_el1
	mrs	x1, mpidr_el1
	mrs	x2, id_aa64pfr0_el1
	mrs	x3, id_aa64dfr0_el1
	mrs	x4, id_aa64isar0_el1
	mrs	x5, id_aa64mmfr0_el1
	mrs	x6, ctr_el0
	mrs	x7, dczid_el0
	mrs	x8, cntfrq_el0
	mrs	x9, currentel
	END

// Every addressing form at the address in X1 (X2 is an index of 2, X3 of -8). The tests step through by symbol.
	.globl access_forms, access_forms_end
access_forms:
	ldr	x0, [x1]
	ldr	x0, [x1, #16]
	ldr	x0, [x1, #16]!
	ldr	x0, [x1], #16
	ldur	x0, [x1, #-8]
	ldr	x0, [x1, x2, lsl #3]
	ldr	x0, [x1, w3, sxtw]
	ldp	x0, x4, [x1, #-16]
	ldp	x0, x4, [x1], #16
	ldp	x0, x4, [x1, #32]!
	ldnp	x0, x4, [x1, #16]
	ldpsw	x0, x4, [x1, #8]
	ldrb	w0, [x1, #1]
	ldrh	w0, [x1, #2]
	ldrsw	x0, [x1, #4]
	ldr	q0, [x1, #32]
	ldr	d0, [x1, #8]
	ldr	b0, [x1, #3]
	ldp	q0, q1, [x1, #32]
	ld1	{v0.16b, v1.16b}, [x1]
	ld1	{v0.s}[1], [x1]
	ldxr	x0, [x1]
	ldaxp	x0, x4, [x1]
	ldar	w0, [x1]
	ldtr	x0, [x1, #8]
	str	x0, [x1, #8]
	stp	x0, x4, [x1, #16]!
	str	q0, [x1], #16
	stlr	x0, [x1]
	sturb	w0, [x1, #-1]
	st1	{v0.8b}, [x1]
	prfm	pldl1keep, [x1]
access_forms_end:
	END

	.globl load_literal
load_literal:
	ldr	x0, literal_far
	END
	.set	literal_far, load_literal + 0x40000

	.globl load_unaligned
load_unaligned:
	ldr	x0, [x1]
	END
	.globl store_pair
store_pair:
	stp	x2, x3, [x1]
	END
	.globl load_quad
load_quad:
	ldr	q0, [x1]
	umov	x2, v0.d[0]
	umov	x3, v0.d[1]
	END
	.globl zero_block
zero_block:
	dc	zva, x1
	END
	.globl exclusive_with_a_yield		// X1: address, X2: value, W3: what the store says
exclusive_with_a_yield:
	ldxr	x0, [x1]
	yield
	stxr	w3, x2, [x1]
	END

	.globl exclusive_increment
exclusive_increment:
	ldxr	w0, [x1]
	add	w0, w0, #1
	stxr	w2, w0, [x1]
	END

// ---- EL0
	.globl enter_el0		// at X20, with SP_EL0 = X21
enter_el0:
	msr	elr_el1, x20
	msr	sp_el0, x21
	msr	spsr_el1, xzr
	eret
	.globl el0_program		// X1 an address that EL0 may not read
el0_program:
	mov	x0, sp
	ldr	x2, [x1]
	svc	#7
	mov	x3, #3
	svc	#8
	b	.
	.globl el0_register
el0_register:
	mrs	x0, cntvct_el0
	svc	#1
	b	.
	.globl el0_wfi
el0_wfi:
	wfi
	svc	#1
	b	.
	.globl el0_semihosting
el0_semihosting:
	hlt	#0xf000
	svc	#1
	b	.

// ---- Memory and translations
	.globl copy_words		// X2 words from X0 to X1
copy_words:
	ldr	w3, [x0], #4
	str	w3, [x1], #4
	subs	x2, x2, #1
	b.ne	copy_words
	END
	.globl call_twice		// calls X1, then writes the word X2 there, and calls again
call_twice:
	blr	x1
	mov	x10, x0
	str	w2, [x3]
	dc	cvau, x3
	dsb	ish
	ic	ivau, x1
	dsb	ish
	isb
	blr	x1
	mov	x11, x0
	END
	.globl store_call_store_call	// words X2, then X3, at X1
store_call_store_call:
	str	w2, [x1]
	str	w2, [x1]
	str	w2, [x1]
	ic	ivau, x1
	dsb	ish
	isb
	blr	x1
	mov	x10, x0
	str	w3, [x1]
	ic	ivau, x1
	dsb	ish
	isb
	blr	x1
	mov	x11, x0
	END
	.globl call_once
call_once:
	blr	x1
	mov	x10, x0
	END
	.globl flush_and_load
flush_and_load:
	tlbi	vmalle1
	dsb	sy
	isb
	ldr	x0, [x1]
	END
	.globl load_double
load_double:
	ldr	x0, [x1]
	END
	.globl store_double
store_double:
	str	x0, [x1]
	END
	.globl return_42
return_42:
	mov	x0, #42
	ret

	.data
	.balign 64
	.globl exception_count, exception_log
exception_count:
	.quad	0
	.balign 64
exception_log:
	.space	32 * 40
