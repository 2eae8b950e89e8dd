// SPDX-License-Identifier: MIT
/* Packets of the command processor (docs/adreno.md, "Packets"). */

#include "msm-pm4.h"

#define TYPE4			(4u << 28)
#define TYPE4_REG_SHIFT		8
#define TYPE4_REG_MASK		0x3ffffu
#define TYPE4_REG_PARITY	27
#define TYPE4_COUNT_MASK	0x7fu
#define TYPE4_COUNT_PARITY	7
#define TYPE7			(7u << 28)
#define TYPE7_OPCODE_SHIFT	16
#define TYPE7_OPCODE_MASK	0x7fu
#define TYPE7_OPCODE_PARITY	23
#define TYPE7_COUNT_MASK	0x3fffu
#define TYPE7_COUNT_PARITY	15

#define WAIT_POLL_MEMORY	(1u << 4)
#define WAIT_CYCLES		256
#define MEM_TO_MEM_DOUBLE	(1u << 29)
#define REG_TO_MEM_COUNT_SHIFT	18
/* Words 0 to 31 of an address, and 32 to 47 beside a tag. */
#define TABLE_ASID_SHIFT	16

/**
 * msm_stream_init - write packets to a buffer from its start
 * @s: the stream
 * @words: the buffer
 * @size: words of it
 */
void msm_stream_init(struct msm_stream *s, volatile u32 *words, u32 size)
{
	s->words = words;
	s->size = size;
	s->at = 0;
	s->room = size;
	s->overflow = false;
}

/**
 * msm_ring_room - words that a ring takes before it is full
 * @size: words of it
 * @rptr: where the GPU reads; one that is beyond the ring means no room
 * @wptr: where the driver writes
 *
 * A ring whose pointers are equal is empty, so one word stays free.
 */
u32 msm_ring_room(u32 size, u32 rptr, u32 wptr)
{
	if (!size || rptr >= size || wptr >= size)
		return 0;
	return rptr > wptr ? rptr - wptr - 1 : size - 1 - (wptr - rptr);
}

void msm_out(struct msm_stream *s, u32 word)
{
	if (!s->room) {
		s->overflow = true;
		return;
	}
	s->words[s->at] = word;
	s->room--;
	if (++s->at == s->size)
		s->at = 0;
}

/* The bit that makes the number of ones odd. No compiler's helper: there is
 * none to link to.
 */
static u32 odd_parity(u32 value)
{
	u32 parity = 1;

	for (; value; value &= value - 1)
		parity ^= 1;
	return parity;
}

/**
 * msm_type4 - header of a packet that writes registers
 * @reg: word of the first one
 * @count: how many, up to 127
 */
u32 msm_type4(u32 reg, u32 count)
{
	reg &= TYPE4_REG_MASK;
	count &= TYPE4_COUNT_MASK;
	return TYPE4 | odd_parity(reg) << TYPE4_REG_PARITY |
	       reg << TYPE4_REG_SHIFT |
	       odd_parity(count) << TYPE4_COUNT_PARITY | count;
}

/**
 * msm_type7 - header of a packet with an opcode
 * @opcode: enum msm_opcode
 * @count: words that follow, up to 16383
 */
u32 msm_type7(u32 opcode, u32 count)
{
	opcode &= TYPE7_OPCODE_MASK;
	count &= TYPE7_COUNT_MASK;
	return TYPE7 | odd_parity(opcode) << TYPE7_OPCODE_PARITY |
	       opcode << TYPE7_OPCODE_SHIFT |
	       odd_parity(count) << TYPE7_COUNT_PARITY | count;
}

static void out64(struct msm_stream *s, u64 value)
{
	msm_out(s, (u32)value);
	msm_out(s, (u32)(value >> 32));
}

void msm_pkt_reg_write(struct msm_stream *s, u32 reg, u32 value)
{
	msm_out(s, msm_type4(reg, 1));
	msm_out(s, value);
}

void msm_pkt_mem_write(struct msm_stream *s, u64 addr, const u32 *values,
		       u32 count)
{
	u32 i;

	msm_out(s, msm_type7(CP_MEM_WRITE, 2 + count));
	out64(s, addr);
	for (i = 0; i < count; i++)
		msm_out(s, values[i]);
}

void msm_pkt_mem_write1(struct msm_stream *s, u64 addr, u32 value)
{
	msm_pkt_mem_write(s, addr, &value, 1);
}

void msm_pkt_memcpy(struct msm_stream *s, u64 dst, u64 src, u32 words)
{
	msm_out(s, msm_type7(CP_MEMCPY, 5));
	msm_out(s, words);
	out64(s, src);
	out64(s, dst);
}

/* *dst = *a + *b, in 64 bits */
void msm_pkt_add64(struct msm_stream *s, u64 dst, u64 a, u64 b)
{
	msm_out(s, msm_type7(CP_MEM_TO_MEM, 7));
	msm_out(s, MEM_TO_MEM_DOUBLE);
	out64(s, dst);
	out64(s, a);
	out64(s, b);
}

void msm_pkt_reg_to_mem(struct msm_stream *s, u64 addr, u32 reg, u32 count)
{
	msm_out(s, msm_type7(CP_REG_TO_MEM, 3));
	msm_out(s, reg | count << REG_TO_MEM_COUNT_SHIFT);
	out64(s, addr);
}

/* Until (*addr & mask) compares with ref. */
void msm_pkt_wait_mem(struct msm_stream *s, u64 addr, enum msm_compare how,
		      u32 ref, u32 mask)
{
	msm_out(s, msm_type7(CP_WAIT_REG_MEM, 6));
	msm_out(s, (u32)how | WAIT_POLL_MEMORY);
	out64(s, addr);
	msm_out(s, ref);
	msm_out(s, mask);
	msm_out(s, WAIT_CYCLES);
}

void msm_pkt_indirect_buffer(struct msm_stream *s, u64 addr, u32 words)
{
	msm_out(s, msm_type7(CP_INDIRECT_BUFFER, 3));
	out64(s, addr);
	msm_out(s, words);
}

/* When all before is done: the value, and then an interrupt. */
void msm_pkt_fence(struct msm_stream *s, u64 addr, u32 value)
{
	msm_out(s, msm_type7(CP_EVENT_WRITE, 4));
	msm_out(s, EVENT_CACHE_FLUSH_TS | EVENT_IRQ);
	out64(s, addr);
	msm_out(s, value);
}

/**
 * msm_pkt_table_update - turn to the tables of another process
 * @s: the ring: elsewhere the packet is refused
 * @ttbr0: address of the tables, up to 48 bits
 * @asid: their tag
 * @bank: context bank of the GPU
 */
void msm_pkt_table_update(struct msm_stream *s, u64 ttbr0, u32 asid, u32 bank)
{
	msm_out(s, msm_type7(CP_SMMU_TABLE_UPDATE, 4));
	msm_out(s, (u32)ttbr0);
	msm_out(s, (u32)(ttbr0 >> 32 & 0xffff) | asid << TABLE_ASID_SHIFT);
	/* CONTEXTIDR has no use with AArch64 tables. */
	msm_out(s, 0);
	msm_out(s, bank);
}

void msm_pkt_protected_mode(struct msm_stream *s, bool on)
{
	msm_out(s, msm_type7(CP_SET_PROTECTED_MODE, 1));
	msm_out(s, on);
}
