// Global Register Spaces 0 and 1, and the SSD address space (IHI 0062 9.1, 10.1, 13.1).
#include "smmuvp/smmuv2/register_fields.h"
#include "table_builder.h"
#include "write_masks.h"

namespace smmuvp::smmuv2 {

namespace {

constexpr AccessSecurity NonSecure = AccessSecurity::NonSecure;
constexpr const char* table_9_1 = "IHI 0062 9.1";
constexpr std::uint32_t alias_distance = 0x400;  // 9.3

struct Translation {
  Reg id, alias;
  const char *name, *alias_name, *clause;
};
constexpr Translation translations[] = {
    {SMMU_sGATS1UR, SMMU_NSGATS1UR, "SMMU_sGATS1UR", "SMMU_NSGATS1UR", "IHI 0062 9.6.7"},
    {SMMU_sGATS1UW, SMMU_NSGATS1UW, "SMMU_sGATS1UW", "SMMU_NSGATS1UW", "IHI 0062 9.6.8"},
    {SMMU_sGATS1PR, SMMU_NSGATS1PR, "SMMU_sGATS1PR", "SMMU_NSGATS1PR", "IHI 0062 9.6.5"},
    {SMMU_sGATS1PW, SMMU_NSGATS1PW, "SMMU_sGATS1PW", "SMMU_NSGATS1PW", "IHI 0062 9.6.6"},
    {SMMU_sGATS12UR, SMMU_NSGATS12UR, "SMMU_sGATS12UR", "SMMU_NSGATS12UR", "IHI 0062 9.6.11"},
    {SMMU_sGATS12UW, SMMU_NSGATS12UW, "SMMU_sGATS12UW", "SMMU_NSGATS12UW", "IHI 0062 9.6.12"},
    {SMMU_sGATS12PR, SMMU_NSGATS12PR, "SMMU_sGATS12PR", "SMMU_NSGATS12PR", "IHI 0062 9.6.9"},
    {SMMU_sGATS12PW, SMMU_NSGATS12PW, "SMMU_sGATS12PW", "SMMU_NSGATS12PW", "IHI 0062 9.6.10"},
};

class GlobalRegisters {
 public:
  GlobalRegisters(const Features& features, std::vector<RegisterInfo>& table)
      : m_f(features), m_table(table), m_b(features, table) {}

  void add() {
    configuration();
    identification();
    faults();
    maintenance();
    translation();
    streams();
    if (m_f.mmu500_registers) debug();
    m_b.at(m_f.page_bytes());
    bank_attributes();
    if (m_f.ssd_index_bits() != 0) security_states();
  }

 private:
  /// The Secure alias of the Non-secure copy of a row that has just been added.
  void alias(Reg id, const char* name, std::uint64_t mask) {
    if (!m_f.SES) return;
    const RegisterInfo shown = m_table.back();
    RegisterInfo& row = m_b.add(id, name, shown.offset + alias_distance, shown.bytes,
                                mask == 0 ? Access::RO : shown.access, mask, "IHI 0062 9.3");
    row.bank = SecurityBank::SecureOnly;
    row.alias_of = shown.id;
    row.alias_copy = AliasCopy::NonSecure;
  }
  void alias(Reg id, const char* name) { alias(id, name, m_table.back().write_mask); }

