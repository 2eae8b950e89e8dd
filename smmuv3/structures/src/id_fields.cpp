#include "smmuvp/smmuv3/id_fields.h"

#include <algorithm>
#include <cctype>

namespace smmuvp::smmuv3 {

namespace {

constexpr unsigned oas_bits[] = {32, 36, 40, 42, 44, 48, 52};

#define SMMUVP_SET(member) [](Features& f, std::uint32_t v) { f.member = static_cast<decltype(f.member)>(v); }

std::vector<IdField> make_fields() {
  std::vector<IdField> fields;
  std::uint32_t IdRegisters::*reg = &IdRegisters::IDR0;
  const char* register_name = "IDR0";
  const auto add = [&](const char* name, unsigned high, unsigned low,
                       void (*set)(Features&, std::uint32_t) = nullptr, std::uint32_t most = 1) {
    fields.push_back({reg, register_name, name, static_cast<std::uint8_t>(high),
                      static_cast<std::uint8_t>(low), set, most});
  };
  add("RME_IMPL", 30, 30);
  add("ST_LEVEL", 28, 27, SMMUVP_SET(ST_LEVEL));
  add("TERM_MODEL", 26, 26, SMMUVP_SET(TERM_MODEL));
  add("STALL_MODEL", 25, 24, SMMUVP_SET(STALL_MODEL), 2);
  add("ATSRECERR", 23, 23, SMMUVP_SET(ATSRECERR));
  add("TTENDIAN", 22, 21, SMMUVP_SET(TTENDIAN), 3);
  add("VATOS", 20, 20, SMMUVP_SET(VATOS));
  add("CD2L", 19, 19, SMMUVP_SET(CD2L));
  add("VMID16", 18, 18, SMMUVP_SET(VMID16));
  add("VMW", 17, 17, SMMUVP_SET(VMW));
  add("PRI", 16, 16, SMMUVP_SET(PRI));
  add("ATOS", 15, 15, SMMUVP_SET(ATOS));
  add("SEV", 14, 14, SMMUVP_SET(SEV));
  add("MSI", 13, 13, SMMUVP_SET(MSI));
  add("ASID16", 12, 12, SMMUVP_SET(ASID16));
  add("NS1ATS", 11, 11, SMMUVP_SET(NS1ATS));
  add("ATS", 10, 10, SMMUVP_SET(ATS));
  add("Hyp", 9, 9, SMMUVP_SET(Hyp));
  add("DORMHINT", 8, 8);
  add("HTTU", 7, 6, SMMUVP_SET(HTTU), 2);
  add("BTM", 5, 5, SMMUVP_SET(BTM));
  add("COHACC", 4, 4, SMMUVP_SET(COHACC));
  add("TTF", 3, 2, SMMUVP_SET(TTF), 3);
  add("S1P", 1, 1, SMMUVP_SET(S1P));
  add("S2P", 0, 0, SMMUVP_SET(S2P));
  reg = &IdRegisters::IDR1;
  register_name = "IDR1";
  add("ECMDQ", 31, 31, SMMUVP_SET(ecmdq.ECMDQ));
  add("TABLES_PRESET", 30, 30);
  add("QUEUES_PRESET", 29, 29);
  add("REL", 28, 28);
  add("ATTR_TYPES_OVR", 27, 27, SMMUVP_SET(ATTR_TYPES_OVR));
  add("ATTR_PERMS_OVR", 26, 26, SMMUVP_SET(ATTR_PERMS_OVR));
  add("CMDQS", 25, 21, SMMUVP_SET(CMDQS), 19);
  add("EVENTQS", 20, 16, SMMUVP_SET(EVENTQS), 19);
  add("PRIQS", 15, 11, SMMUVP_SET(PRIQS), 19);
  add("SSIDSIZE", 10, 6, SMMUVP_SET(SSIDSIZE), 20);
  add("SIDSIZE", 5, 0, SMMUVP_SET(SIDSIZE), 32);
  reg = &IdRegisters::IDR3;
  register_name = "IDR3";
  add("AIE", 23, 23);
  add("MTEPERM", 22, 22);
  add("THE", 21, 21);
  add("S2PO", 20, 20);
  add("S2PI", 19, 19);
  add("S1PI", 18, 18);
  add("EPAN", 17, 17, SMMUVP_SET(EPAN));
  add("PASIDTT", 16, 16, SMMUVP_SET(PASIDTT));
  add("DPT", 15, 15);
  add("PTWNNC", 14, 14, SMMUVP_SET(PTWNNC));
  add("E0PD", 13, 13, SMMUVP_SET(E0PD));
  add("BBML", 12, 11, SMMUVP_SET(BBML), 2);
  add("RIL", 10, 10, SMMUVP_SET(RIL));
  add("STT", 9, 9, SMMUVP_SET(STT));
  add("FWB", 8, 8, SMMUVP_SET(FWB));
  add("MPAM", 7, 7, SMMUVP_SET(MPAM));
  add("PPS", 5, 5, SMMUVP_SET(PPS));
  add("XNX", 4, 4, SMMUVP_SET(XNX));
  add("PBHA", 3, 3, SMMUVP_SET(PBHA));
  add("HAD", 2, 2, SMMUVP_SET(HAD));
  reg = &IdRegisters::IDR5;
  register_name = "IDR5";
  add("STALL_MAX", 31, 16, SMMUVP_SET(STALL_MAX), 0xffff);
  add("VAX", 11, 10, SMMUVP_SET(VAX));
  add("D128", 8, 8);
  add("DS", 7, 7, SMMUVP_SET(DS));
  add("GRAN64K", 6, 6, SMMUVP_SET(GRAN64K));
  add("GRAN16K", 5, 5, SMMUVP_SET(GRAN16K));
  add("GRAN4K", 4, 4, SMMUVP_SET(GRAN4K));
  add(
      "OAS", 2, 0, [](Features& f, std::uint32_t v) { f.OAS = static_cast<std::uint8_t>(oas_bits[v]); }, 6);
  reg = &IdRegisters::S_IDR0;
  register_name = "S_IDR0";
  add("S_ECMDQ", 31, 31, SMMUVP_SET(s_ecmdq.ECMDQ));
  reg = &IdRegisters::S_IDR1;
  register_name = "S_IDR1";
  add("SECURE_IMPL", 31, 31, SMMUVP_SET(SECURE_IMPL));
  add("SEL2", 29, 29, SMMUVP_SET(SEL2));
  add("S_SIDSIZE", 5, 0, SMMUVP_SET(S_SIDSIZE), 32);
  reg = &IdRegisters::MPAMIDR;
  register_name = "MPAMIDR";
  add("PMG_MAX", 23, 16, SMMUVP_SET(PMG_MAX), 0xff);
  add("PARTID_MAX", 15, 0, SMMUVP_SET(PARTID_MAX), 0xffff);
  reg = &IdRegisters::S_MPAMIDR;
  register_name = "S_MPAMIDR";
  add("HAS_MPAM_NS", 25, 25, SMMUVP_SET(HAS_MPAM_NS));
  add("S_PMG_MAX", 23, 16, SMMUVP_SET(S_PMG_MAX), 0xff);
  add("S_PARTID_MAX", 15, 0, SMMUVP_SET(S_PARTID_MAX), 0xffff);
  return fields;
}
#undef SMMUVP_SET

IdRegisters words(std::uint32_t IDR0, std::uint32_t IDR1, std::uint32_t IDR3, std::uint32_t IDR5,
                  std::uint32_t IIDR, std::uint32_t AIDR, std::uint32_t S_IDR1 = 0) {
  IdRegisters id;
  id.IDR0 = IDR0;
  id.IDR1 = IDR1;
  id.IDR3 = IDR3;
  id.IDR5 = IDR5;
  id.IIDR = IIDR;
  id.AIDR = AIDR;
  id.S_IDR1 = S_IDR1;
  return id;
}

// The largest value of each field that has a parameter; 0 where that means more: what stalls or does not,
// both endiannesses, RAZ/WI too, split-stage ATS. VATOS and ECMDQ would make the register window longer than
// platforms have room for.
IdRegisters everything() {
  IdRegisters id;
  for (const IdField& field : id_fields()) {
    const std::string name = field.name;
    const bool less = name == "TERM_MODEL" || name == "STALL_MODEL" || name == "TTENDIAN" ||
                      name == "NS1ATS" || name == "VATOS" || name == "ECMDQ" || name == "S_ECMDQ";
    if (field.set == nullptr || less) continue;
    id.*field.reg |= field.most << field.low;
  }
  return id;
}

// Whether `text` has the word.
bool names(const std::string& text, const std::string& word) {
  const auto in_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !in_word(text[at - 1])) && (end == text.size() || !in_word(text[end]))) return true;
  }
  return false;
}

