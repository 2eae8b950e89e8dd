// Performance Monitors Extension (IHI 0062 12.1).
#include "smmuvp/smmuv2/register_fields.h"
#include "table_builder.h"

namespace smmuvp::smmuv2 {

namespace {

constexpr std::uint64_t all = 0xffff'ffff;

// 12.2.1, with NIDEN high and SPNIDEN low
std::uint64_t authentication(const Features& f) {
  return f.SES ? PMAUTHSTATUS_SNI.in_word() | PMAUTHSTATUS_NSNI.in_word() | PMAUTHSTATUS_NSNE.in_word()
               : PMAUTHSTATUS_SNI.in_word() | PMAUTHSTATUS_SNE.in_word();
}

}  // namespace

// Set and clear registers are rows of their own: what they do to each other is the device's to do.
void add_monitor_registers(const Features& f, std::vector<RegisterInfo>& table) {
  if (f.counters() == 0) return;
  TableBuilder b(f, table);
  b.at(3 * f.page_bytes());  // 8.2
  const auto array = [&](Reg id, const char* name, std::uint32_t offset, std::uint64_t mask,
                         const char* clause, std::uint32_t count) -> RegisterInfo& {
    RegisterInfo& row = b.rw(id, name, offset, mask, clause);
    row.count = count;
    return row;
  };
  const std::uint64_t ID = low_bits(f.stream_id_bits());
  array(PMEVCNTRn, "PMEVCNTRn", 0x0, all, "IHI 0062 12.2.11", f.counters());
  array(PMEVTYPERn, "PMEVTYPERn", 0x400, 0xf000'ffff, "IHI 0062 12.2.12", f.counters());
  array(PMCGCRn, "PMCGCRn", 0x800,
        PMCGCR_NDX.in_word() | PMCGCR_TCEFCFG.in_word() | PMCGCR_CBAEN.in_word() | PMCGCR_E.in_word(),
        "IHI 0062 12.2.5", f.counter_groups)
      .reset = std::uint64_t{f.CGNC} << PMCGCR_CGNC.low;
  array(PMCGSMRn, "PMCGSMRn", 0xa00, ID << PMCGSMR_MASK.low | ID, "IHI 0062 12.2.6", f.counter_groups);
  const std::uint32_t words = (f.counters() - 1) / 32 + 1;
  array(PMCNTENSETx, "PMCNTENSETn", 0xc00, all, "IHI 0062 12.2.8", words);
  array(PMCNTENCLRx, "PMCNTENCLRn", 0xc20, all, "IHI 0062 12.2.7", words);
  array(PMINTENSETx, "PMINTENSETn", 0xc40, all, "IHI 0062 12.2.14", words);
  array(PMINTENCLRx, "PMINTENCLRn", 0xc60, all, "IHI 0062 12.2.13", words);
  array(PMOVSCLRx, "PMOVSCLRn", 0xc80, all, "IHI 0062 12.2.15", words);
  array(PMOVSSETx, "PMOVSSETn", 0xcc0, all, "IHI 0062 12.2.16", words);
  const std::uint64_t NCG = f.counter_groups - 1U;
  b.ro(PMCFGR, "PMCFGR", 0xe00, "IHI 0062 12.2.4",
       NCG << PMCFGR_NCG.low | std::uint64_t{31} << PMCFGR_SIZE.low | (f.counters() - 1));
  b.rw(PMCR, "PMCR", 0xe04, PMCR_E.in_word(), "IHI 0062 12.2.9");
  b.ro(PMCEID0, "PMCEID0", 0xe20, "IHI 0062 12.2.2",
       PMCEID0_events_00.in_word() | PMCEID0_events_08.in_word() | PMCEID0_events_10.in_word());
  b.ro(PMCEID1, "PMCEID1", 0xe24, "IHI 0062 12.2.3");
  b.ro(PMAUTHSTATUS, "PMAUTHSTATUS", 0xfb8, "IHI 0062 12.2.1", authentication(f));
  b.ro(PMDEVTYPE, "PMDEVTYPE", 0xfcc, "IHI 0062 12.2.10", 5U << PMDEVTYPE_T.low | 6U << PMDEVTYPE_C.low);
}

}  // namespace smmuvp::smmuv2