  void configuration() {
    RegisterInfo& CR0 = m_b.rw(SMMU_sCR0, "SMMU_sCR0", 0x0, mask::sCR0(m_f, NonSecure), "IHI 0062 9.6.3");
    CR0.reset = sCR0_CLIENTPD.in_word();
    const bool SMCFCFG = m_f.SMCFCFG == FixedBit::one || m_f.SMCFCFG == FixedBit::programmable_one;
    if (SMCFCFG) CR0.reset |= sCR0_SMCFCFG.in_word();
    m_b.bank(CR0);
    alias(SMMU_NSCR0, "SMMU_NSCR0");
    RegisterInfo& SCR1 = m_b.rw(SMMU_SCR1, "SMMU_SCR1", 0x4, mask::SCR1(m_f), "IHI 0062 9.6.24");
    SCR1.reset = SCR1_reset(m_f);
    m_b.secure(SCR1);
    m_b.bank(
        m_b.rw(SMMU_sCR2, "SMMU_sCR2", 0x8, 0, "IHI 0062 9.6.4"));  // BPVMID and extensions are not built
    alias(SMMU_NSCR2, "SMMU_NSCR2");
    RegisterInfo& ACR = m_b.rw(SMMU_sACR, "SMMU_sACR", 0x10, mask::sACR(m_f), "IHI 0062 9.6.2");
    if (m_f.mmu500_registers) {
      ACR.reset = sACR_S1WC2EN.in_word() | sACR_S2WC2EN.in_word() | sACR_IPA2PA_CEN.in_word() |
                  sACR_CACHE_LOCK.in_word();
      if (m_f.PAGESIZE) ACR.reset |= sACR_PAGESIZE.in_word();
    }
    m_b.bank(ACR);
    alias(SMMU_NSACR, "SMMU_NSACR");
  }

  void identification() {
    const IdRegisters id = id_registers(m_f);
    constexpr const char* clause = "IHI 0062 9.6.1";
    m_b.ro(SMMU_IDR0, "SMMU_IDR0", 0x20, clause, id.IDR0);
    m_b.ro(SMMU_IDR1, "SMMU_IDR1", 0x24, clause, id.IDR1);
    m_b.ro(SMMU_IDR2, "SMMU_IDR2", 0x28, clause, id.IDR2);
    m_b.ro(SMMU_IDR3, "SMMU_IDR3", 0x2c, clause, id.IDR3);
    m_b.ro(SMMU_IDR4, "SMMU_IDR4", 0x30, clause, id.IDR4);
    m_b.ro(SMMU_IDR5, "SMMU_IDR5", 0x34, clause, id.IDR5);
    m_b.ro(SMMU_IDR6, "SMMU_IDR6", 0x38, clause, id.IDR6);
    m_b.ro(SMMU_IDR7, "SMMU_IDR7", 0x3c, clause, id.IDR7);
    // 0xfd0 to 0xffc: IMPLEMENTATION DEFINED, "for AMBA ID registers" (Table 9-1)
    static constexpr const char* PIDR_names[8] = {"SMMU_PIDR0", "SMMU_PIDR1", "SMMU_PIDR2", "SMMU_PIDR3",
                                                  "SMMU_PIDR4", "SMMU_PIDR5", "SMMU_PIDR6", "SMMU_PIDR7"};
    static constexpr const char* CIDR_names[4] = {"SMMU_CIDR0", "SMMU_CIDR1", "SMMU_CIDR2", "SMMU_CIDR3"};
    for (unsigned i = 0; i < 8; ++i) {
      const std::uint32_t offset = i < 4 ? 0xfe0 + 4 * i : 0xfd0 + 4 * (i - 4);
      m_b.ro(static_cast<Reg>(SMMU_PIDR0 + i), PIDR_names[i], offset, table_9_1, id.PIDR[i]);
    }
    for (unsigned i = 0; i < 4; ++i) {
      m_b.ro(static_cast<Reg>(SMMU_CIDR0 + i), CIDR_names[i], 0xff0 + 4 * i, table_9_1, id.CIDR[i]);
    }
  }

