// Which commands a Non-secure Command queue consumes, and what it does at the others (IHI 0070 chapter 4).
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "smmuvp/smmuv3/commands.h"
#include "world.h"

namespace smmuvp::smmuv3 {
namespace {

// ---- what the specification says

enum class Legal : std::uint8_t {
  never,  // Reserved, or of a feature that no SMMU of this model has
  always,
  with_stage1,  // IDR0.S1P
  with_stage2,  // IDR0.S2P
  with_el2,     // IDR0.Hyp, which is of stage 1
  with_stalls,  // IDR0.STALL_MODEL is not 0b01
  with_ats,     // IDR0.ATS
  with_vms,     // IDR3.MPAM, more PARTIDs than 0, and both stages
};
struct Row {
  std::uint8_t opcode;
  Legal legal;
  bool has_SSec;
};
// 4.1.1, and the clause of each command. All other opcodes are Reserved or IMPLEMENTATION DEFINED.
constexpr Row rows[] = {
    {0x01, Legal::always, true},        // 4.2.1 CMD_PREFETCH_CONFIG
    {0x02, Legal::always, true},        // 4.2.2 CMD_PREFETCH_ADDR
    {0x03, Legal::always, true},        // 4.3.1 CMD_CFGI_STE
    {0x04, Legal::always, true},        // 4.3.2 CMD_CFGI_STE_RANGE, 4.3.6 CMD_CFGI_ALL
    {0x05, Legal::with_stage1, true},   // 4.3.3 CMD_CFGI_CD
    {0x06, Legal::with_stage1, true},   // 4.3.4 CMD_CFGI_CD_ALL
    {0x07, Legal::with_vms, true},      // 4.3.5 CMD_CFGI_VMS_PIDM
    {0x10, Legal::with_stage1, false},  // 4.4.2 CMD_TLBI_NH_ALL
    {0x11, Legal::with_stage1, false},  // CMD_TLBI_NH_ASID
    {0x12, Legal::with_stage1, false},  // CMD_TLBI_NH_VA
    {0x13, Legal::with_stage1, false},  // CMD_TLBI_NH_VAA
    {0x20, Legal::with_el2, false},     // CMD_TLBI_EL2_ALL
    {0x21, Legal::with_el2, false},     // CMD_TLBI_EL2_ASID
    {0x22, Legal::with_el2, false},     // CMD_TLBI_EL2_VA
    {0x23, Legal::with_el2, false},     // CMD_TLBI_EL2_VAA
    {0x28, Legal::with_stage2, false},  // 4.4.3.2 CMD_TLBI_S12_VMALL
    {0x2a, Legal::with_stage2, false},  // 4.4.3.1 CMD_TLBI_S2_IPA
    {0x30, Legal::always, false},       // 4.4.4.1 CMD_TLBI_NSNH_ALL
    {0x40, Legal::with_ats, false},     // 4.5.1 CMD_ATC_INV
    {0x44, Legal::with_stalls, true},   // 4.7.1 CMD_RESUME
    {0x45, Legal::with_stalls, true},   // 4.7.2 CMD_STALL_TERM
    {0x46, Legal::always, false},       // 4.7.3 CMD_SYNC
};

bool is_legal(std::uint8_t opcode, bool SSec, const Features& f) {
  for (const Row& row : rows) {
    if (row.opcode != opcode) continue;
    if (row.has_SSec && SSec) return false;  // 4.1.6
    switch (row.legal) {
      case Legal::never:
        return false;
      case Legal::always:
        return true;
      case Legal::with_stage1:
        return f.S1P;
      case Legal::with_stage2:
        return f.S2P;
      case Legal::with_el2:
        return f.S1P && f.Hyp;
      case Legal::with_stalls:
        return f.STALL_MODEL != 1;
      case Legal::with_ats:
        return f.ATS;
      case Legal::with_vms:
        return f.MPAM && f.PARTID_MAX != 0 && f.S1P && f.S2P;
    }
  }
  return false;
}

// ---- features

struct Change {
  const char* name;
  void (*make)(Features&);
};
// Every feature, in each value that it is not as by default.
constexpr Change changes[] = {
    {"by default", [](Features&) {}},
    {"S2P", [](Features& f) { f.S2P = f.VMID16 = f.XNX = false; }},
    {"S1P", [](Features& f) { f.S1P = f.HAD = false; }},
    {"TTF 1", [](Features& f) { f.TTF = 1; }},
    {"TTF 3", [](Features& f) { f.TTF = 3; }},
    {"COHACC", [](Features& f) { f.COHACC = false; }},
    {"HTTU 1", [](Features& f) { f.HTTU = 1; }},
    {"HTTU 2", [](Features& f) { f.HTTU = 2; }},
    {"Hyp", [](Features& f) { f.Hyp = true; }},
    {"Hyp without S1P", [](Features& f) { f.S1P = !(f.Hyp = true); }},
    {"ASID16", [](Features& f) { f.ASID16 = false; }},
    {"MSI", [](Features& f) { f.MSI = true; }},
    {"SEV", [](Features& f) { f.SEV = false; }},
    {"ATS", [](Features& f) { f.ATS = true; }},
    {"ATOS", [](Features& f) { f.ATOS = true; }},
    {"VMID16", [](Features& f) { f.VMID16 = false; }},
    {"CD2L", [](Features& f) { f.CD2L = true; }},
    {"TTENDIAN", [](Features& f) { f.TTENDIAN = 2; }},
    {"STALL_MODEL 0", [](Features& f) { f.STALL_MODEL = 0; }},
    {"STALL_MODEL 2", [](Features& f) { f.STALL_MODEL = 2; }},
    {"TERM_MODEL", [](Features& f) { f.TERM_MODEL = true; }},
    {"ST_LEVEL", [](Features& f) { f.ST_LEVEL = 0, f.SIDSIZE = 6; }},
    {"SSIDSIZE", [](Features& f) { f.SSIDSIZE = 20; }},
    {"ATTR_PERMS_OVR", [](Features& f) { f.ATTR_PERMS_OVR = false; }},
    {"ATTR_TYPES_OVR", [](Features& f) { f.ATTR_TYPES_OVR = false; }},
    {"HAD", [](Features& f) { f.HAD = false; }},
    {"XNX", [](Features& f) { f.XNX = false; }},
    {"FWB", [](Features& f) { f.FWB = true; }},
    {"STT", [](Features& f) { f.STT = true; }},
    {"RIL", [](Features& f) { f.RIL = true; }},
    {"BBML", [](Features& f) { f.BBML = 2; }},
    {"E0PD", [](Features& f) { f.E0PD = true; }},
    {"PTWNNC", [](Features& f) { f.PTWNNC = true; }},
    {"EPAN", [](Features& f) { f.EPAN = true; }},
    {"MPAM",
     [](Features& f) {
       f.MPAM = f.RIL = f.FWB = f.Hyp = true;
       f.BBML = 1;
       f.PARTID_MAX = 63;
     }},
    {"MPAM, PMGs alone",
     [](Features& f) {
       f.MPAM = f.RIL = f.FWB = f.Hyp = true;
       f.BBML = 1;
       f.PMG_MAX = 1;
     }},
    {"GRAN16K", [](Features& f) { f.GRAN16K = true; }},
    {"GRAN64K", [](Features& f) { f.GRAN64K = true; }},
    {"DS", [](Features& f) { f.DS = true; }},
    {"VAX", [](Features& f) { f.VAX = 1; }},
    {"OAS", [](Features& f) { f.OAS = 52; }},
    {"STALL_MAX", [](Features& f) { f.STALL_MAX = 8; }},
};

TEST(Opcodes, OfAllThe256ThoseOfTheFeaturesThatAreThereAreLegal) {
  for (const Change& change : changes) {
    for (const Change& other : changes) {
      Features f;
      change.make(f);
      other.make(f);
      for (unsigned n = 0; n < 512; ++n) {
        const auto opcode = static_cast<std::uint8_t>(n);
        const bool SSec = n >= 256;
        const char* why = "";
        const auto error = check_command(Command::decode({opcode | std::uint64_t{SSec} << 10U, 0}), f, why);
        ASSERT_EQ(error == CommandError::CERROR_NONE, is_legal(opcode, SSec, f))
            << opcode_name(opcode) << ", SSec " << SSec << ", " << change.name << ", " << other.name << ": "
            << why;
      }
    }
  }
}

// ---- the queue

// Each opcode alone in the queue: consumed, or the queue stops at it until software has put another into its
// place and has acknowledged the error (4.1.3, 7.1).
void run_all_opcodes(const char* name, const Features& f) {
  World w(f);
  w.start();
  constexpr std::uint32_t mask = (2U << World::log2_cmds) - 1;
  std::uint32_t GERROR = 0;
  for (unsigned n = 0; n < 512; ++n) {
    const auto opcode = static_cast<std::uint8_t>(n);
    const bool SSec = n >= 256;
    const std::string what = std::string(opcode_name(opcode)) + ", SSec " + (SSec ? "1, " : "0, ") + name;
    const std::uint32_t at = n & mask;
    w.command(opcode | std::uint64_t{SSec} << 10U);
    if (is_legal(opcode, SSec, f)) {
      ASSERT_EQ(w.read(0x9c) & mask, (n + 1) & mask) << what;
      ASSERT_EQ(w.read(0x60), GERROR) << what;
      continue;
    }
    GERROR ^= 1U;
    ASSERT_EQ(w.read(0x9c), at | 1U << 24) << what << ": RD at the command, ERR CERROR_ILL";
    ASSERT_EQ(w.read(0x60), GERROR) << what;
    w.memory.write(World::cmdq + 16ULL * (at & (mask >> 1U)), 0x30);
    w.work();
    ASSERT_EQ(w.read(0x9c), at | 1U << 24) << what << ": not acknowledged";
    w.write(0x64, GERROR);
    w.work();
    ASSERT_EQ(w.read(0x9c) & mask, (n + 1) & mask) << what << ": the entry is read again";
  }
}

TEST(Opcodes, StopTheQueueWhereTheyAreIllegalAndAreMendedInPlace) {
  unsigned ran = 0;
  for (const Change& change : changes) {
    Features f;
    change.make(f);
    if (f.problem() != nullptr) continue;  // no SMMU is like this
    run_all_opcodes(change.name, f);
    ++ran;
  }
  EXPECT_GE(ran, 10U);
}

}  // namespace
}  // namespace smmuvp::smmuv3
