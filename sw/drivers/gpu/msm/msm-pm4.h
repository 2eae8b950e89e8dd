/* SPDX-License-Identifier: MIT */
/*
 * Packets of the command processor, and where they are written: a ring, or a
 * buffer of a process. Needs no kernel.
 */
#ifndef MSM_PM4_H
#define MSM_PM4_H

#include <types.h>

/* Opcodes of type-7 packets (docs/adreno.md, "Packets"). */
enum msm_opcode {
	CP_NOP = 0x10,
	CP_WAIT_MEM_WRITES = 0x12,
	CP_WAIT_FOR_ME = 0x13,
	CP_WAIT_FOR_IDLE = 0x26,
	CP_WAIT_REG_MEM = 0x3c,
	CP_MEM_WRITE = 0x3d,
	CP_REG_TO_MEM = 0x3e,
	CP_INDIRECT_BUFFER = 0x3f,
	CP_MEM_TO_REG = 0x42,
	CP_EVENT_WRITE = 0x46,
	CP_ME_INIT = 0x48,
	CP_SMMU_TABLE_UPDATE = 0x53,
	CP_SET_PROTECTED_MODE = 0x5f,
	CP_WHERE_AM_I = 0x62,
	CP_MEM_TO_MEM = 0x73,
	CP_MEMCPY = 0x75,
};

/* FUNCTION of CP_WAIT_REG_MEM */
enum msm_compare {
	MSM_ALWAYS,
	MSM_LESS,
	MSM_LESS_OR_EQUAL,
	MSM_EQUAL,
	MSM_NOT_EQUAL,
	MSM_GREATER_OR_EQUAL,
	MSM_GREATER,
};

#define EVENT_CACHE_FLUSH_TS	0x04
#define EVENT_IRQ		(1u << 31)

/**
 * struct msm_stream - where packets go
 * @words: memory of @size words
 * @at: the next one; behind the last comes the first
 * @room: words that may still be written
 * @overflow: there were more: what is written is not whole
 */
struct msm_stream {
	volatile u32 *words;
	u32 size;
	u32 at;
	u32 room;
	bool overflow;
};

void msm_stream_init(struct msm_stream *s, volatile u32 *words, u32 size);
u32 msm_ring_room(u32 size, u32 rptr, u32 wptr);

u32 msm_type4(u32 reg, u32 count);
u32 msm_type7(u32 opcode, u32 count);
void msm_out(struct msm_stream *s, u32 word);

/* Whole packets. Addresses are the GPU's. */
void msm_pkt_reg_write(struct msm_stream *s, u32 reg, u32 value);
void msm_pkt_mem_write(struct msm_stream *s, u64 addr, const u32 *values,
		       u32 count);
void msm_pkt_mem_write1(struct msm_stream *s, u64 addr, u32 value);
void msm_pkt_memcpy(struct msm_stream *s, u64 dst, u64 src, u32 words);
void msm_pkt_add64(struct msm_stream *s, u64 dst, u64 a, u64 b);
void msm_pkt_reg_to_mem(struct msm_stream *s, u64 addr, u32 reg, u32 count);
void msm_pkt_wait_mem(struct msm_stream *s, u64 addr, enum msm_compare how,
		      u32 ref, u32 mask);
void msm_pkt_indirect_buffer(struct msm_stream *s, u64 addr, u32 words);
void msm_pkt_fence(struct msm_stream *s, u64 addr, u32 value);
void msm_pkt_table_update(struct msm_stream *s, u64 ttbr0, u32 asid,
			  u32 bank);
void msm_pkt_protected_mode(struct msm_stream *s, bool on);

#endif