  void faults() {
    m_b.bank(m_b.rw(SMMU_sGFAR, "SMMU_sGFAR", 0x40, mask::sGFAR(m_f), "IHI 0062 9.6.14", 8));
    alias(SMMU_NSGFAR, "SMMU_NSGFAR");
    const std::uint64_t GFSR = mask::sGFSR(m_f, NonSecure);
    m_b.bank(m_b.add(SMMU_sGFSR, "SMMU_sGFSR", 0x48, 4, Access::W1C, GFSR, "IHI 0062 9.6.15"));
    alias(SMMU_NSGFSR, "SMMU_NSGFSR");
    m_b.bank(m_b.wo(SMMU_sGFSRRESTORE, "SMMU_sGFSRRESTORE", 0x4c, "IHI 0062 9.6.16"));
    alias(SMMU_NSGFSRRESTORE, "SMMU_NSGFSRRESTORE");
    m_b.bank(m_b.rw(SMMU_sGFSYNR0, "SMMU_sGFSYNR0", 0x50, mask::sGFSYNR0(m_f, NonSecure), "IHI 0062 9.6.17"));
    alias(SMMU_NSGFSYNR0, "SMMU_NSGFSYNR0");
    const std::uint64_t GFSYNR1 = mask::stream_syndrome(m_f, !m_f.SES);
    m_b.bank(m_b.rw(SMMU_sGFSYNR1, "SMMU_sGFSYNR1", 0x54, GFSYNR1, "IHI 0062 9.6.18"));
    alias(SMMU_NSGFSYNR1, "SMMU_NSGFSYNR1", mask::stream_syndrome(m_f, true));
    m_b.bank(m_b.rw(SMMU_sGFSYNR2, "SMMU_sGFSYNR2", 0x58, 0, "IHI 0062 9.6.19"));  // IMPLEMENTATION DEFINED
    alias(SMMU_NSGFSYNR2, "SMMU_NSGFSYNR2");
  }

  // 9.6.26 to 9.6.36. Operations have no alias but for the synchronisation (9.3).
  void maintenance() {
    const bool v2 = m_f.version != 1;
    m_b.secure(m_b.wo(SMMU_STLBIALL, "SMMU_STLBIALL", 0x60, "IHI 0062 9.6.26"));
    m_b.bank(m_b.wo(SMMU_TLBIVMID, "SMMU_TLBIVMID", 0x64, "IHI 0062 9.6.35"));
    m_b.bank(m_b.wo(SMMU_TLBIALLNSNH, "SMMU_TLBIALLNSNH", 0x68, "IHI 0062 9.6.29"));
    m_b.bank(m_b.wo(SMMU_TLBIALLH, "SMMU_TLBIALLH", 0x6c, "IHI 0062 9.6.28"));
    m_b.bank(m_b.wo(SMMU_sTLBGSYNC, "SMMU_sTLBGSYNC", 0x70, "IHI 0062 9.6.22"));
    alias(SMMU_NSTLBGSYNC, "SMMU_NSTLBGSYNC");
    m_b.bank(m_b.ro(SMMU_sTLBGSTATUS, "SMMU_sTLBGSTATUS", 0x74, "IHI 0062 9.6.21"));
    alias(SMMU_NSTLBGSTATUS, "SMMU_NSTLBGSTATUS");
    m_b.bank(m_b.wo(SMMU_TLBIVAH, "SMMU_TLBIVAH", 0x78, "IHI 0062 9.6.32", m_f.aarch32()));
    m_b.secure(m_b.wo(SMMU_STLBIVALM, "SMMU_STLBIVALM", 0xa0, "IHI 0062 9.6.30", v2, 8));
    m_b.secure(m_b.wo(SMMU_STLBIVAM, "SMMU_STLBIVAM", 0xa8, "IHI 0062 9.6.31", v2, 8));
    m_b.bank(m_b.wo(SMMU_TLBIVALH64, "SMMU_TLBIVALH64", 0xb0, "IHI 0062 9.6.34", v2, 8));
    m_b.bank(m_b.wo(SMMU_TLBIVMIDS1, "SMMU_TLBIVMIDS1", 0xb8, "IHI 0062 9.6.36", v2));
    m_b.secure(m_b.wo(SMMU_STLBIALLM, "SMMU_STLBIALLM", 0xbc, "IHI 0062 9.6.27", v2));
    m_b.bank(m_b.wo(SMMU_TLBIVAH64, "SMMU_TLBIVAH64", 0xc0, "IHI 0062 9.6.33", v2, 8));
  }

