#include "smmuvp/v3/ste.h"

#include <algorithm>

#include "check_fields.h"
#include "smmuvp/pgtable/attributes.h"
#include "smmuvp/smmu/attributes.h"
#include "smmuvp/v3/register_fields.h"

namespace smmuvp::v3 {

static_assert(well_formed(L1STD_structure) && well_formed(STE_structure));

StreamTable StreamTable::from_registers(std::uint64_t BASE, std::uint32_t CFG, const Features& features) {
  StreamTable t;
  const auto literal = get_as<unsigned>(CFG, STRTAB_BASE_CFG_LOG2SIZE);
  // IHI 0070 6.3.25: the effective size is MIN(LOG2SIZE, IDR1.SIDSIZE).
  t.LOG2SIZE = static_cast<std::uint8_t>(std::min<unsigned>(literal, features.SIDSIZE));
  t.two_level =
      features.ST_LEVEL != 0 && get(CFG, STRTAB_BASE_CFG_FMT) == 1;  // other values behave as linear
  const auto split = get_as<std::uint8_t>(CFG, STRTAB_BASE_CFG_SPLIT);
  t.SPLIT = split == 8 || split == 10 ? split : 6;  // reserved values behave as 6
  // 6.3.24: aligned to the table's size by the literal LOG2SIZE, not the effective one.
  unsigned zero = literal + 6;
  if (t.two_level) {
    const unsigned indexes = literal > t.SPLIT ? literal - t.SPLIT : 0;
    zero = std::max(6U, indexes + 3);
  }
  t.base = get_address(BASE, STRTAB_BASE_ADDR) & ~low_bits(zero);
  return t;
}

std::uint64_t StreamTable::address(std::uint32_t stream_id) const {
  if (two_level) return base + (std::uint64_t{stream_id} >> SPLIT) * L1STD_structure.bytes;
  return base + std::uint64_t{stream_id} * ste_size;
}

bool ste_address(std::uint64_t l1std, const StreamTable& table, std::uint32_t stream_id,
                 std::uint64_t& address) {
  const auto Span = get_as<unsigned>(l1std, L1STD_Span);
  // IHI 0070 7.3.3: zero, reserved or beyond SPLIT + 1.
  if (Span == 0 || Span > 11 || Span > table.SPLIT + 1U) return false;
  const std::uint64_t index = stream_id & low_bits(table.SPLIT);
  if (index >> (Span - 1) != 0) return false;
  // 5.1: L2Ptr[N:0] are treated as 0, N == 5 + (Span - 1).
  address = (get_address(l1std, L1STD_L2Ptr) & ~low_bits(6 + Span - 1)) + index * ste_size;
  return true;
}

Overrides Overrides::from_gbpa(std::uint32_t GBPA, const Features& features) {
  Overrides o;
  if (features.ATTR_TYPES_OVR) {
    o.MemAttr = get_as<std::uint8_t>(GBPA, GBPA_MemAttr);
    o.MTCFG = is_set(GBPA, GBPA_MTCFG);
    o.ALLOCCFG = get_as<std::uint8_t>(GBPA, GBPA_ALLOCCFG);
    o.SHCFG = get_as<std::uint8_t>(GBPA, GBPA_SHCFG);
  }
  if (features.ATTR_PERMS_OVR) {
    o.PRIVCFG = get_as<std::uint8_t>(GBPA, GBPA_PRIVCFG);
    o.INSTCFG = get_as<std::uint8_t>(GBPA, GBPA_INSTCFG);
  }
  return o;
}

bool Overrides::privileged(const smmu::AccessRequest& request) const {
  return PRIVCFG >= 2 ? PRIVCFG == 3 : request.privileged;
}

bool Overrides::instruction(const smmu::AccessRequest& request) const {
  if (request.is_write()) return false;
  return INSTCFG >= 2 ? INSTCFG == 3 : request.instruction;
}

pgtable::Attributes Overrides::attributes(const pgtable::Attributes& incoming) const {
  pgtable::Attributes a = incoming;
  a.memory = pgtable::effective_memory(a.memory);
  if (MTCFG) {
    // 13.1.3: hints of a cacheable level go on; from one without they are RA, WA, not transient.
    a.memory = smmu::with_hints_of(smmu::mair_of_mem_attr(MemAttr), a.memory);
  }
  if ((ALLOCCFG & 8U) != 0) {  // 0b1RWT
    std::uint8_t hints = 0;
    if ((ALLOCCFG & 4U) != 0) hints |= smmu::hint_read_allocate;
    if ((ALLOCCFG & 2U) != 0) hints |= smmu::hint_write_allocate;
    if ((ALLOCCFG & 1U) != 0) hints |= smmu::hint_transient;
    a.memory = smmu::with_hints(a.memory, hints);
  }
  if (SHCFG != 1) a.SH = static_cast<pgtable::Shareability>(SHCFG);
  return pgtable::effective(a);
}

Ste Ste::decode(const std::array<std::uint64_t, 8>& words, const Features& f) {
  Ste s;
  s.words = words;
  // IHI 0070 5.2.2, in its order.
  if (!is_set(words, STE_V)) {
    s.why = "STE.V is 0";
    return s;
  }
  s.Config = get_as<std::uint8_t>(words, STE_Config);
  if (s.aborts()) {
    s.valid = true;
    return s;
  }
  if ((s.Config & 2U) != 0) {
    s.why = "STE.Config enables stage 2, and IDR0.S2P is 0";
    return s;
  }
  // EATS is IGNORED with IDR0.ATS == 0; STRW is RES0 with IDR0.Hyp == 0; S2VMID is IGNORED without stage 2;
  // S1Fmt, S1CDMax and S1DSS are IGNORED with IDR1.SSIDSIZE == 0.
  if (s.stage1()) {
    if (is_set(words, STE_S1STALLD)) {
      s.why = "STE.S1STALLD is 1, and IDR0.STALL_MODEL is 0b01";
      return s;
    }
    s.S1ContextPtr = get_address(words, STE_S1ContextPtr);
    if (s.S1ContextPtr >> f.OAS != 0) {
      s.why = "STE.S1ContextPtr is beyond the output address size";
      return s;
    }
    pgtable::WalkAttributes cacheability;
    cacheability.IRGN = get_as<std::uint8_t>(words, STE_S1CIR);
    cacheability.ORGN = get_as<std::uint8_t>(words, STE_S1COR);
    cacheability.SH = get_as<pgtable::Shareability>(words, STE_S1CSH);
    s.cd_attributes = pgtable::structure_attributes(cacheability, 0b1101);  // 3: Write-Back, no Read-Allocate
  }
  if (f.ATTR_TYPES_OVR) {
    s.overrides.MemAttr = get_as<std::uint8_t>(words, STE_MemAttr);
    s.overrides.MTCFG = is_set(words, STE_MTCFG);
    s.overrides.ALLOCCFG = get_as<std::uint8_t>(words, STE_ALLOCCFG);
    s.overrides.SHCFG = get_as<std::uint8_t>(words, STE_SHCFG);
  }
  if (f.ATTR_PERMS_OVR) {
    s.overrides.PRIVCFG = get_as<std::uint8_t>(words, STE_PRIVCFG);
    s.overrides.INSTCFG = get_as<std::uint8_t>(words, STE_INSTCFG);
  }
  s.valid = true;
  return s;
}

void Ste::visit(Archive& archive) {
  for (std::uint64_t& word : words) archive.value("word", word);
}

}  // namespace smmuvp::v3
