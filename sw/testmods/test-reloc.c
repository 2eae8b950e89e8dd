// SPDX-License-Identifier: MIT
/* Every relocation type that the loader knows, and calls to the kernel. */
#include <kernel.h>
#include <ktap.h>
#include <module.h>

extern u8 reloc_target[];
extern u64 reloc_abs64, reloc_prel64;
extern s32 reloc_prel32;
u64 reloc_ldst8(void);
u64 reloc_ldst16(void);
u64 reloc_ldst32(void);
u64 reloc_ldst64(void);
u64 reloc_add(void);
u64 reloc_condbr(void);
u64 reloc_tstbr(void);
u64 reloc_jump(void);
u64 reloc_adr(void);
u64 reloc_ldlit(void);

static int __init test_reloc_init(void)
{
	u64 t = (u64)reloc_target;

	ktap_plan(14);
	ktap_ok(reloc_abs64 == t + 8, "ABS64");
	ktap_ok((u64)&reloc_prel64 + reloc_prel64 == t, "PREL64");
	ktap_ok((u64)&reloc_prel32 + (u64)(s64)reloc_prel32 == t, "PREL32");
	ktap_ok(reloc_ldst8() == 0x22, "LDST8_ABS_LO12_NC");
	ktap_ok(reloc_ldst16() == 0x4433, "LDST16_ABS_LO12_NC");
	ktap_ok(reloc_ldst32() == 0x88776655, "LDST32_ABS_LO12_NC");
	ktap_ok(reloc_ldst64() == 0x1122334455667788, "LDST64_ABS_LO12_NC");
	ktap_ok(reloc_add() == t + 5, "ADR_PREL_PG_HI21 and ADD_ABS_LO12_NC");
	ktap_ok(reloc_condbr() == 7, "CONDBR19");
	ktap_ok(reloc_tstbr() == 7, "TSTBR14");
	ktap_ok(reloc_jump() == 7, "JUMP26");
	ktap_ok(reloc_adr() == 0xfeedfacecafebeef, "ADR_PREL_LO21");
	ktap_ok(reloc_ldlit() == 0xfeedfacecafebeef, "LD_PREL_LO19");
	ktap_ok(strlen("four") == 4, "CALL26 into the kernel");
	pr_info("test_reloc: %u veneers\n", THIS_MODULE->veneers);
	return 0;
}
module_init(test_reloc_init);

static void __exit test_reloc_exit(void)
{
}
module_exit(test_reloc_exit);

MODULE_LICENSE("Dual MIT/GPL");
