// SPDX-License-Identifier: MIT
/* AArch64 relocations (AAELF64, 5.7). */
#include <bits.h>
#include <errno.h>
#include <string.h>
#include "elf.h"

unsigned int mod_reloc_width(u32 type)
{
	switch (type) {
	case R_AARCH64_ABS64:
	case R_AARCH64_PREL64:
		return 8;
	case R_AARCH64_ABS16:
	case R_AARCH64_PREL16:
		return 2;
	case R_AARCH64_ABS32:
	case R_AARCH64_PREL32:
	case R_AARCH64_LD_PREL_LO19:
	case R_AARCH64_ADR_PREL_LO21:
	case R_AARCH64_ADR_PREL_PG_HI21:
	case R_AARCH64_ADR_PREL_PG_HI21_NC:
	case R_AARCH64_ADD_ABS_LO12_NC:
	case R_AARCH64_LDST8_ABS_LO12_NC:
	case R_AARCH64_LDST16_ABS_LO12_NC:
	case R_AARCH64_LDST32_ABS_LO12_NC:
	case R_AARCH64_LDST64_ABS_LO12_NC:
	case R_AARCH64_LDST128_ABS_LO12_NC:
	case R_AARCH64_TSTBR14:
	case R_AARCH64_CONDBR19:
	case R_AARCH64_JUMP26:
	case R_AARCH64_CALL26:
		return 4;
	default:
		return 0;
	}
}

/* Values of 16 or 32 bits may be meant as signed or as unsigned. */
static int put_data(void *place, u64 v, unsigned int bytes, bool prel)
{
	s64 s = (s64)v;
	unsigned int bits = bytes * 8;

	if (bits < 64) {
		s64 lo = -(s64)BIT(bits - 1);
		s64 hi = prel ? (s64)BIT(bits - 1) : (s64)BIT(bits);

		if (s < lo || s >= hi)
			return -ERANGE;
	}
	memcpy(place, &v, bytes);	/* little-endian */
	return 0;
}

/* A field of @bits at @lsb from bits @bits + @shift - 1 to @shift of @v. */
static int put_insn(void *place, s64 v, unsigned int shift, unsigned int lsb,
		    unsigned int bits, bool check)
{
	u64 mask = BIT(bits) - 1;
	u32 insn;

	if (v & (s64)(BIT(shift) - 1))
		return -EINVAL;
	/* Arithmetic shift. */
	v >>= shift;
	if (check && (v < -(s64)BIT(bits - 1) || v >= (s64)BIT(bits - 1)))
		return -ERANGE;
	memcpy(&insn, place, 4);
	insn &= ~(u32)(mask << lsb);
	insn |= (u32)(((u64)v & mask) << lsb);
	memcpy(place, &insn, 4);
	return 0;
}

/* ADR and ADRP: two low bits at 29, nineteen at 5. */
static int put_adr(void *place, s64 v, bool check)
{
	u32 insn;

	if (check && (v < -(s64)BIT(20) || v >= (s64)BIT(20)))
		return -ERANGE;
	memcpy(&insn, place, 4);
	insn &= ~(3u << 29 | 0x7ffffu << 5);
	insn |= ((u32)v & 3) << 29 | ((u32)(v >> 2) & 0x7ffff) << 5;
	memcpy(place, &insn, 4);
	return 0;
}

int mod_reloc(void *place, u32 type, u64 p, u64 s, s64 a)
{
	u64 sa = s + (u64)a;
	s64 rel = (s64)(sa - p);
	s64 lo12 = (s64)(sa & 0xfff);

	if (mod_reloc_width(type) == 4 && type > R_AARCH64_PREL16 && (p & 3))
		return -EINVAL;
	switch (type) {
	case R_AARCH64_NONE:
		return 0;
	case R_AARCH64_ABS64:
		return put_data(place, sa, 8, false);
	case R_AARCH64_ABS32:
		return put_data(place, sa, 4, false);
	case R_AARCH64_ABS16:
		return put_data(place, sa, 2, false);
	case R_AARCH64_PREL64:
		return put_data(place, (u64)rel, 8, true);
	case R_AARCH64_PREL32:
		return put_data(place, (u64)rel, 4, true);
	case R_AARCH64_PREL16:
		return put_data(place, (u64)rel, 2, true);
	case R_AARCH64_LD_PREL_LO19:
	case R_AARCH64_CONDBR19:
		return put_insn(place, rel, 2, 5, 19, true);
	case R_AARCH64_TSTBR14:
		return put_insn(place, rel, 2, 5, 14, true);
	case R_AARCH64_JUMP26:
	case R_AARCH64_CALL26:
		return put_insn(place, rel, 2, 0, 26, true);
	case R_AARCH64_ADR_PREL_LO21:
		return put_adr(place, rel, true);
	case R_AARCH64_ADR_PREL_PG_HI21:
	case R_AARCH64_ADR_PREL_PG_HI21_NC:
		rel = (s64)((sa & ~0xfffULL) - (p & ~0xfffULL)) >> 12;
		return put_adr(place, rel, type == R_AARCH64_ADR_PREL_PG_HI21);
	case R_AARCH64_ADD_ABS_LO12_NC:
	case R_AARCH64_LDST8_ABS_LO12_NC:
		return put_insn(place, lo12, 0, 10, 12, false);
	case R_AARCH64_LDST16_ABS_LO12_NC:
		return put_insn(place, lo12, 1, 10, 11, false);
	case R_AARCH64_LDST32_ABS_LO12_NC:
		return put_insn(place, lo12, 2, 10, 10, false);
	case R_AARCH64_LDST64_ABS_LO12_NC:
		return put_insn(place, lo12, 3, 10, 9, false);
	case R_AARCH64_LDST128_ABS_LO12_NC:
		return put_insn(place, lo12, 4, 10, 8, false);
	default:
		return -ENOEXEC;
	}
}