// A combination may need what was left out: all that problem() names goes back to its default, until it is
// legal.
void make_legal(Features& features) {
  const IdRegisters defaults = id_registers(Features{});
  for (std::size_t tries = 0; tries <= id_fields().size(); ++tries) {
    const char* problem = features.problem();
    if (problem == nullptr) return;
    for (const IdField& field : id_fields()) {
      if (field.set != nullptr && names(problem, field.name)) field.set(features, field.get(defaults));
    }
  }
}

}  // namespace

const std::vector<IdField>& id_fields() {
  static const std::vector<IdField> fields = make_fields();
  return fields;
}

const std::vector<Personality>& personalities() {
  static const std::vector<Personality> all = {
      {"arm-mmu-600",
       "reset values of the SMMU of Intel's Agilex 5 (HPS register map, smmu_tcu Address Map), an MMU-600 "
       "r2p2",
       words(0x080f7e3f, 0x0e739d18, 0x0000003c, 0x00400075, 0x4832243b, 1, 0x80000018)},
      {"intel-npu",
       "what Linux expects of the SMMU of Intel's NPUs (drivers/accel/ivpu/ivpu_mmu.c, IVPU_MMU_IDRn_REF)",
       words(0x080f3e0f, 0x0e739d18, 0x0000003c, 0x00040070, 0, 1), true, false},
      // One stage, one granule, little-endian tables, no substreams, queues of one entry: SMMUv3.0.
      {"minimal", "the least that IHI 0070 permits: stage 1 alone, one stream, one granule",
       words(1U << 26 | 1U << 24 | 2U << 21 | 2U << 2 | 1U << 1, 0, 0, 1U << 4, 0, 0)},
      {"maximal", "everything that is built, but for VATOS and ECMDQ, which make the register window longer",
       everything(), false, false},
  };
  return all;
}