  // 9.6.5 to 9.6.13, 9.6.20
  void translation() {
    const bool there = m_f.address_translation_operations();
    std::uint32_t offset = 0x100;
    for (const Translation& t : translations) {
      m_b.bank(m_b.wo(t.id, t.name, offset, t.clause, there, m_f.version == 1 ? 4 : 8));
      alias(t.alias, t.alias_name);
      offset += 8;
    }
    m_b.bank(m_b.rw(SMMU_sGPAR, "SMMU_sGPAR", 0x180, mask::PAR(m_f), "IHI 0062 9.6.20", 8));
    alias(SMMU_NSGPAR, "SMMU_NSGPAR");
    m_b.bank(m_b.ro(SMMU_sGATSR, "SMMU_sGATSR", 0x188, "IHI 0062 9.6.13"));
    alias(SMMU_NSGATSR, "SMMU_NSGATSR");
  }

  void streams() {
    if (m_f.stream_groups() == 0) return;
    m_b.rw(SMMU_SMRn, "SMMU_SMRn", 0x800, mask::SMR(m_f), "IHI 0062 9.6.25").count = m_f.stream_groups();
    m_b.rw(SMMU_S2CRn, "SMMU_S2CRn", 0xc00, mask::S2CR(m_f), "IHI 0062 9.6.23").count = m_f.stream_groups();
  }

  // Entries of TLBs and caches, by a pointer; there is nothing behind them.
  void debug() {
    constexpr const char* clause = "ARM DDI 0517 3.5.2";
    m_b.rw(SMMU_DBGRPTRTBU, "SMMU_DBGRPTRTBU", 0x80, 0xffff'ffff, clause);
    m_b.ro(SMMU_DBGRDATATBU, "SMMU_DBGRDATATBU", 0x84, clause);
    m_b.rw(SMMU_DBGRPTRTCU, "SMMU_DBGRPTRTCU", 0x88, 0xffff'ffff, clause);
    m_b.ro(SMMU_DBGRDATATCU, "SMMU_DBGRDATATCU", 0x8c, clause);
  }

  void bank_attributes() {
    if (m_f.NUMCB == 0) return;
    RegisterInfo& CBAR = m_b.rw(SMMU_CBARn, "SMMU_CBARn", 0x0, mask::CBAR(m_f), "IHI 0062 10.2.1");
    CBAR.count = m_f.NUMCB;
    const std::uint64_t stage1 = std::uint64_t{1} << CBAR_TYPE.low;
    const std::uint64_t stage1_fault = std::uint64_t{2} << CBAR_TYPE.low;
    if (m_f.CBFIXED && !m_f.S2TS) CBAR.reset = stage1;
    // MMU-500: a bank that nobody has set up faults.
    if (m_f.mmu500_registers && (CBAR.write_mask & CBAR_TYPE.in_word()) != 0) CBAR.reset = stage1_fault;
    RegisterInfo& CBFRSYNRA = m_b.rw(SMMU_CBFRSYNRAn, "SMMU_CBFRSYNRAn", 0x400,
                                     mask::stream_syndrome(m_f, true), "IHI 0062 10.2.3");
    CBFRSYNRA.count = m_f.NUMCB;
    RegisterInfo& CBA2R = m_b.rw(SMMU_CBA2Rn, "SMMU_CBA2Rn", 0x800, mask::CBA2R(m_f), "IHI 0062 10.2.2");
    CBA2R.count = m_f.NUMCB;
    if (!m_f.aarch32()) CBA2R.reset = CBA2R_VA64.in_word();
  }

  // 13.1: a bit for each SSD_Index, 1 if it is Non-secure
  void security_states() {
    m_b.at(4 * m_f.page_bytes());
    const unsigned bits = m_f.ssd_index_bits();
    const std::uint64_t mask = bits < 5 ? low_bits(1U << bits) : 0xffff'ffff;
    RegisterInfo& SSDR = m_b.rw(SMMU_SSDRn, "SMMU_SSDRn", 0x0, mask, "IHI 0062 13.1");
    SSDR.count = bits < 5 ? 1 : 1U << (bits - 5);
    if (m_f.SSDR_non_secure) SSDR.reset = mask;
    m_b.secure(SSDR);
  }

  const Features& m_f;
  std::vector<RegisterInfo>& m_table;
  TableBuilder m_b;
};

}  // namespace

void add_global_registers(const Features& features, std::vector<RegisterInfo>& table) {
  GlobalRegisters(features, table).add();
}

}  // namespace smmuvp::smmuv2
