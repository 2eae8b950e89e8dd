// Bare-metal programs for three processors. Processor 0 begins at a label; it starts the others by PSCI. What they
// find out is left in `results` and `reports`, for the test to read. Each ends in WFI with interrupts masked.

	.equ	psci_cpu_off, 0x84000002
	.equ	psci_cpu_on, 0xc4000003
	.equ	psci_affinity_info, 0xc4000004
	.equ	psci_system_off, 0x84000008

	.macro	PSCI function
	ldr	x0, =\function
	hvc	#0
	.endm

	.macro	START number, entry
	mov	x1, #\number
	adr	x2, \entry
	mov	x3, #0
	PSCI	psci_cpu_on
	.endm

// Waits until the word at a label is not zero.
	.macro	AWAIT label
	ldr	x9, =\label
9:	yield
	ldr	x10, [x9]
	cbz	x10, 9b
	.endm

	.macro	SET label, register
	ldr	x9, =\label
	str	\register, [x9]
	.endm

	.text
	.globl _start
_start:
idle:	wfi
	b	idle

// ---- PSCI
// A table of calls {X0, X1, X2, X3} with their result behind; X0 = 0 ends it.
	.globl psci_calls
psci_calls:
	ldr	x20, =call_table
1:	ldp	x0, x1, [x20]
	cbz	x0, idle
	ldp	x2, x3, [x20, #16]
	hvc	#0
	str	x0, [x20, #32]
	add	x20, x20, #40
	b	1b

// Where a processor begins: {X0, MPIDR, CurrentEL, SCTLR, DAIF, CNTVCT, how often} in its report.
	.globl report
report:
	bl	own_report
	stp	x0, x1, [x3]
	mrs	x4, currentel
	mrs	x5, sctlr_el1
	stp	x4, x5, [x3, #16]
	mrs	x6, daif
	mrs	x7, cntvct_el0
	stp	x6, x7, [x3, #32]
	ldr	x8, [x3, #48]
	add	x8, x8, #1
	str	x8, [x3, #48]
	b	idle

own_report:				// X1 = MPIDR, X2 = number, X3 = this processor's report
	mrs	x1, mpidr_el1
	and	x2, x1, #0xff
	ldr	x3, =reports
	add	x3, x3, x2, lsl #6
	ret

	.globl report_and_switch_off
report_and_switch_off:
	bl	own_report
	ldr	x8, [x3, #48]
	add	x8, x8, #1
	str	x8, [x3, #48]
	PSCI	psci_cpu_off
	SET	results, x0		// not reached
	b	idle

// Processor 1 is switched on and waited for until it is off, twice; then processor 0 asks to be switched off.
	.globl off_and_on_again
off_and_on_again:
	mov	x20, #2
1:	START	1, report_and_switch_off
2:	yield
	mov	x1, #1
	mov	x2, #0
	PSCI	psci_affinity_info
	cmp	x0, #1
	b.ne	2b
	subs	x20, x20, #1
	b.ne	1b
	PSCI	psci_cpu_off
	SET	results+8, x0
	b	idle

// What AFFINITY_INFO says of processor 1, over and over.
	.globl ask_for_ever
ask_for_ever:
	mov	x1, #1
	mov	x2, #0
	PSCI	psci_affinity_info
	SET	results, x0
	yield
	b	ask_for_ever

	.globl started_switches_all_off
started_switches_all_off:
	START	2, 1f
	b	.
1:	PSCI	psci_system_off
	b	.

// ---- Exclusives
	.globl contend
contend:
	START	1, contend_here
	START	2, contend_here
contend_here:
	mov	x5, #1000
	ldr	x6, =counter
1:	ldxr	x7, [x6]
	tbz	xzr, #0, 2f		// another block
2:	add	x7, x7, #1
	stxr	w8, x7, [x6]
	cbnz	w8, 1b
	subs	x5, x5, #1
	b.ne	1b
	ldr	x6, =finished
3:	ldxr	x7, [x6]
	add	x7, x7, #1
	stxr	w8, x7, [x6]
	cbnz	w8, 3b
	b	idle

// Processor 1 changes what processor 0 has loaded, and changes it back.
	.globl change_and_change_back
change_and_change_back:
	START	1, 1f
	ldr	x6, =counter
	ldxr	x7, [x6]
	SET	flag1, x6
	AWAIT	flag2
	ldr	x6, =counter
	stxr	w8, x7, [x6]
	SET	results, x8
	b	idle
1:	AWAIT	flag1
	ldr	x6, =counter
	ldr	x7, [x6]
	mov	x8, #99
	str	x8, [x6]
	str	x7, [x6]
	SET	flag2, x6
	b	idle

// ---- Interrupts
gic_on:					// X18 distributor, X19 CPU interface; all SGIs and PPI 11
	mov	x18, #0x08000000
	ldr	x19, =0x08010000
	mov	w2, #1
	str	w2, [x18]
	ldr	w2, =0x0800ffff
	str	w2, [x18, #0x100]
	mov	w2, #0xf0
	str	w2, [x19, #4]
	mov	w2, #1
	str	w2, [x19]
	ret

await_irq:				// X10 = GICC_IAR
1:	wfi
	ldr	w10, [x19, #0xc]
	and	w11, w10, #0x3ff
	cmp	w11, #1023
	b.eq	1b
	str	w10, [x19, #0x10]
	ret

	.globl ping_pong
ping_pong:
	bl	gic_on
	START	1, pong
	mov	x21, #0
1:	bl	await_irq
	ldr	x9, =results
	str	x10, [x9]
	add	x21, x21, #1
	str	x21, [x9, #8]
	ldr	w2, =0x00020005		// SGI 5 to processor 1
	str	w2, [x18, #0xf00]
	b	1b
pong:	bl	gic_on
	mov	x21, #0
1:	ldr	w2, =0x00010003		// SGI 3 to processor 0
	str	w2, [x18, #0xf00]
	bl	await_irq
	ldr	x9, =results
	str	x10, [x9, #16]
	add	x21, x21, #1
	str	x21, [x9, #24]
	cmp	x21, #100
	b.ne	1b
	b	idle

// Each processor's own timer, at a time of its own. Report: {GICC_IAR, deadline, time}.
	.globl own_timers
own_timers:
	START	1, own_timer
	START	2, own_timer
own_timer:
	bl	gic_on
	bl	own_report
	mov	x5, #1000
	madd	x5, x5, x2, x5
	mrs	x6, cntvct_el0
	add	x5, x5, x6
	msr	cntv_cval_el0, x5
	mov	x6, #1
	msr	cntv_ctl_el0, x6
	bl	await_irq
	mrs	x6, cntvct_el0
	stp	x10, x5, [x3]
	str	x6, [x3, #16]
	msr	cntv_ctl_el0, xzr
	b	idle

// All timers fire at one time, twice; each processor that wakes adds its number to the log.
	.globl wake_together
wake_together:
	mrs	x5, cntvct_el0
	add	x5, x5, #4000
	SET	flag1, x5
	START	2, wake_here
	START	1, wake_here
wake_here:
	bl	gic_on
	bl	own_report
	AWAIT	flag1
	mov	x5, x10
	mov	x22, #2
1:	msr	cntv_cval_el0, x5
	mov	x6, #1
	msr	cntv_ctl_el0, x6
	bl	await_irq
	ldr	x6, =log_end
2:	ldxr	x7, [x6]
	add	x8, x7, #1
	stxr	w9, x8, [x6]
	cbnz	w9, 2b
	ldr	x6, =log
	str	x2, [x6, x7, lsl #3]
	msr	cntv_ctl_el0, xzr
	add	x5, x5, #4000
	subs	x22, x22, #1
	b.ne	1b
	b	idle

// ---- Events
	.globl send_event
send_event:
	START	1, await_event
	START	2, await_event
	AWAIT	reports+64
	AWAIT	reports+128
	mov	x5, #30000		// longer than their quanta
1:	subs	x5, x5, #1
	b.ne	1b
	mrs	x6, cntvct_el0
	SET	results, x6
	sev
	b	idle
await_event:
	bl	own_report
	mrs	x5, cntvct_el0
	str	x5, [x3]
	wfe
	mrs	x6, cntvct_el0
	str	x6, [x3, #8]
	b	idle

// WFE behind SEVL, behind SEV, and without either; the time before and behind each in `results`.
	.globl own_events
own_events:
	ldr	x9, =results
	mov	x20, #2			// the second turn is that of code which was translated before
1:	mrs	x5, cntvct_el0
	sevl
	wfe
	mrs	x6, cntvct_el0
	sev
	wfe
	mrs	x7, cntvct_el0
	wfe
	mrs	x8, cntvct_el0
	stp	x5, x6, [x9], #16
	stp	x7, x8, [x9], #16
	subs	x20, x20, #1
	b.ne	1b
	b	idle

// ---- Maintenance
mmu_on:
	ldr	x1, =0x00ff		// MAIR_EL1: 0 Normal, write-back; 1 Device-nGnRnE
	msr	mair_el1, x1
	ldr	x1, =0x200803519	// TCR_EL1: T0SZ 25, inner shareable write-back walks, EPD1, 40 bits
	msr	tcr_el1, x1
	ldr	x1, =tables
	msr	ttbr0_el1, x1
	isb
	mrs	x1, sctlr_el1
	orr	x1, x1, #1
	msr	sctlr_el1, x1
	isb
	ret

	.globl remap
remap:
	bl	mmu_on
	START	1, 1f
	AWAIT	flag1
	ldr	x5, =page_table
	ldr	x6, =new_descriptor
	ldr	x6, [x6]
	str	x6, [x5]
	dsb	ishst
	mov	x7, #(0x80000000 >> 12)
	tlbi	vae1is, x7
	dsb	ish
	SET	flag2, x5
	b	idle
1:	bl	mmu_on
	mov	x20, #0x80000000
	ldr	x7, [x20]
	SET	results, x7
	SET	flag1, x20
	AWAIT	flag2
	ldr	x7, [x20]
	SET	results+8, x7
	b	idle

	.macro	PATCH invalidate:vararg
	START	1, 1f
	AWAIT	flag1
	adr	x5, victim
	ldr	w6, =0xd2800040		// MOV X0, #2
	str	w6, [x5]
	dc	cvau, x5
	dsb	ish
	\invalidate
	dsb	ish
	SET	flag2, x5
	b	idle
1:	bl	victim
	SET	results, x0
	mov	x5, #1
	SET	flag1, x5
	AWAIT	flag2
	isb
	bl	victim
	SET	results+8, x0
	b	idle
	.endm

	.globl patch_by_address
patch_by_address:
	PATCH	ic	ivau, x5
	.globl patch_all
patch_all:
	PATCH	ic	ialluis

	.balign 4096
	.globl victim
victim:	mov	x0, #1
	ret
	.balign 4096

// All run in `victim` until another master replaces it.
	.globl call_for_ever
call_for_ever:
	START	1, 1f
	START	2, 1f
1:	bl	own_report
2:	bl	victim
	str	x0, [x3]
	b	2b

// ---- Semihosting
	.globl exit_of_another
exit_of_another:
	START	1, 1f
	b	idle
1:	ldr	x1, =exit_block
	mov	w0, #0x18
	hlt	#0xf000

// Processor 0 opens the console, processor 1 writes to it.
	.globl write_to_what_another_opened
write_to_what_another_opened:
	mov	w0, #0x01
	ldr	x1, =open_block
	hlt	#0xf000
	SET	write_block, x0
	START	1, 1f
	b	idle
1:	mov	w0, #0x05
	ldr	x1, =write_block
	hlt	#0xf000
	SET	results, x0
	b	idle

	.ltorg
	.data
	.balign 4096
	.globl tables, page_table, new_descriptor
tables:	.space	4096
second_table:
	.globl second_table
	.space	4096
page_table:
	.space	4096
old_page:
	.globl old_page, new_page
	.quad	0x01d
	.balign 4096
new_page:
	.quad	0x4e3
	.balign 4096
new_descriptor:
	.quad	0
	.balign 64
exit_block:
	.quad	0x20026, 7
open_block:
	.quad	console_name, 4, 3
write_block:
	.quad	0, console_text, 5
console_name:
	.asciz	":tt"
console_text:
	.ascii	"hello"
	.balign 64
	.globl flag1, flag2, counter, finished, results, reports, call_table, log, log_end
flag1:	.quad	0
flag2:	.quad	0
	.balign 64
counter:
	.quad	0
	.balign 64
finished:
	.quad	0
	.balign 64
results:
	.space	64
reports:
	.space	64 * 3
log_end:
	.quad	0
log:	.space	8 * 16
call_table:
	.space	40 * 16