const Personality* find_personality(const std::string& name) {
  for (const Personality& p : personalities()) {
    if (name == p.name) return &p;
  }
  return nullptr;
}

std::optional<std::uint32_t> built_value(const IdField& field, std::uint32_t wanted) {
  if (field.set == nullptr) return wanted == 0 ? std::optional<std::uint32_t>(0) : std::nullopt;
  return std::min(wanted, field.most);
}

Features features_of(const Personality& personality) {
  Features features;
  for (const IdField& field : id_fields()) {
    if (field.set == nullptr) continue;
    if (const auto value = built_value(field, field.get(personality.id))) field.set(features, *value);
  }
  features.IIDR = personality.id.IIDR;
  make_legal(features);
  return features;
}

std::vector<IdDifference> id_differences(const IdRegisters& wanted, const IdRegisters& is) {
  std::vector<IdDifference> all;
  for (const IdField& field : id_fields()) {
    if (field.get(wanted) != field.get(is)) all.push_back({&field, field.get(wanted), field.get(is)});
  }
  return all;
}

std::string to_text(const std::vector<IdDifference>& differences) {
  std::string text;
  for (const IdDifference& d : differences) {
    if (!text.empty()) text += ", ";
    text += std::string(d.field->register_name) + "." + d.field->name + " " + std::to_string(d.is) +
            " instead of " + std::to_string(d.wanted);
  }
  return text;
}

}  // namespace smmuvp::smmuv3
